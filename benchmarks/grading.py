"""Grades on a simulated port: how many lines get which, what the truth says of them, what grading costs.

python -m benchmarks.grading [--lines N] [--seeds S …] [--json OUT]
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks.rows import tell
from benchmarks.simulated_port import prepared
from features.frame import build_frame
from features.history import History
from features.instants import start_of_day
from features.lines import Lines
from features.records import Declaration
from features.store.database import Store
from features.terms import Kind
from models.grading import ReadPolicy, read_policy
from models.grading.injuries import INJURIES
from models.hazards import HAZARDS, PLACE
from models.risk_model import RiskModel
from models.scores import RiskGrade
from models.spec import ModelSpec
from serving.grading import GradeRows, Grading, LineGrader, Standing, event_key
from training.dataset import first_revisions
from training.period import Period
from training.pipeline import Workshop, retrain
from training.progress import Progress
from training.promote import read_version

BLOCK, RESAMPLES = 2_000, 500
PROMISED = 0.01
"""At most so many of all lines may be of grade I."""
DEMO = (100_000, 1)
"""Lines and seed of the world of `make demo`."""


@dataclass(frozen=True, slots=True, eq=False)
class Graded:
    """Later lines in order of declaration, as they would have been graded when declared."""

    lines: list[Declaration]
    regimes: list[str]
    events: list[str | None]
    gradings: list[Grading]
    microseconds: float

    def grades(self, *, own: bool = False) -> np.ndarray:
        """Return the grade of each line: of its event, or its own."""
        return np.array([str(one.own.grade if own else one.cell.grade) for one in self.gradings])


def run(lines: int, seed: int, work: Path) -> list[dict[str, Any]]:
    """Simulate, import, train on the first part, and grade every later line."""
    until, judged_from = prepared(lines, seed, work)
    graded, told, card = taught_and_graded(work, Period.of_days(until), judged_from)
    return [
        *(row | {"seed": seed} for row in shares(graded, told)),
        *(row | {"seed": seed} for row in by_regime(graded)),
        *(row | {"seed": seed} for row in hazards_foretold(card["hazards"]["figures"])),
        cost(graded) | {"seed": seed},
    ]


def demo(work: Path) -> list[dict[str, Any]]:
    """Do as `make demo` does: a world until yesterday, every line a lesson; grade the last quarter's lines.

    Its lines taught the model, so that only the shares of the grades mean anything.
    """
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    _, since = prepared(*DEMO, work, yesterday)
    graded, told, _ = taught_and_graded(work, Period.of_days(None), since)
    where = {"seed": f"{DEMO[1]}, the demo of {yesterday}"}
    return [row | where for row in (*shares(graded, told), *by_regime(graded))]


def taught_and_graded(
    work: Path, period: Period, since: dt.date
) -> tuple[Graded, list[dict[str, Any]], Mapping[str, Any]]:
    """Train a model of a prepared port; return the lines since a day graded, their truth, and its card."""
    store = Store.open(f"sqlite:///{work / 'customs-risk.db'}")
    registered = retrain(Workshop(store, work, Progress(sys.stderr)), ModelSpec(threads=0), period)
    model = read_version(work, registered.version)
    graded = grade_later(store, model, start_of_day(since), read_policy())
    store.close()
    truth = pq.read_table(work / "port" / "truth.parquet", columns=["id", "y", "hazard", "severity"])
    known = {row["id"]: row for row in truth.to_pylist()}
    return graded, [known[line.id] for line in graded.lines], registered.card


def grade_later(store: Store, model: RiskModel, since: int, read: ReadPolicy) -> Graded:
    """Grade the lines declared from an instant on, each by what was known then, each event so far."""
    history, grader = History.build(store), LineGrader(store.engine, read)
    ids = [one.id for chunk in store.changes(kinds=[Kind.DECLARATION]) for one in chunk]
    filed = [one for one in first_revisions(store, set(ids)) if one.record.happened_at >= since]
    graded = Graded([one.record for one in filed], [], [], [], 0.0)
    spent: list[float] = []
    for start in range(0, len(filed), BLOCK):
        some = filed[start : start + BLOCK]
        lines, as_of = Lines.of([one.record for one in some]), np.array([one.as_of for one in some])
        values = model.check_frame(build_frame(lines, history, as_of, model.feature_spec))
        opinions = history.counts(INJURIES.name, lines, as_of).windows
        regimes = [str(regime) for regime in lines["regime"]]
        rows = GradeRows(values, model.probability(values, lines["direction"]), regimes, opinions)
        began = time.process_time()
        graded.gradings.extend(grader.own(model, [one.record for one in some], rows))
        spent.append((time.process_time() - began) / len(some))
        graded.regimes.extend(regimes)
    events: dict[str, Standing] = {}
    for row, (line, regime) in enumerate(zip(graded.lines, graded.regimes, strict=True)):
        key, own = event_key(line, regime), graded.gradings[row]
        graded.events.append(key)
        if key is not None:
            events.setdefault(key, Standing()).add(line.id, own)
            graded.gradings[row] = events[key].told(key, own)
    return Graded(graded.lines, graded.regimes, graded.events, graded.gradings, 1e6 * float(np.median(spent)))


def shares(graded: Graded, told: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The share of each grade with its interval, and what the truth says of its lines."""
    grades, own = graded.grades(), graded.grades(own=True)
    failed = np.array([one["y"] for one in told], dtype=bool)
    severe = failed & (np.array([one["severity"] for one in told]) >= 3)
    for grade in RiskGrade:
        chosen = grades == str(grade)
        low, high = interval(chosen, graded)
        of = max(int(chosen.sum()), 1)
        yield {
            "figure": f"share of lines of grade {grade}",
            "ours": float(chosen.mean()),
            "interval": f"[{low:.4f}, {high:.4f}]",
            "promised": f"at most {PROMISED}" if grade is RiskGrade.I else "more than 0",
            "note": f"{int(chosen.sum())} of {len(grades)} later lines, "
            f"{(own == str(grade)).mean():.4f} by their own cell; "
            f"{failed[chosen].sum() / of:.1%} nonconforming, "
            f"{severe[chosen].sum() / of:.1%} so with severity 3 or 4",
        }


