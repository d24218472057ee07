"""A simulated port, trained on its first part and judged with the truth on all later lines, inspected or not.

python -m benchmarks.simulated_port [--lines N] [--seed S] [--work FOLDER] [--json OUT]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.calibration_limit import control
from benchmarks.calibration_sample import by_chance
from benchmarks.paired import share_closed
from benchmarks.rows import row, tell
from features.declaration import declared_features
from features.frame import build_frame
from features.history import History
from features.lines import Lines
from features.schema import fit_spec
from features.store.database import Store
from features.terms import FAILED_OUTCOMES, Depth, Outcome
from models.spec import ModelSpec, Target
from training.compare.months import months_of
from training.dataset import build_dataset, first_revisions
from training.evaluate import evaluate
from training.figures import average_precision, calibration_line
from training.judge import Scored, Truth, judge, lookup, read_truth
from training.period import Period, Span
from training.pipeline import Workshop, examined, register
from training.progress import Progress
from training.promote import read_version

KINDS = {
    "party": "parties", "declaration": "declarations", "inspection": "inspections",
    "nonconformity": "nonconformities", "opinion": "opinions",
}  # fmt: skip
TRAINED_SHARE = 0.75
"""Part of the port's days that is trained on."""
PLAIN = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "seed": 1, "deterministic": True,
    "force_row_wise": True, "verbosity": -1,
}  # fmt: skip
PLAIN_ROUNDS = 200
"""LightGBM's defaults but for the learning rate, fixed before anything was measured."""
RESAMPLES = 200
AIM = 0.7
"""The share of the gap to close; of the gap to the true probability `p_observable` itself closes less."""


def run(lines: int, seed: int, work: Path) -> list[dict[str, Any]]:
    """Simulate, import, train and judge; return one row a figure."""
    until, judged_from = prepared(lines, seed, work)
    store = Store.open(f"sqlite:///{work / 'customs-risk.db'}")
    workshop = Workshop(store, work, Progress(sys.stderr))
    period = Period.of_days(until)
    bench, candidate, examination = examined(workshop, ModelSpec(threads=0), period)
    registered = register(workshop, bench, candidate, examination, period)
    model = read_version(work, registered.version)
    truth = read_truth(work / "port" / "truth.parquet")
    report, scored = judge(workshop, model, Span.of_days(judged_from, None), truth)
    plain = plain_scores(store, period, scored.ids)
    rows = compared(scored.positive, {"ours": scored.probability, "plain": plain}, truth, scored.ids)
    trees = ", ".join(f"{m['member']} {m['weight']} x {m['trees']} trees" for m in registered.card["mixture"])
    rows[0]["note"] += f"; {lines:,} lines, seed {seed}, {trees}"
    store.close()
    rows += calibration(report.parts["inspected"].to_dict(), report.to_dict())
    share = share_found(pq.read_table(work / "port" / "inspections.parquet"), truth)
    rows += of_findings("all lines", scored, report.to_dict(), share)
    ways = directions_of(work / "port" / "truth.parquet", scored.ids)
    rows += by_chance(bench, candidate, scored, ways, share)
    told = lookup(truth.observable, scored.ids), lookup(truth.latent, scored.ids)
    rows += control(scored, *told, share)
    return rows + by_month(scored, share)


def prepared(lines: int, seed: int, work: Path, last: dt.date | None = None) -> tuple[dt.date, dt.date]:
    """Simulate and import a port in `work`; return the last day to train on and the first to judge.

    `last` is the port's last day, else that of the simulator's parameters.
    """
    port = work / "port"
    command = [sys.executable, "-m", "customs_risk"]
    simulate = [*command, "simulate", "--lines", str(lines), "--seed", str(seed), "--out", str(port)]
    simulate += [] if last is None else ["--until", last.isoformat()]
    subprocess.run(simulate, check=True, stdout=sys.stderr)
    for kind, name in KINDS.items():
        files = [str(port / f"{name}.parquet"), "--home", str(work)]
        subprocess.run([*command, "import", kind, *files], check=True, stdout=sys.stderr)
    told = json.loads((port / "manifest.json").read_text())
    until = dt.date.fromisoformat(told["until"]) - dt.timedelta(
        days=round(told["days"] * (1 - TRAINED_SHARE))
    )
    return until, until + dt.timedelta(days=1)


def plain_scores(store: Store, period: Period, ids: np.ndarray) -> np.ndarray:
    """Score lines by plain LightGBM on declared fields, codes as its native categories, no identities."""
    learnt = build_dataset(store, Target.NONCONFORMING, period.until)
    spec = fit_spec(learnt.lines, [feature.name for feature in declared_features()])
    later = Lines.of([line.record for line in first_revisions(store, ids)])
    nothing = History.build(store, until_sequence=0)

    def table(lines: Lines) -> np.ndarray:
        return build_frame(lines, nothing, lines["happened_at"], spec).values

    labels = learnt.positive.astype(float)
    fold = lgb.Dataset(table(learnt.lines), labels, categorical_feature=list(spec.categorical))
    scores = lgb.train(PLAIN, fold, PLAIN_ROUNDS).predict(table(later))
    return lookup(dict(zip(later["id"], scores, strict=True)), ids)


