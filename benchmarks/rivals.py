"""Other learners beside ours: the same rows, folds and features, judged on the same later lines.

python -m benchmarks.rivals [--lines N] [--seed S] [--kcs FOLDER] [--json OUT]

XGBoost comes with the extra `bench`. CatBoost is large and nothing else needs it: `pip install catboost` puts
it beside; without it its rows say that it was not run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import DATA
from benchmarks.kcs import JUDGE_FROM, TRAIN_UNTIL, imported
from benchmarks.later import Later, later_of_port
from benchmarks.learners import RIVALS, Floats, Rival
from benchmarks.rows import tell
from benchmarks.simulated_port import prepared
from features.frame import build_frame
from features.history import History
from features.instants import start_of_day
from features.store.database import Store
from models.spec import ModelSpec, Target
from training.candidate import Bench, make_candidate
from training.dataset import build_dataset
from training.encode import encode
from training.figures import average_precision, intervals, paired_difference
from training.judge import read_truth
from training.period import Period
from training.progress import SILENT
from training.split import split_out_of_time
from training.text_risk import fit_name_risk

RESAMPLES = 1_000


def on_kcs(folder: Path, home: Path) -> list[dict[str, Any]]:
    """Both targets of the Korean set: taught on 2020, judged on the inspected lines of 2021."""
    if not folder.is_dir():
        return [{"data": "KCS", "note": f"not run: there is no folder {folder.name} with the set"}]
    store = imported(folder, home)
    history, rows = History.build(store), []
    for target in Target:
        found = build_dataset(store, target, Period.of_days(None).until)
        later = found.take(found.lines["happened_at"] >= start_of_day(JUDGE_FROM))
        judged = Later(later.lines, later.as_of, later.positive)
        bench = made_bench(store, history, target, Period.of_days(TRAIN_UNTIL))
        rows += beside(f"KCS {target}", bench, history, judged)
    store.close()
    return rows


def on_port(lines: int, seed: int, home: Path) -> list[dict[str, Any]]:
    """A simulated port: taught on its inspected lines, judged with the truth on all later lines."""
    until, judged_from = prepared(lines, seed, home)
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    history, truth = History.build(store), read_truth(home / "port" / "truth.parquet")
    judged = later_of_port(store, home / "port", judged_from, truth)
    bench = made_bench(store, history, Target.NONCONFORMING, Period.of_days(until))
    rows = beside(f"port of {lines:,}, seed {seed}", bench, history, judged)
    store.close()
    return rows


def made_bench(store: Store, history: History, target: Target, period: Period) -> Bench:
    """Lay out the rows, frame and folds that every learner has."""
    dataset = build_dataset(store, target, period.until)
    encoded = encode(dataset, history, name_risk=fit_name_risk(store, target, period.until))
    return Bench(dataset, encoded, split_out_of_time(dataset), ModelSpec(target=target, threads=1), SILENT)


def beside(data: str, bench: Bench, history: History, later: Later) -> list[dict[str, Any]]:
    """Teach and judge ours and every rival that is installed; one row each."""
    frame = build_frame(later.lines, history, later.as_of, bench.encoded.spec)
    began = time.process_time()
    model = make_candidate(bench, keep_test=False).model
    seconds = time.process_time() - began
    ours = model.probability(model.check_frame(frame), later.ways)
    settings = "members mixed, fitted three times, and calibrated: training/members.py"
    rows = [judged_row(data, "ours", (later.positive, ours, ours), seconds, settings)]
    rows += [rival_row(data, named, bench, (later.positive, frame.values, ours)) for named in RIVALS.items()]
    counted = f"{int(bench.dataset.positive.sum()):,} of {len(bench.dataset):,} rows taught"
    rows[0]["note"] = f"{counted}; {int(later.positive.sum()):,} of {len(ours):,} later lines nonconforming"
    return rows


def rival_row(
    data: str, named: tuple[str, Rival], bench: Bench, judged: tuple[np.ndarray, Floats, Floats]
) -> dict[str, Any]:
    """Teach and judge a rival; where its package is not installed, say how to get it."""
    name, rival = named
    if find_spec(rival.package) is None:
        return {"data": data, "learner": name, "note": f"not run: pip install {rival.install}"}
    positive, values, ours = judged
    began = time.process_time()
    taught = rival.learn(bench)
    seconds = time.process_time() - began
    told = judged_row(data, name, (positive, taught.score(values), ours), seconds, rival.settings)
    return {**told, "note": f"{rival.package} {import_module(rival.package).__version__}, {taught.found}"}


def judged_row(
    data: str, name: str, judged: tuple[np.ndarray, Floats, Floats], seconds: float, settings: str
) -> dict[str, Any]:
    """Lay out the average precision of a score with its interval, and its difference to ours."""
    positive, score, ours = judged
    low, high = intervals(positive, score, resamples=RESAMPLES)["average_precision"]
    told: dict[str, Any] = {
        "data": data, "learner": name, "average precision": average_precision(positive, score),
        "interval": f"[{low:.3f}, {high:.3f}]",
    }  # fmt: skip
    if score is not ours:
        gain, low, high = paired_difference(positive, ours, score, resamples=RESAMPLES)
        told["ours less it"] = f"{gain:+.4f} [{low:+.4f}, {high:+.4f}]"
    return {**told, "CPU s of the fit": seconds, "settings": settings}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kcs", type=Path, default=DATA / "kcs")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = on_kcs(asked.kcs, Path(folder) / "kcs") + on_port(
            asked.lines, asked.seed, Path(folder) / "port"
        )
    tell(rows, asked.json)


if __name__ == "__main__":
    main()