def interval(chosen: np.ndarray, graded: Graded) -> tuple[float, float]:
    """Return a 95 % interval of a share, resampling events (a line without one stands for itself)."""
    _, cluster = np.unique(
        [event or line.id for event, line in zip(graded.events, graded.lines, strict=True)],
        return_inverse=True,
    )
    hits, sizes = np.bincount(cluster, weights=chosen), np.bincount(cluster)
    drawn = np.random.default_rng(0).integers(0, len(sizes), (RESAMPLES, len(sizes)))
    low, high = np.quantile(hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def by_regime(graded: Graded) -> Iterator[dict[str, Any]]:
    """The grades of each regime, which has a matrix of its own."""
    grades = graded.grades()
    for regime, count in sorted(Counter(graded.regimes).items()):
        of = grades[np.array(graded.regimes) == regime]
        told = ", ".join(f"{grade} {(of == str(grade)).mean():.4f}" for grade in RiskGrade)
        yield {"figure": f"grades of {regime}", "note": f"{told} of {count} lines"}


def hazards_foretold(figures: dict[str, float]) -> Iterator[dict[str, Any]]:
    """How well hazards of nonconforming lines were foretold on the test fold, beside the base rate."""
    findings = figures["hazard_findings"]
    interval = f"gain [{figures['hazard_gain_low']:.3f}, {figures['hazard_gain_high']:.3f}]"
    for name, shown in (("log_loss", "log loss"), ("macro_log_loss", "macro log loss"),
                        ("macro_recall", "macro recall"), ("top3", "among the first three")):  # fmt: skip
        yield {
            "figure": f"hazard given nonconformity: {shown}",
            "ours": figures[f"hazard_{name}"],
            "base rate": figures[f"hazard_{name}_base"],
            "heading alone": figures[f"hazard_{name}_heading"],
            "interval": interval if name == "log_loss" else None,
            "note": f"{findings:.0f} later findings, {len(HAZARDS)} hazards",
        }


def cost(graded: Graded) -> dict[str, Any]:
    """The CPU time of grading one line in a block: hazards, injuries, matrix."""
    return {
        "figure": "grading a line, CPU µs",
        "ours": graded.microseconds,
        "promised": "at most 30",
        "note": f"hazards, injuries, matrix; median of blocks of 2,000 lines; {len(PLACE)} hazards",
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for seed in asked.seeds:
        with tempfile.TemporaryDirectory() as folder:
            rows += run(asked.lines, seed, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        rows += demo(Path(folder))
    tell(rows, asked.json)


if __name__ == "__main__":
    main()
