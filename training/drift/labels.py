"""What results say once they arrive: shares found by month, and found over expected failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from features.facts import KnownHistory
from models.risk_model import RiskModel
from training.clusters import Clusters
from training.compare.months import Expected, Month, by_month, months_of, over_all
from training.dataset import Dataset
from training.drift.shifts import ALL, CONFIDENCE, Shift, drawn_by_month, shifts_of
from training.judge import probability_of
from training.period import Span
from training.selection import given_chosen

Mask = NDArray[np.bool_]

ROLE = "champion"


@dataclass(frozen=True, slots=True)
class Found:
    """The share of nonconforming lines among those inspected in a month, drawn at random or chosen."""

    month: str
    drawn_at_random: bool
    lines: int
    positives: int
    share: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return the share as JSON values."""
        return asdict(self)


def found_by_month(dataset: Dataset) -> list[Found]:
    """Return shares by month of declaration with Wilson intervals; drift of labels shows in random draws."""
    months = months_of(dataset.lines["happened_at"])
    told = []
    for month in np.unique(months):
        for random in (True, False):
            rows = (months == month) & (dataset.random == random)
            if rows.any():
                told.append(_found(str(month), random, int(rows.sum()), int(dataset.positive[rows].sum())))
    return told


def _found(month: str, random: bool, lines: int, positives: int) -> Found:
    low, high = binomtest(positives, lines).proportion_ci(method="wilson")
    return Found(month, random, lines, positives, positives / lines, float(low), float(high))


def champion_by_month(
    dataset: Dataset, history: KnownHistory, model: RiskModel, span: Span
) -> tuple[list[Month], Expected | None]:
    """Return found over expected failures of the lines declared in a span, by month and of all together.

    Expected is what the champion says of lines inspected for their reason. None where no result is known.
    """
    later = dataset.take(declared_within(dataset, span))
    if not len(later):
        return [], None
    told = given_chosen(model, probability_of(model, later.lines, history, later.as_of), later.reasons)
    scores, clusters = {ROLE: told}, Clusters.by_consignee(later.lines)
    months = by_month(later.positive, later.lines["happened_at"], scores, CONFIDENCE, clusters)
    return months, over_all(later.positive, scores, CONFIDENCE, clusters)[ROLE]


def declared_within(dataset: Dataset, span: Span) -> Mask:
    """Say which rows were declared in a span, (n,)."""
    declared = dataset.lines["happened_at"]
    return np.asarray((declared >= span.start) & (declared < span.until))


def results_moved(
    dataset: Dataset, months: Sequence[Month], whole: Expected | None, spans: tuple[Span, Span]
) -> list[Shift]:
    """Hold results of the present against what the champion expects, and random draws against its lessons'.

    `spans` are those of the reference and of the present.
    """
    calibration = {month.month: month.models[ROLE] for month in months}
    if whole is not None:
        calibration[ALL] = whole
    before, later = (drawn_by_month(dataset, declared_within(dataset, span)) for span in spans)
    return shifts_of(calibration, before.get(ALL), later)