def compared(
    positive: np.ndarray, scores: dict[str, np.ndarray], truth: Truth, ids: np.ndarray
) -> list[dict[str, Any]]:
    """Average precision of ours, plain and the truth's own; and the share of the gap that ours closes."""
    scores = scores | {"p_observable": lookup(truth.observable, ids), "p_latent": lookup(truth.latent, ids)}
    found = {name: average_precision(positive, score) for name, score in scores.items()}
    known, told = share_closed(positive, scores, ("ours", "p_observable"), RESAMPLES)
    whole, told_whole = share_closed(positive, scores, ("ours", "p_latent"), RESAMPLES)
    note = f"{int(positive.sum())} of {len(positive)} later lines nonconforming"
    return [
        row("port: average precision, plain LightGBM", found["ours"], found["plain"], note),
        row(
            "port: average precision, p_observable",
            found["ours"],
            found["p_observable"],
            "the best that records allow",
        ),
        row("port: average precision, p_latent", found["ours"], found["p_latent"], "with what is hidden"),
        row("port: share of the gap to p_observable closed", known, None, told),
        row("port: share of the gap to p_latent closed", whole, AIM, f"{told_whole}; peer is the aim"),
    ]


def calibration(inspected: dict[str, Any], every: dict[str, Any]) -> list[dict[str, Any]]:
    """Calibration on the lines drawn at random, on all inspected ones, and on all lines."""
    parts = {
        "random part": inspected.get("random_part"), "inspected lines": inspected, "all lines": every,
    }  # fmt: skip
    return [
        each for where, part in parts.items() if part is not None for each in calibration_rows(where, part)
    ]


def directions_of(truth: Path, ids: np.ndarray) -> list[str]:
    """Return which way each line went, as the truth file says."""
    told = pq.read_table(truth, columns=["id", "direction"])
    ways = dict(zip(told["id"].to_pylist(), told["direction"].to_pylist(), strict=True))
    return [str(ways[id]) for id in ids]


def share_found(inspections: pa.Table, truth: Truth) -> float:
    """Return the share of inspected defective lines whose inspection, of more than papers, found it."""
    depth, outcome, line = (
        np.array(inspections[name].to_pylist(), dtype=object)
        for name in ("depth", "outcome", "declaration_id")
    )
    looked = (depth != str(Depth.DOCUMENT)) & (outcome != str(Outcome.PENDING))
    defective = looked & (lookup(truth.outcome, line) > 0.5)
    failed = np.isin(outcome, [str(each) for each in FAILED_OUTCOMES])
    return float(failed[defective].mean())


def of_findings(where: str, scored: Scored, part: dict[str, Any], share: float) -> list[dict[str, Any]]:
    """Calibration against what inspections would find of the defects, which is what is taught and shown."""
    if part["calibration_slope"] is None:
        return []
    found = (share * scored.positive).astype(np.float64)
    slope, _ = calibration_line(found, scored.probability, np.ones(len(found)))
    top = share * part["observed_over_expected_top_5pct"]
    told = f"inspections find {share:.1%} of the defects"
    return [
        row(f"port: calibration slope of findings, {where}", slope, 1.0, told),
        row(f"port: observed over expected top 5pct of findings, {where}", top, 1.0, told),
    ]


def by_month(scored: Scored, share: float) -> list[dict[str, Any]]:
    """Calibration on all lines of each month alone, of defects and of findings."""
    months, rows = months_of(scored.declared_at), []
    for month in np.unique(months):
        of, where = months == month, f"all lines of {month}"
        some = replace(scored, positive=scored.positive[of], probability=scored.probability[of])
        part = evaluate(some.positive, some.probability).to_dict()
        rows += calibration_rows(where, part) + of_findings(where, some, part, share)
    return rows


def calibration_rows(where: str, part: dict[str, Any]) -> list[dict[str, Any]]:
    """Lay out slope and top 5 % of some lines with their intervals; nothing where they have no meaning."""
    if part["calibration_slope"] is None:
        return []
    return [
        row(
            f"port: {name.replace('_', ' ')}, {where}",
            part[name],
            1.0,
            "95 % interval [{:.2f}, {:.2f}]; {} positives of {}".format(
                *part["intervals"][name], part["positives"], part["rows"]
            ),
        )
        for name in ("calibration_slope", "observed_over_expected_top_5pct")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="keep the home here instead of in a temporary folder")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = run(arguments.lines, arguments.seed, arguments.work or Path(folder))
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
