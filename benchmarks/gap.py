"""Where the gap between plain LightGBM and the true probability lies: one obstacle removed after the other.

python -m benchmarks.gap [--lines N] [--seed S] [--larger N] [--json OUT]

Each experiment trains as the product does, on records with one obstacle undone, and is judged on the same
later lines with the truth. `--larger` is the size of the port of the experiment with more lines.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import unveiled
from benchmarks.bad_batches import days_rows
from benchmarks.paired import share_closed
from benchmarks.poisoning import Port, bring, make_port
from benchmarks.rows import row, tell
from benchmarks.simulated_port import AIM, plain_scores
from features.frame import build_frame
from features.history import History
from features.lines import Lines
from features.schema import fit_spec
from features.store.database import Store
from models.spec import ModelSpec, Target
from training.candidate import Bench, make_candidate
from training.dataset import build_dataset, first_revisions
from training.encode import encode
from training.errors import TooFewResults
from training.figures import average_precision, resampled_gains
from training.judge import Scored, Truth, lookup, read_truth, score_all
from training.period import Period, Span
from training.progress import SILENT
from training.split import split_out_of_time
from training.text_risk import fit_name_risk

Floats: TypeAlias = NDArray[np.float64]

RESAMPLES = 400
OBSTACLES: dict[str, tuple[unveiled.Unveil, str]] = {
    "missed findings": (unveiled.never_wrong, "recorded results say what the truth says"),
    "late labels": (unveiled.at_once, "recorded results are known a minute after the line"),
    "label bias": (unveiled.drawn_alike, "as many lines inspected, drawn at random, results true"),
    "labels of few": (unveiled.every_line, "every line inspected, results true, as late as recorded ones"),
    "few, biased and late labels": (unveiled.every_line_at_once, "every line inspected, the truth at once"),
}
TAUGHT, BEST_ROUNDS = 100_000, 600
"""Earlier lines, at most, that are taught p_observable itself, and trees."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A port whose store holds no inspection yet, its truth, and the lines of the experiment."""

    port: Port
    truth: Truth
    told: pd.DataFrame
    findings: pd.DataFrame

    @classmethod
    def made(cls, folder: Path, lines: int, seed: int) -> World:
        """Simulate a port and import what is not an inspection's."""
        port = make_port(folder, lines, seed, kinds=("party", "declaration", "opinion"))
        files = folder / "port"
        told = pd.read_parquet(files / "truth.parquet")
        findings = pd.read_parquet(files / "nonconformities.parquet")
        return cls(port, read_truth(files / "truth.parquet"), told, findings)

    @contextmanager
    def store(self, unveil: unveiled.Unveil) -> Iterator[Store]:
        """Yield a store with the inspections of an experiment and the findings of what is inspected in it."""
        looked = unveil(unveiled.PortRecords(self.port.inspections, self.port.lines, self.told))
        line = self.findings.declaration_id
        found = self.findings[line.isna() | line.isin(set(looked.declaration_id))]
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            for name in self.port.folder.glob("customs-risk.db*"):
                shutil.copy(name, home / name.name)
            for kind, frame in (("inspection", looked), ("nonconformity", found)):
                frame.to_parquet(home / f"{kind}.parquet", index=False)
                bring(home, kind, home / f"{kind}.parquet")
            store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
            try:
                yield store
            finally:
                store.close()


def scored(world: World, store: Store) -> Scored:
    """Train on what a store holds, as the product does, and score all later lines."""
    period, history = Period.of_days(world.port.until), History.build(store)
    dataset = build_dataset(store, Target.NONCONFORMING, period.until)
    encoded = encode(dataset, history, name_risk=fit_name_risk(store, Target.NONCONFORMING, period.until))
    bench = Bench(dataset, encoded, split_out_of_time(dataset), ModelSpec(threads=1), SILENT)
    model = make_candidate(bench, keep_test=False).model
    return score_all(store, history, model, Span(period.until, 2**62), world.truth)


