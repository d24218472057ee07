"""What results say once they arrive: shares found by month, and found over expected failures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest

from features.facts import KnownHistory
from models.risk_model import RiskModel
from training.champion import learned_until
from training.clusters import Clusters
from training.compare.months import Month, by_month, months_of
from training.dataset import Dataset
from training.judge import probability_of
from training.selection import given_chosen

_CONFIDENCE = 0.95


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


def champion_by_month(dataset: Dataset, history: KnownHistory, model: RiskModel) -> list[Month]:
    """Return found over expected failures of the lines that the champion did not learn from, by month.

    Expected is what it says of lines inspected for their reason.
    """
    later = dataset.take(dataset.lines["happened_at"] > learned_until(model))
    if not len(later):
        return []
    told = given_chosen(model, probability_of(model, later.lines, history, later.as_of), later.reasons)
    clusters = Clusters.by_consignee(later.lines)
    return by_month(later.positive, later.lines["happened_at"], {"champion": told}, _CONFIDENCE, clusters)
