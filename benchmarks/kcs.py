"""KCS data, trained until the end of 2020 and judged in 2021, beside plain LightGBM on the same rows.

python -m benchmarks.kcs [FOLDER] [--json OUT] [--work FOLDER]
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from benchmarks.data import DATA
from benchmarks.rows import row, tell
from features.instants import start_of_day
from features.schema import fit_spec
from features.store.database import Store
from models.spec import ModelSpec, Target
from training.dataset import Dataset, build_dataset
from training.figures import average_precision, figures, paired_difference
from training.judge import judge
from training.period import Period, Span
from training.pipeline import Workshop, retrain
from training.progress import Progress
from training.promote import read_version

TRAIN_UNTIL, JUDGE_FROM = dt.date(2020, 12, 31), dt.date(2021, 1, 1)
PUBLISHED = {"LightGBM": (0.762, 0.641), "XGBoost": (0.675, 0.579)}
"""Precision at 5 % and 10 % inspected, as the data set's authors report them."""

NATIVE = (
    "hs_code", "hs6", "hs4", "origin", "departure", "preference", "origin_indicator", "office",
    "process_type", "supervision_mode", "purpose", "payment_type", "transport_mode",
)  # fmt: skip
NUMBERS = ("duty_rate", "value_cny", "net_weight_kg")
PLAIN = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "seed": 1, "deterministic": True,
    "force_row_wise": True, "verbosity": -1,
}  # fmt: skip
PLAIN_ROUNDS = 500
"""LightGBM's own defaults but for the learning rate; chosen on 2020 alone."""


def run(folder: Path, work: Path) -> list[dict[str, Any]]:
    """Import both files into `work`, train, judge, and return one row a figure."""
    store = imported(folder, work)
    workshop = Workshop(store, work, Progress(sys.stderr))
    rows = [row for target in Target for row in judged(workshop, target)]
    store.close()
    return rows


def imported(folder: Path, work: Path) -> Store:
    """Import the data with the shipped mapping, through the command as a data scientist would."""
    files = [str(folder / name) for name in ("train.csv.gz", "valid.csv.gz")]
    command = [sys.executable, "-m", "customs_risk", "import", "declaration", *files, "--mapping", "kcs"]
    subprocess.run([*command, "--home", str(work)], check=True, stdout=sys.stderr)
    return Store.open(f"sqlite:///{work / 'customs-risk.db'}")


def judged(workshop: Workshop, target: Target) -> list[dict[str, Any]]:
    """Train and judge one target, beside the plain model on the very same lines."""
    period = Period.of_days(TRAIN_UNTIL)
    registered = retrain(workshop, ModelSpec(target=target), period)
    model = read_version(workshop.home, registered.version)
    report, scored = judge(workshop, model, Span.of_days(JUDGE_FROM, None))
    learnt = build_dataset(workshop.store, target, period.until)
    later = build_dataset(workshop.store, target, Period.of_days(None).until)
    later = later.take(later.lines["happened_at"] >= start_of_day(JUDGE_FROM))
    assert later.lines["id"].tolist() == scored.ids.tolist()
    plain = plain_scores(learnt, later)
    ours, theirs = report["average_precision"], average_precision(scored.positive, plain)
    gain, low, high = paired_difference(scored.positive, scored.probability, plain)
    counted = f"{scored.positive.sum()} of {len(plain)} lines"
    note = f"paired difference {gain:+.4f} [{low:+.4f}, {high:+.4f}], {counted}"
    trees = ", ".join(f"{m['member']} {m['weight']} x {m['trees']} trees" for m in registered.card["mixture"])
    rows = [
        row(f"KCS {target}: average precision", ours, theirs, note),
        row(
            f"KCS {target}: calibration slope",
            report["calibration_slope"],
            1.0,
            f"peer is the ideal; {trees}",
        ),
    ]
    return rows + (
        published(report.figures, figures(scored.positive, plain)) if target == "nonconforming" else []
    )


def published(ours: Mapping[str, float], plain: Mapping[str, float]) -> list[dict[str, Any]]:
    """Set precision at 5 and 10 % beside the published table and the plain model."""
    return [
        row(
            f"KCS nonconforming: precision at {share} %",
            ours[f"precision_at_{share}pct"],
            told[place],
            f"published {name}; plain native categories here {plain[f'precision_at_{share}pct']:.3f}",
        )
        for name, told in PUBLISHED.items()
        for place, share in enumerate((5, 10))
    ]


def plain_scores(learnt: Dataset, later: Dataset) -> np.ndarray:
    """Score later lines by LightGBM on declared fields, codes as its native categories, no identities."""
    spec = fit_spec(learnt.lines, NATIVE)
    codes = [{code: at for at, code in enumerate(spec.vocabularies[name])} for name in NATIVE]

    def table(rows: Dataset) -> np.ndarray:
        columns = [
            [code.get(text, -1) for text in rows.lines[name]]
            for name, code in zip(NATIVE, codes, strict=True)
        ]
        return np.column_stack([*columns, *(rows.lines[name] for name in NUMBERS)]).astype(np.float64)

    fold = lgb.Dataset(
        table(learnt), learnt.positive.astype(float), categorical_feature=list(range(len(NATIVE)))
    )
    return np.asarray(lgb.train(PLAIN, fold, PLAIN_ROUNDS).predict(table(later)))


def rows_of(folder: Path, work: Path | None) -> list[dict[str, Any]]:
    """Return the section's rows; one that says so where the set is not there."""
    if not folder.is_dir():
        missing = f"not run: there is no folder {folder.name} with the set"
        return [row("KCS", None, None, missing)]
    with tempfile.TemporaryDirectory() as temporary:
        return run(folder, work or Path(temporary))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA / "kcs")
    parser.add_argument("--work", type=Path, help="keep the home here instead of in a temporary folder")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = rows_of(arguments.folder, arguments.work)
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
