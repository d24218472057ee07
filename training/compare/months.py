"""Calibration by month: how many failures were found for each one expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from features.instants import to_datetime
from training.clusters import Clusters
from training.figures import FEWEST_CLUSTERS

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Expected:
    """Failures found over failures expected among some lines, with its interval.

    `design_effect` is by how much failures of one enterprise come together: how many times as far counts
    stray as if each line failed by itself, at least 1. The interval is the exact one of Poisson counts so
    many times fewer.
    """

    lines: int
    observed: int
    expected: float
    ratio: float
    low: float
    high: float
    design_effect: float = 1.0

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the interval of the ratio; NaN without any expected."""
        return _interval(self.observed, self.expected, self.design_effect, confidence)


@dataclass(frozen=True, slots=True)
class Month:
    """A month's lines under each model, by the model's role."""

    month: str
    models: Mapping[str, Expected]

    def to_dict(self) -> dict[str, Any]:
        """Return the month as JSON values."""
        return {"month": self.month, **{role: asdict(found) for role, found in self.models.items()}}


def observed_over_expected(
    positive: Mask, probability: Floats, confidence: float, clusters: Clusters | None = None
) -> Expected:
    """Return the ratio of found to expected failures of n lines; without any expected the ratio is NaN.

    Lines of one of the `clusters` (n,) may fail together; without them each fails by itself.
    """
    observed, expected = int(positive.sum()), float(probability.sum())
    effect = design_effect(positive, probability, clusters)
    ratio = observed / expected if expected else np.nan
    ends = _interval(observed, expected, effect, confidence)
    return Expected(len(positive), observed, expected, ratio, *ends, effect)


def _interval(observed: int, expected: float, effect: float, confidence: float) -> tuple[float, float]:
    if not expected:
        return np.nan, np.nan
    count, tail = observed / effect, (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if observed else 0.0
    return low * effect / expected, float(chi2.ppf(1 - tail, 2 * count + 2)) / 2 * effect / expected


def design_effect(positive: Mask, probability: Floats, clusters: Clusters | None) -> float:
    """Compare the spread of clusters' failures about the ratio of all with that of lines by themselves.

    At least 1, which it is without clusters; the number of lines where these are fewer than five, as then
    nothing is known of how far enterprises differ. What the common ratio takes of the spread is given back.
    """
    if clusters is None:
        return 1.0
    lines, many = len(positive), clusters.many
    if lines < 2 or many < min(FEWEST_CLUSTERS, lines):
        return float(max(lines, 1))
    expected = float(probability.sum())
    missed = positive - (positive.sum() / expected if expected else 0.0) * probability
    by_line = float(np.dot(missed, missed)) * lines / (lines - 1)
    by_cluster = float((clusters.sums(missed) ** 2).sum()) * many / (many - 1)
    return max(1.0, by_cluster / by_line) if by_line else 1.0


def months_of(instants: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the month of each instant, in Shanghai."""
    return np.array([to_datetime(instant).strftime("%Y-%m") for instant in instants.tolist()], dtype=str)


def by_month(
    positive: Mask,
    declared_at: NDArray[np.int64],
    scores: Mapping[str, Floats],
    confidence: float,
    clusters: Clusters | None = None,
) -> list[Month]:
    """Compare found with expected failures in each month of declaration, for each model's scores (n,).

    Lines of one of the `clusters` (n,) may fail together.
    """
    months, found = months_of(declared_at), []
    for month in np.unique(months):
        rows = months == month
        among = None if clusters is None else clusters.take(rows)
        told = {
            role: observed_over_expected(positive[rows], score[rows], confidence, among)
            for role, score in scores.items()
        }
        found.append(Month(str(month), told))
    return found


def over_all(
    positive: Mask, scores: Mapping[str, Floats], confidence: float, clusters: Clusters | None = None
) -> dict[str, Expected]:
    """Compare found with expected failures of all lines together, for each role's scores (n,)."""
    return {
        role: observed_over_expected(positive, score, confidence, clusters) for role, score in scores.items()
    }


def supported(found: Expected, minimum: float) -> bool:
    """Say whether so many failures were expected, or found: a model that expects few is judged by the found.

    Where few were both expected and found nothing can be said.
    """
    return max(found.expected, found.observed) >= minimum


def beyond(found: Expected, allowed: tuple[float, float], confidence: float) -> bool:
    """Say whether the interval lies outside the allowed ratios, as it does where nothing was expected."""
    low, high = found.interval(confidence)
    return not (low <= allowed[1] and high >= allowed[0])


def widened(confidence: float, looks: int) -> float:
    """Return the confidence of each of so many intervals by which all of them hold together.

    How many there are must not depend on what was found: looks are those that could be taken.
    """
    return 1 - (1 - confidence) / max(looks, 1)


def farthest(months: Sequence[Month], role: str) -> Month | None:
    """Return the month whose ratio is farthest from 1, a half as far as twice; None where there is none."""
    return max(months, key=lambda month: _distance(month.models[role].ratio), default=None)


def _distance(ratio: float) -> float:
    return abs(float(np.log(ratio))) if ratio > 0 else np.inf