def taught_the_best(world: World, store: Store, later: Scored) -> Floats:
    """Score later lines by a booster on our features that was taught p_observable of all earlier lines."""
    ids = sorted(world.port.lines.id[world.port.lines.known_at < world.port.cut])
    history, step = History.build(store), -(-len(ids) // TAUGHT)
    early, late = (first_revisions(store, some) for some in (ids[::step], later.ids.tolist()))
    spec = fit_spec(Lines.of([line.record for line in early]))

    def table(filed: list[Any]) -> Floats:
        instants = np.array([line.as_of for line in filed], dtype=np.int64)
        return build_frame(Lines.of([line.record for line in filed]), history, instants, spec).values

    settings = ModelSpec(threads=1, num_leaves=31, max_depth=8).parameters()
    settings |= {"objective": "cross_entropy", "metric": "none"}
    labels = lookup(world.truth.observable, [line.record.id for line in early])
    fold = lgb.Dataset(table(early), labels, categorical_feature=list(spec.categorical))
    told = lgb.train(settings, fold, BEST_ROUNDS).predict(table(late), num_threads=1)
    return lookup(dict(zip([line.record.id for line in late], told, strict=True)), later.ids)


def run(lines: int, seed: int, larger: int) -> list[dict[str, Any]]:
    """Run every experiment; one row each."""
    with tempfile.TemporaryDirectory() as folder:
        world, where = World.made(Path(folder), lines, seed), f"port of {lines:,}, seed {seed}"
        with world.store(unveiled.as_recorded) as store:
            base, scores = beside(world, store)
            best = taught_the_best(world, store, base)
        rows = levels(where, base.positive, scores)
        told = "our features, taught p_observable of all earlier lines: what they can express"
        rows.append(change(f"{where}: taught p_observable itself", base.positive, best, scores, told))
        for name, (unveil, told) in OBSTACLES.items():
            rows.append(removed(f"{where}: without {name}", world, unveil, (base.positive, scores), told))
    rows += known_traders(where, world.told, base, scores)
    rows += more_lines(larger, seed) if larger else []
    return rows + days_rows(where, world.told, base.ids, scores)


def removed(
    name: str, world: World, unveil: unveiled.Unveil, judged: tuple[np.ndarray, dict[str, Floats]], told: str
) -> dict[str, Any]:
    """Train without an obstacle; where that leaves too few failures to learn from, say so."""
    try:
        with world.store(unveil) as store:
            return change(name, judged[0], scored(world, store).probability, judged[1], told)
    except TooFewResults as error:
        return row(name, None, None, f"{told}; not run: {error}")


def beside(world: World, store: Store) -> tuple[Scored, dict[str, Floats]]:
    """Score later lines by ours, by plain LightGBM and by the truth's two probabilities."""
    base = scored(world, store)
    return base, {
        "ours": base.probability,
        "plain": plain_scores(store, Period.of_days(world.port.until), base.ids),
        "p_observable": lookup(world.truth.observable, base.ids),
        "p_latent": lookup(world.truth.latent, base.ids),
    }


def levels(where: str, positive: np.ndarray, scores: dict[str, Floats]) -> list[dict[str, Any]]:
    """Say how much of the gap from plain to p_latent and to p_observable is closed, and by whom."""
    found = {name: average_precision(positive, score) for name, score in scores.items()}
    counted = f"{int(positive.sum()):,} of {len(positive):,} later lines fail"
    told = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
    gap = f"{where}: share of the gap to"
    best, known = share_closed(positive, scores, ("p_observable", "p_latent"), RESAMPLES)
    whole, of_whole = share_closed(positive, scores, ("ours", "p_latent"), RESAMPLES)
    part, of_part = share_closed(positive, scores, ("ours", "p_observable"), RESAMPLES)
    rest = f"{known}; the rest cannot be known; {told}; {counted}"
    return [
        row(f"{gap} p_latent that p_observable closes", best, None, rest),
        row(f"{gap} p_latent closed", whole, AIM, f"{of_whole}; peer is the aim; {told}"),
        row(f"{gap} p_observable closed", part, None, f"{of_part}; {told}"),
    ]


def change(
    name: str, positive: np.ndarray, score: Floats, scores: dict[str, Floats], told: str
) -> dict[str, Any]:
    """Say what an experiment ranks beside ours, and the share of the whole gap that its difference is."""
    ours, plain, latent = (scores[each] for each in ("ours", "plain", "p_latent"))
    ap = [average_precision(positive, each) for each in (score, ours, latent, plain)]
    low, high = np.quantile(resampled_gains(positive, score, ours, resamples=RESAMPLES), (0.025, 0.975))
    part = (ap[0] - ap[1]) / (ap[2] - ap[3])
    note = f"{ap[0] - ap[1]:+.4f}, 95 % interval [{low:+.4f}, {high:+.4f}], {part:+.0%} of the gap"
    return row(name, ap[0], ap[1], f"{note}; {told}; peer is ours as recorded; gap to p_latent")


def known_traders(
    where: str, told: pd.DataFrame, base: Scored, scores: dict[str, Floats]
) -> list[dict[str, Any]]:
    """Judge the lines of traders first seen 90 days before or earlier alone: no cold start."""
    cold = told.set_index("id").cold_start
    known = ~np.array([cold[id] for id in base.ids], dtype=bool)
    some = {name: score[known] for name, score in scores.items()}
    return levels(f"{where}, known traders' lines alone", base.positive[known], some)


def more_lines(lines: int, seed: int) -> list[dict[str, Any]]:
    """Judge a larger port of the same parameters: other traders, but as many lines of each as time brings."""
    with tempfile.TemporaryDirectory() as folder:
        world = World.made(Path(folder), lines, seed)
        with world.store(unveiled.as_recorded) as store:
            base, scores = beside(world, store)
        return levels(f"port of {lines:,}, seed {seed}", base.positive, scores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--larger", type=int, default=0, help="also a port of so many lines, as recorded")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = run(asked.lines, asked.seed, asked.larger)
    tell(rows, asked.json)


if __name__ == "__main__":
    main()
