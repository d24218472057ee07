"""What opinions add: the same columns with no opinion, with what sources stated, and with texts read.

python -m benchmarks.opinion_value [--lines N] [--seeds S …] [--json OUT]

The columns were chosen on a port of seed 1, which is therefore not among the seeds judged by default.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks.paired import Gains, compared, pooled
from benchmarks.simulated_port import prepared, row
from features.catalog import MODEL_FEATURES
from features.history import History
from features.history.standing import Standing
from features.instants import DAY
from features.opinions.reading import Reading
from features.records import Opinion
from features.store.database import Store
from models.risk_model import RiskModel
from models.spec import ModelSpec, Target
from training.candidate import Bench, make_candidate
from training.dataset import build_dataset
from training.encode import encode
from training.judge import Scored, read_truth, score_all
from training.period import Period, Span
from training.progress import SILENT
from training.split import split_out_of_time
from training.text_risk import fit_name_risk

RESAMPLES = 1000
NONE = "not measured: no announced bad batch has a failing line among the later ones of so small a port"
INSPECTED_SHARES = (0.05, 0.1, 0.2)
"""Shares of lines that an inspection plan may take: those of the highest scores."""
VIEWS = ("no opinions", "sources alone", "texts read")


def heard(store: Store, view: str) -> History:
    """Count opinions as a view has them: not at all, as their sources filled them in, or as read."""
    if view == "texts read":
        return History.build(store)
    if view == "no opinions":
        return _with(store, lambda _: {})
    return _with(store, lambda sequences: _stated(store, sequences))


def _with(store: Store, read: Any) -> History:
    return History(store, Standing.of(store.changes(), read), read)


def _stated(store: Store, sequences: Sequence[int]) -> dict[int, Reading]:
    """Read nothing: a complaint is what is not praise, and each may tell of a hazard."""
    found = {}
    for start in range(0, len(sequences), 500):
        for revision in store.at_sequences(sequences[start : start + 500]):
            opinion = revision.record
            if isinstance(opinion, Opinion):
                found[revision.sequence] = Reading(
                    complaint=opinion.praise is not True,
                    severity=opinion.severity or 1,
                    injury=1,
                    injured=opinion.injured or 0,
                )
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The later lines of one port as each view scores them, and their bad batches."""

    scored: dict[str, Scored]
    batches: dict[str, tuple[int, bool]]
    """Bad batch of a line, and whether a complaint known before its first line announced it."""


def judge_port(lines: int, seed: int, home: Path) -> Judged:
    """Train one model a view on the same rows, folds and columns; score all later lines."""
    until, judged_from = prepared(lines, seed, home)
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    truth = read_truth(home / "port" / "truth.parquet")
    period = Period.of_days(until)
    dataset = build_dataset(store, Target.NONCONFORMING, period.until)
    folds, name_risk = split_out_of_time(dataset), fit_name_risk(store, Target.NONCONFORMING, period.until)
    scored = {}
    for view in VIEWS:
        history = heard(store, view)
        encoded = encode(dataset, history, MODEL_FEATURES, name_risk=name_risk)
        bench = Bench(dataset, encoded, folds, ModelSpec(threads=1), SILENT)
        model: RiskModel = make_candidate(bench, keep_test=False).model
        scored[view] = score_all(store, history, model, Span.of_days(judged_from, None), truth)
    store.close()
    return Judged(scored, bad_batches(home / "port"))


def bad_batches(port: Path) -> dict[str, tuple[int, bool]]:
    """Read from the truth which lines are of which bad batch, and which of these were announced."""
    told = pq.read_table(port / "truth_opinions.parquet").to_pylist()
    announced = {one["batch_id"] for one in told if one["leads"] and one["batch_bad"]}
    lines = pq.read_table(port / "truth.parquet").to_pylist()
    return {one["id"]: (one["batch_id"], one["batch_id"] in announced) for one in lines if one["batch_bad"]}


