"""Calibration by month: how many failures were found for each one expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from features.instants import to_datetime

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Expected:
    """Failures found over failures expected among some lines, with an exact Poisson interval."""

    lines: int
    observed: int
    expected: float
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Month:
    """A month's lines under each model, by the model's role."""

    month: str
    models: Mapping[str, Expected]

    def to_dict(self) -> dict[str, Any]:
        """Return the month as JSON values."""
        return {"month": self.month, **{role: asdict(found) for role, found in self.models.items()}}


def observed_over_expected(positive: Mask, probability: Floats, confidence: float) -> Expected:
    """Return the ratio of found to expected failures of n lines; without any expected the ratio is NaN."""
    observed, expected = int(positive.sum()), float(probability.sum())
    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * observed)) / 2 if observed else 0.0
    high = float(chi2.ppf(1 - tail, 2 * observed + 2)) / 2
    ratio, low, high = (value / expected if expected else np.nan for value in (observed, low, high))
    return Expected(len(positive), observed, expected, ratio, low, high)


def months_of(instants: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the month of each instant, in Shanghai."""
    return np.array([to_datetime(instant).strftime("%Y-%m") for instant in instants.tolist()], dtype=str)


def by_month(
    positive: Mask, declared_at: NDArray[np.int64], scores: Mapping[str, Floats], confidence: float
) -> list[Month]:
    """Compare found with expected failures in each month of declaration, for each model's scores (n,)."""
    months = months_of(declared_at)
    return [
        Month(
            str(month),
            {
                role: observed_over_expected(positive[months == month], score[months == month], confidence)
                for role, score in scores.items()
            },
        )
        for month in np.unique(months)
    ]


def outside(
    months: list[Month], role: str, minimum: float, allowed: tuple[float, float], confidence: float
) -> tuple[list[Month], list[str]]:
    """Return the months that have support, and in words those whose interval lies outside the allowed ratios.

    Intervals are widened for the number of months judged.
    """
    judged = [month for month in months if month.models[role].expected >= minimum]
    wide = 1 - (1 - confidence) / max(len(judged), 1)
    return judged, list(_outside(judged, role, allowed, wide))


def farthest(months: list[Month], role: str) -> Month | None:
    """Return the month whose ratio is farthest from 1, a half as far as twice; None where there is none."""
    return max(months, key=lambda month: _distance(month.models[role].ratio), default=None)


def _distance(ratio: float) -> float:
    return abs(float(np.log(ratio))) if ratio > 0 else np.inf


def _outside(
    months: list[Month], role: str, allowed: tuple[float, float], confidence: float
) -> Iterator[str]:
    for month in months:
        found = month.models[role]
        tail = (1 - confidence) / 2
        low = chi2.ppf(tail, 2 * found.observed) / 2 / found.expected if found.observed else 0.0
        high = chi2.ppf(1 - tail, 2 * found.observed + 2) / 2 / found.expected
        if low > allowed[1] or high < allowed[0]:
            yield f"{month.month}: {found.observed} found, {found.expected:.1f} expected"
