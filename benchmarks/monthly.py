"""Ports whose model is trained again for each month, beside one trained once, judged on the same months.

python -m benchmarks.monthly [--lines N] [--seeds S …] [--json OUT]

Every line of a month is judged, inspected or not, by the truth. Calibration is held against the true chance
of a finding, in which there is no luck of outcomes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.calibration_limit import FIGURES, expected, said, within
from benchmarks.rows import row, tell
from benchmarks.simulated_port import prepared, share_found
from features.history import History
from features.store.database import Store
from models.risk_model import RiskModel
from models.spec import ModelSpec
from training.compare.months import months_of
from training.figures import average_precision
from training.judge import Scored, Truth, lookup, read_truth, refuse_overlap, score_all
from training.period import Period, Span
from training.pipeline import Workshop, examined, register
from training.progress import Progress
from training.promote import read_version

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Later lines (n,): what a model said of each, its true chance of a finding, and what came of it."""

    months: NDArray[np.str_]
    probability: Floats
    chance: Floats
    positive: NDArray[np.bool_]

    @classmethod
    def of(cls, scored: Scored, truth: Truth, share: float) -> Judged:
        """Return scored lines beside the truth; inspections find a `share` of the defects."""
        chance = share * lookup(truth.latent, scored.ids)
        return cls(months_of(scored.declared_at), scored.probability, chance, scored.positive)

    @classmethod
    def together(cls, parts: list[Judged]) -> Judged:
        """Return the lines of all parts."""
        names = ("months", "probability", "chance", "positive")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @property
    def names(self) -> list[str]:
        """The months in which lines were declared, in their order."""
        return [str(month) for month in np.unique(self.months)]

    def month(self, name: str) -> Judged:
        """Return the lines of one month."""
        of = self.months == name
        return Judged(self.months[of], self.probability[of], self.chance[of], self.positive[of])

    def figures(self) -> Floats:
        """Return slope, observed over expected of the top 5 % and of all lines, average precision."""
        whole = float(self.chance.sum() / self.probability.sum())
        ranked = average_precision(self.positive, self.probability)
        return np.array([*expected(self.chance, self.probability), whole, ranked])


CALIBRATION = 3
NAMES = (*map(said, FIGURES), "observed over expected all", "average precision")
"""What `Judged.figures` are; the first so many are calibration, right at 1."""


def run(lines: int, seeds: list[int]) -> list[dict[str, Any]]:
    """Judge both ways to train on a port of each seed; return one row a figure, and their means."""
    both = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            both.append(on_port(lines, seed, Path(folder)))
    rows = [each for seed, pair in zip(seeds, both, strict=True) for each in compared(*pair, seed)]
    rows += means(both)
    rows[0]["note"] = f"{lines:,} lines a port; {rows[0]['note']}"
    return rows


def on_port(lines: int, seed: int, work: Path) -> tuple[Judged, Judged]:
    """Simulate and import a port; judge its later lines by models trained each month, and by one alone."""
    until, judged_from = prepared(lines, seed, work)
    store = Store.open(f"sqlite:///{work / 'customs-risk.db'}")
    workshop = Workshop(store, work, Progress(sys.stderr))
    truth = read_truth(work / "port" / "truth.parquet")
    share = share_found(pq.read_table(work / "port" / "inspections.parquet"), truth)

    history = History.build(store)

    def judged(model: RiskModel, span: Span) -> Judged:
        refuse_overlap(model, span)
        return Judged.of(score_all(store, history, model, span, truth), truth, share)

    once = judged(trained(workshop, until), Span.of_days(judged_from, None))
    months = once.names
    again = [once.month(months[0])]
    for first, last in later_months(judged_from, months[-1]):
        model = trained(workshop, first - dt.timedelta(days=1))
        again.append(judged(model, Span.of_days(first, last)))
    store.close()
    return Judged.together(again), once


def trained(workshop: Workshop, until: dt.date) -> RiskModel:
    """Train and register a model on what was known by the end of a day."""
    period = Period.of_days(until)
    bench, candidate, examination = examined(workshop, ModelSpec(threads=0), period)
    return read_version(workshop.home, register(workshop, bench, candidate, examination, period).version)


def later_months(judged_from: dt.date, last: str) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield the first and last day of each month after the one of `judged_from`, until the month `last`."""
    first = judged_from
    while f"{first:%Y-%m}" < last:
        first = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        yield first, (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)


def compared(again: Judged, once: Judged, seed: int) -> list[dict[str, Any]]:
    """Lay out each figure of a port's models trained again, beside the one trained once."""
    ours, peer = (np.array([each.month(name).figures() for name in once.names]) for each in (again, once))
    return [
        row(
            f"port, seed {seed}, trained again each month: {name}",
            float(mine),
            float(other),
            f"by month {_listed(ours[:, at], at)}; trained once {_listed(peer[:, at], at)}",
        )
        for at, (name, mine, other) in enumerate(zip(NAMES, again.figures(), once.figures(), strict=True))
    ]


def means(both: Sequence[tuple[Judged, Judged]]) -> list[dict[str, Any]]:
    """Lay out the mean over ports of each figure, and how far ports lie from 1 where that is right."""
    ours, peer = (np.array([pair[at].figures() for pair in both]) for at in (0, 1))
    rows = []
    for at, name in enumerate(NAMES):
        note = f"mean of {len(both)} ports"
        if at < CALIBRATION:
            apart = (np.sqrt(np.mean((each[:, at] - 1) ** 2)) for each in (ours, peer))
            note += "; root mean square from 1: {:.3f}, trained once {:.3f}".format(*apart)
        title = f"ports, trained again each month: {name}"
        rows.append(row(title, float(ours[:, at].mean()), float(peer[:, at].mean()), note))
    return rows


def _listed(values: Floats, at: int) -> str:
    if at >= CALIBRATION:
        return " ".join(f"{value:.3f}" for value in values)
    inside = int(within(values).sum())
    return f"{' '.join(f'{value:.2f}' for value in values)} ({inside} of {len(values)} in 0.95 to 1.05)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 61, 62, 63])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    tell(run(arguments.lines, arguments.seeds), arguments.json)


if __name__ == "__main__":
    main()