def caught(judged: Judged, view: str, share: float) -> dict[int, tuple[float, bool]]:
    """Return, of each announced bad batch, on which day its first line was caught, or its last line's day.

    Caught are lines among the highest scores of the whole span, as many as can be inspected.
    """
    scored = judged.scored[view]
    threshold = np.quantile(scored.probability, 1 - share)
    found: dict[int, tuple[float, bool]] = {}
    order = np.argsort(scored.declared_at, kind="stable")
    for at in order.tolist():
        batch, announced = judged.batches.get(str(scored.ids[at]), (0, False))
        if announced and not found.get(batch, (0.0, False))[1]:
            taken = bool(scored.probability[at] > threshold and scored.positive[at])
            found[batch] = (float(scored.declared_at[at]) / DAY, taken)
    return found


def saved(judged: Sequence[Judged], view: str, share: float) -> list[dict[str, Any]]:
    """Say how many announced bad batches are caught, and how many days earlier than without opinions."""
    days, shares = [], []
    for port in judged:
        with_, without = caught(port, view, share), caught(port, VIEWS[0], share)
        days += [without[batch][0] - with_[batch][0] for batch in with_]
        shares += [(with_[batch][1], without[batch][1]) for batch in with_]
    if not days:
        return [row(f"all ports: days saved a batch, {view}", float("nan"), float("nan"), NONE)]
    drawn = np.random.default_rng(0).integers(0, len(days), (RESAMPLES, len(days)))
    low, high = np.quantile(np.array(days)[drawn].mean(axis=1), (0.025, 0.975))
    note = f"95 % interval [{low:+.2f}, {high:+.2f}] over {len(days)} announced bad batches; peer is nothing"
    both = np.mean(shares, axis=0)
    told = f"of {len(days)} batches; peer: no opinions"
    plan = f"the {share:.0%} of lines scored highest inspected, {view}"
    return [
        row(f"all ports: days saved a batch, {plan}", float(np.mean(days)), 0.0, note),
        row(f"all ports: announced bad batches caught, {plan}", float(both[0]), float(both[1]), told),
    ]


def ranked(judged: Sequence[Judged], view: str) -> dict[str, Any]:
    """Say how high the failing lines of announced bad batches stand among all lines, against no opinions."""
    levels: list[list[float]] = []
    for port in judged:
        of_batch: dict[int, list[int]] = {}
        for at, id in enumerate(port.scored[view].ids):
            batch, announced = port.batches.get(str(id), (0, False))
            if announced and port.scored[view].positive[at]:
                of_batch.setdefault(batch, []).append(at)
        ranks = [_percentiles(port.scored[name].probability) for name in (view, VIEWS[0])]
        levels += [[float(rank[rows].mean()) for rank in ranks] for rows in of_batch.values()]
    name = f"all ports: percentile of announced bad batches' failing lines, {view}"
    if not levels:
        return row(name, float("nan"), float("nan"), NONE)
    both = np.array(levels)
    shifts = both[:, 0] - both[:, 1]
    drawn = np.random.default_rng(0).integers(0, len(shifts), (RESAMPLES, len(shifts)))
    low, high = np.quantile(shifts[drawn].mean(axis=1), (0.025, 0.975))
    found = f"difference {shifts.mean():+.2f}, 95 % interval [{low:+.2f}, {high:+.2f}]"
    ours, without = both.mean(axis=0).tolist()
    return row(name, ours, without, f"{found} over {len(shifts)} batches; peer: no opinions")


def _percentiles(probability: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(probability, kind="stable")) * 100.0 / max(len(probability) - 1, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    gains: Gains = {}
    judged = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in arguments.seeds:
            judged.append(judge_port(arguments.lines, seed, Path(folder) / f"port{seed}"))
            rows += compared(f"port of {arguments.lines:,}, seed {seed}", judged[-1].scored, gains, RESAMPLES)
    rows += pooled(gains)
    rows += [ranked(judged, view) for view in VIEWS[1:]]
    rows += [each for share in INSPECTED_SHARES for view in VIEWS[1:] for each in saved(judged, view, share)]
    for each in rows:
        print(f"{each['benchmark']:70s} {each['ours']:.4f}  {each['peer']:.4f}  {each['note']}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
