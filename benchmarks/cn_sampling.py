"""Chinese market sampling: failures ranked by declared names and history, learned first and judged later.

python -m benchmarks.cn_sampling [FOLDER] [--json OUT]

Each row of the set is an inspection of a stand-in line, by the shipped mapping: name, category as a heading,
maker and seller. The test items, which stand only on failures, are no input. Without the folder the section
says so.
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import DATA
from benchmarks.rows import row, tell
from features.catalog import MODEL_FEATURES
from features.frame import build_frame
from features.goods.features import NAME_RISK, goods_features
from features.history import History
from features.instants import DAY, start_of_day
from features.schema import fit_spec
from features.store.database import Store
from models.spec import ModelSpec, Target
from training.dataset import Dataset, build_dataset
from training.figures import average_precision
from training.fit import Member, Table, boost
from training.period import Period
from training.signs import known_signs
from training.text_risk import fit_name_risk

JUDGE_FROM = dt.date(2021, 12, 1)
"""Failures come in batches; before this day there are some 40 of them, after it some 50."""
ROUNDS = 100
"""Trees at the product's own settings, fixed before anything was measured: too few failures to stop early."""
RESAMPLES = 1_000
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Later rows: whether each failed, the day it was published on, and whether its heading ever passed."""

    positive: Mask
    day: NDArray[np.int64]
    both: Mask


def run(folder: Path, work: Path) -> list[dict[str, Any]]:
    """Import the set, train on the rows before the day, and judge on those from it on."""
    store = imported(folder, work)
    until = Period.of_days(None).until
    rows, history = build_dataset(store, Target.NONCONFORMING, until), History.build(store)
    start = start_of_day(JUDGE_FROM)
    early = (rows.as_of < start) & (rows.resolved_at < start)
    late = rows.as_of >= start
    scores = scored(store, history, rows, early, late)
    store.close()
    judged = Judged(rows.positive[late], rows.as_of[late] // DAY, _has_both(rows)[late])
    failed = int(rows.positive[early].sum())
    learnt = f"learned from {failed} failures of {int(early.sum())} rows before {JUDGE_FROM}"
    everything = np.ones(len(judged.positive), dtype=bool)
    parts = {"all later rows": everything, "headings that also pass": judged.both}
    return [
        figure
        for name, score in scores.items()
        for part, mask in parts.items()
        for figure in figures_of(f"{name}, {part}", judged, score, mask, learnt)
    ]


def imported(folder: Path, work: Path) -> Store:
    """Import the set as inspections with the shipped mapping, through the command."""
    files = [str(path) for path in sorted(folder.glob("*.csv.gz"))]
    command = [
        sys.executable,
        "-m",
        "customs_risk",
        "import",
        "inspection",
        *files,
        "--mapping",
        "cn_sampling",
    ]
    subprocess.run([*command, "--home", str(work)], check=True, stdout=sys.stderr)
    return Store.open(f"sqlite:///{work / 'customs-risk.db'}")


def scored(store: Store, history: History, rows: Dataset, early: Mask, late: Mask) -> dict[str, Floats]:
    """Score the later rows: by words alone, by history without names, and by both with what is declared."""
    name_risk = fit_name_risk(store, Target.NONCONFORMING, start_of_day(JUDGE_FROM))
    goods = tuple(feature.name for feature in goods_features())
    history_only = tuple(name for name in MODEL_FEATURES if name not in goods)
    columns = (*history_only, *goods)
    spec = fit_spec(rows.lines.take(early), columns, name_risk)
    values = build_frame(rows.lines, history, rows.as_of, spec).values
    words = values[late, columns.index(NAME_RISK)]

    def model(names: Sequence[str]) -> Floats:
        signs = known_signs(columns)
        table = Table(values, rows.positive, columns, spec.categorical, signs=signs, as_of=rows.as_of)
        member = Member("all", np.array([columns.index(name) for name in names]))
        booster = boost(table, early, ModelSpec(rounds=ROUNDS, threads=1), member)
        return np.asarray(booster.predict(values[late], raw_score=True))

    return {
        "words of the name alone": np.nan_to_num(words),
        "history and what is declared": model(history_only),
        "history, what is declared and names": model(columns),
    }


def _has_both(rows: Dataset) -> Mask:
    """Tell which rows are of a heading that also passed: machines and detergents appear only failed."""
    headings = rows.lines["hs4"]
    passed, failed = set(headings[~rows.positive]), set(headings[rows.positive])
    return np.isin(headings.astype(str), sorted(passed & failed))


def figures_of(name: str, judged: Judged, score: Floats, mask: Mask, learnt: str) -> list[dict[str, Any]]:
    """Average precision beside the share of failures, and the area under the ROC curve beside one half."""
    positive, day, score = judged.positive[mask], judged.day[mask], score[mask]
    random = np.random.default_rng(0)
    days = np.unique(day)
    at = [np.flatnonzero(day == one) for one in days]
    drawn = [
        np.concatenate([at[place] for place in random.integers(0, len(days), len(days))])
        for _ in range(RESAMPLES)
    ]
    drawn = [rows for rows in drawn if 0 < positive[rows].sum() < len(rows)]
    counted = f"{int(positive.sum())} of {len(positive)} rows fail, {len(days)} days drawn whole; {learnt}"
    told = []
    for what, measure, chance in (
        ("average precision", average_precision, _share),
        ("ROC AUC", roc_auc, _half),
    ):
        found = np.array([(measure(positive[rows], score[rows]), chance(positive[rows])) for rows in drawn])
        low, high = np.quantile(found[:, 0], (0.025, 0.975))
        least, most = np.quantile(found[:, 0] - found[:, 1], (0.025, 0.975))
        over = f"over chance by [{least:+.3f}, {most:+.3f}]"
        note = f"95 % interval [{low:.3f}, {high:.3f}], {over}; peer is chance; {counted}"
        told.append(row(f"{what}: {name}", measure(positive, score), chance(positive), note))
    return told


def _share(positive: Mask) -> float:
    return float(positive.mean())


def _half(_positive: Mask) -> float:
    return 0.5


def roc_auc(positive: Mask, score: Floats) -> float:
    """Return the chance that a failure stands above a pass, ties counted half."""
    from scipy.stats import rankdata

    ranks, failed = rankdata(score), int(positive.sum())
    passed = len(positive) - failed
    return float((ranks[positive].sum() - failed * (failed + 1) / 2) / (failed * passed))


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Return the section's rows; one that says so where the set is not there."""
    if not folder.is_dir():
        missing = f"not run: there is no folder {folder.name} with the set"
        return [row("Chinese market sampling", None, None, missing)]
    with tempfile.TemporaryDirectory() as work:
        return run(folder, Path(work))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA / "cn_sampling")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = rows_of(arguments.folder)
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
