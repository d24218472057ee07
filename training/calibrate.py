"""From margins to probabilities: a Platt line per direction, kept through a refit while its slope holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from features.terms import Direction
from models.calibration import FEW_POSITIVES, Platt, fit_platt, log_odds_of, sigmoid
from training.clusters import Clusters
from training.figures import FEWEST_CLUSTERS, calibration_line
from training.policy import CalibrationPolicy

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
PlattLines = Mapping[Direction, Platt]

_FARTHEST = 10.0
_FLATTEST = 0.05
"""The slope where chances do not rise with the margin, as in `fit_platt`: a line must keep the ranking."""


def calibrate(
    margin: Floats,
    positive: Mask,
    directions: Sequence[str],
    weight: Floats | None = None,
) -> PlattLines:
    """Fit a Platt line to margins (n,) for each direction that has failures, one over all for any other.

    A direction with too few failures for a slope of its own has that of all, and its own intercept.
    `weight` (n,) as in `fit_platt`.
    """
    way = np.asarray(directions, dtype=str)
    weights = np.ones(len(margin)) if weight is None else weight
    over_all = fit_platt(margin, positive, weights)
    lines = {}
    for direction in Direction:
        among = way == direction
        if not positive[among].any():
            lines[direction] = over_all
        elif tells_a_slope(positive[among]):
            lines[direction] = fit_platt(margin[among], positive[among], weights[among])
        else:
            scaled = over_all.slope * margin[among]
            own = fit_platt(scaled, positive[among], weights[among])
            lines[direction] = Platt(over_all.slope * own.slope, own.intercept)
    return lines


def tells_a_slope(positive: Mask) -> bool:
    """Say whether outcomes (n,) hold failures, and passes, enough for a slope of their own."""
    return min(int(positive.sum()), int((~positive).sum())) >= FEW_POSITIVES


def scale_between(earlier: Floats, later: Floats, positive: Mask, weight: Floats) -> Platt:
    """Return the line that tells margins of an earlier fit as a later fit of the same recipe would.

    Both fits' margins (n + m,) are of the same lines, which taught neither, each standing for `weight` lines:
    n with results, then m passed over. Results tell how much bolder one fit is than the other (their chance
    is common to both), few failures nothing; all lines tell the level, as both must expect as many to fail.
    """
    told = len(positive)
    first, second = fit_platt(earlier[:told], positive), fit_platt(later[:told], positive)
    wanted = float(np.dot(weight, sigmoid(second.log_odds(later))))
    added = added_to_expect(first.slope * earlier + second.intercept, wanted, weight)
    return Platt(first.slope / second.slope, added / second.slope)


def added_to_expect(log_odds: Floats, expected: float, weight: Floats) -> float:
    """Return what makes, added to all log-odds (n,), so many failures expected: at most `_FARTHEST`."""

    def beyond(lift: float) -> float:
        return float(np.dot(weight, sigmoid(log_odds + lift))) - expected

    if beyond(_FARTHEST) <= 0:
        return _FARTHEST
    return -_FARTHEST if beyond(-_FARTHEST) >= 0 else float(brentq(beyond, -_FARTHEST, _FARTHEST))


def risen_by(
    lines: PlattLines, margin: Floats, directions: Sequence[str], weight: Floats, expected: float
) -> float:
    """Return how much too high margins (n,) are for so many failures to be expected: at most `_FARTHEST`."""

    def beyond(rise: float) -> float:
        return float(np.dot(weight, probabilities(lines, margin - rise, directions))) - expected

    if beyond(_FARTHEST) >= 0:
        return _FARTHEST
    return -_FARTHEST if beyond(-_FARTHEST) <= 0 else float(brentq(beyond, -_FARTHEST, _FARTHEST))


def calibrate_to(margin: Floats, chance: Floats, directions: Sequence[str], weight: Floats) -> PlattLines:
    """Fit a Platt line to the chances (n,) of failing of lines that stand for `weight` lines each.

    One for each direction, one over all where there is no line of a direction.
    """
    way = np.asarray(directions, dtype=str)
    lines = {}
    for direction in Direction:
        among = way == direction
        among = among if among.any() else np.ones(len(way), dtype=bool)
        lines[direction] = _line_through(margin[among], chance[among], weight[among])
    return lines


def _line_through(margin: Floats, chance: Floats, weight: Floats) -> Platt:
    """Return the likeliest line, or the flattest that expects as many failures: `flat` tells it."""
    slope, intercept = calibration_line(chance, sigmoid(margin), weight)
    if np.isfinite(slope) and slope > _FLATTEST:
        return Platt(slope, intercept)
    return Platt(_FLATTEST, added_to_expect(_FLATTEST * margin, float(np.dot(weight, chance)), weight))


def flat(lines: PlattLines) -> list[str]:
    """Name the directions in which chances do not rise with the margin, or in which none differs."""
    return [str(direction) for direction, line in lines.items() if line.slope <= 1.001 * _FLATTEST]


def probabilities(lines: PlattLines, margin: Floats, directions: Sequence[str]) -> Floats:
    """Return calibrated probabilities (n,)."""
    way = [lines[Direction(direction)] for direction in directions]
    slopes, intercepts = (np.array([getattr(line, name) for line in way]) for name in ("slope", "intercept"))
    return sigmoid(intercepts + slopes * margin)


def slope_holds(
    positive: Mask, probability: Floats, rule: CalibrationPolicy, clusters: Clusters | None = None
) -> tuple[bool, float, float]:
    """Say whether the slope of later outcomes on calibrated log-odds may be near 1; with slope and error.

    It holds while its 95 % interval touches the allowed range, so that few positives do not refuse by chance.
    A slope that cannot be told does not hold. Where `clusters` are too few for an interval the error is NaN,
    and only a slope at the least or below does not hold.
    """
    weight = np.ones(len(positive))
    line = calibration_line(positive.astype(np.float64), probability, weight)
    if not np.isfinite(line[0]):
        return False, line[0], np.nan
    slope, error = line[0], _slope_error(positive, probability, line, clusters)
    apart = slope - 1.96 * error > rule.slope[1] or slope + 1.96 * error < rule.slope[0]
    return bool(slope > rule.least_slope and not apart), slope, error


def _slope_error(
    positive: Mask, probability: Floats, line: tuple[float, float], clusters: Clusters | None
) -> float:
    """Return the standard error of a line's slope; NaN where clusters are too few.

    By how much it differs when each cluster in turn is left out (one Newton step from the whole; known as
    CR3), and no less than if lines were unlike each other.
    """
    x = log_odds_of(probability)
    fitted = sigmoid(line[0] * x + line[1])
    spread, missed = fitted * (1 - fitted), positive - fitted
    away = x - float(np.average(x, weights=spread + 1e-300))
    turns = np.dot(spread, away**2)
    by_line = float(1.0 / np.sqrt(max(turns, 1e-12)))
    if clusters is None or clusters.many == len(clusters):
        return by_line
    if clusters.rarer(positive) < FEWEST_CLUSTERS:
        return float("nan")
    others, mixed = spread.sum() - clusters.sums(spread), -clusters.sums(spread * away)
    turning = turns - clusters.sums(spread * away**2)
    lifts, pulls = clusters.sums(missed), clusters.sums(missed * away)
    curved = np.maximum(others * turning - mixed**2, 1e-12)
    without = (others * pulls - mixed * lifts) / curved
    return max(by_line, float(np.sqrt((1 - 1 / clusters.many) * np.dot(without, without))))
