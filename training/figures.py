"""Figures by which a ranking of lines and its probabilities are judged, with bootstrap intervals.

Every figure is a function of outcomes, probabilities and row weights; a bootstrap resample is nothing but
other weights, so that the rows are sorted once. Resamples draw `clusters` of lines, such as those of one
enterprise; without them each line is drawn by itself, which takes lines for unlike each other. Where fewer
than `FEWEST_CLUSTERS` failed, or passed, chance cannot be told, and there is no interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.calibration import log_odds_of
from training.clusters import Clusters

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

INSPECTED_SHARES = (0.01, 0.02, 0.05, 0.10)
RESAMPLES = 200
FEWEST_CLUSTERS = 5
"""With a failure, and with a pass, enterprises below which there is no interval."""
NO_INTERVAL = (
    f"不合格或合格的企业不足 {FEWEST_CLUSTERS} 家，不能给出区间",
    f"no interval, as fewer than {FEWEST_CLUSTERS} enterprises failed, or passed",
)
"""What is said in its place, in Chinese and English."""
_INTERVAL = (0.025, 0.975)
_STEPS, _NEAR, _SURE = 100, 1e-6, 1.5
"""Newton's steps at most; how far the last may move any line's log-odds, and how far one is sure to climb."""
_ALIKE, _FLAT = 1e-9, 1e-300
"""How little log-odds differ that are all one; a curvature that is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Lines from the riskiest down: outcome, probability, whether a run of equal ones ends there, and which
    of the given lines it is."""

    positive: Floats
    probability: Floats
    last_of_ties: Mask
    order: NDArray[np.intp]

    @classmethod
    def of(cls, positive: Mask, score: Floats) -> Ranked:
        """Sort n lines by score, ties in their order."""
        order = np.argsort(-np.asarray(score, dtype=np.float64), kind="stable")
        sorted_score = np.asarray(score, dtype=np.float64)[order]
        last = np.append(sorted_score[1:] != sorted_score[:-1], True)
        return cls(np.asarray(positive, dtype=np.float64)[order], sorted_score, last, order)

    def weights(self, given: Floats | None) -> Floats:
        """Put weights (n,) of the given lines in this order; ones where there are none."""
        return np.ones(len(self.order)) if given is None else np.asarray(given, dtype=np.float64)[self.order]


def average_precision(positive: Mask, score: Floats, weight: Floats | None = None) -> float:
    """Return the average precision of a ranking of n lines, each of its weight; NaN without positives."""
    ranked = Ranked.of(positive, score)
    return _average_precision(ranked, ranked.weights(weight))


def figures(positive: Mask, probability: Floats, weight: Floats | None = None) -> dict[str, float]:
    """Return every figure of n lines under its stable name; NaN where it has no meaning.

    `weight` (n,) says how many lines each stands for; figures are those of the weighted lines.
    """
    ranked = Ranked.of(positive, probability)
    return _figures(ranked, ranked.weights(weight))


def intervals(
    positive: Mask,
    probability: Floats,
    weight: Floats | None = None,
    *,
    clusters: Clusters | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Return 95 % bootstrap intervals of every figure over resampled clusters of lines, each line with its
    weight; NaN where clusters are too few."""
    ranked = Ranked.of(positive, probability)
    own = ranked.weights(weight)
    again = _clusters(positive, clusters)
    drawn = [] if again is None else again.weights(resamples, seed)
    told = [_figures(ranked, own * times[ranked.order]) for times in drawn]
    names = told[0] if told else _figures(ranked, own)
    return {name: _interval(np.array([each[name] for each in told])) for name in names}


def paired_difference(
    positive: Mask,
    ours: Floats,
    theirs: Floats,
    *,
    clusters: Clusters | None = None,
    resamples: int = 1_000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Return the difference in average precision of two scores of the same lines, with its 95 % interval, NaN
    where clusters are too few."""
    gains = resampled_gains(positive, ours, theirs, clusters=clusters, resamples=resamples, seed=seed)
    low, high = _interval(gains)
    return average_precision(positive, ours) - average_precision(positive, theirs), low, high


def resampled_gains(
    positive: Mask,
    ours: Floats,
    theirs: Floats,
    *,
    clusters: Clusters | None = None,
    resamples: int,
    seed: int = 0,
) -> Floats:
    """Return by how much one score's average precision is better in each resample (resamples,) of the lines.

    NaN in those without a failure, which say nothing of either, and in all where clusters are too few.
    """
    drawn = resampled_pairs(
        positive, (ours, theirs), shares=(), clusters=clusters, resamples=resamples, seed=seed
    )["average_precision"][1:]
    return np.asarray(drawn[:, 0] - drawn[:, 1])


def resampled_pairs(
    positive: Mask,
    scores: tuple[Floats, Floats],
    *,
    shares: Sequence[float],
    clusters: Clusters | None = None,
    resamples: int,
    seed: int = 0,
) -> dict[str, Floats]:
    """Return both scores' ranking figures of the same lines, as given and in each resample of the lines.

    By stable name float64 (1 + resamples, 2): average precision, precision and recall at the shares; NaN in
    resamples where clusters are too few.
    """
    pair, again = [Ranked.of(positive, score) for score in scores], _clusters(positive, clusters)
    resampled = iter(()) if again is None else again.weights(resamples, seed)
    drawn = [
        [_ranking_figures(ranked, weight[ranked.order], shares) for ranked in pair]
        for weight in chain([np.ones(len(positive))], resampled)
    ]
    untold = [[np.nan, np.nan]] * (resamples if again is None else 0)
    return {name: np.array([[each[name] for each in two] for two in drawn] + untold) for name in drawn[0][0]}


def calibration_line(positive: Floats, probability: Floats, weight: Floats) -> tuple[float, float]:
    """Return slope and intercept of outcomes on the probabilities' log-odds, by weighted maximum likelihood.

    Outcomes (n,) may be chances between 0 and 1. 1 and 0 mean calibrated; NaN where there is no likeliest
    line: one outcome is missing, both lie apart so that no slope is steep enough, or all probabilities are
    one.
    """
    counted = weight > 0
    x, found = log_odds_of(probability[counted]), positive[counted]
    if not _overlap(x, found):
        return np.nan, np.nan
    own = weight[counted] / weight.sum()
    # About their mean slope and level hardly depend on each other: log-odds lie far from 0.
    centre = float(np.dot(own, x))
    slope, level = _likeliest(x - centre, found, own, _lift(probability[counted], found, own) + centre)
    return slope, level - slope * centre


def _likeliest(x: Floats, found: Floats, weight: Floats, level: float) -> tuple[float, float]:
    """Climb to the likeliest slope and level, from slope 1, by Newton's steps; NaN where they do not end."""

    def loss(line: Floats) -> float:
        log_odds = line[0] * x + line[1]
        return float(np.dot(weight, np.logaddexp(0.0, log_odds) - found * log_odds))

    line, ends = np.array([1.0, level]), np.array([x.min(), x.max()])
    for _ in range(_STEPS):
        step = _newton(x, found, weight, line)
        moved = float(np.abs(step[0] * ends + step[1]).max())
        if moved < _NEAR:
            return float(line[0] + step[0]), float(line[1] + step[1])
        while moved > _SURE and loss(line + step) >= loss(line):
            step, moved = step / 2, moved / 2
        line = line + step
    return np.nan, np.nan


def _newton(x: Floats, found: Floats, weight: Floats, line: Floats) -> Floats:
    """Return Newton's step of slope and level, told about the mean of the lines that still say something."""
    fitted = expit(line[0] * x + line[1])
    spread, missed = weight * fitted * (1 - fitted), weight * (found - fitted)
    whole = max(float(spread.sum()), _FLAT)
    mean = float(np.dot(spread, x)) / whole
    away = x - mean
    turn = float(np.dot(missed, away)) / max(float(np.dot(spread, away * away)), _FLAT)
    return np.array([turn, float(missed.sum()) / whole - turn * mean])


def _overlap(x: Floats, found: Floats) -> bool:
    """Say whether failures and passes overlap in log-odds that differ: only then a slope is the likeliest."""
    failed, passed = x[found > 0], x[found < 1]
    if not len(failed) or not len(passed) or np.ptp(x) < _ALIKE:
        return False
    return bool(failed.min() < passed.max() and passed.min() < failed.max())


def _lift(probability: Floats, found: Floats, weight: Floats) -> float:
    """Return about by how much log-odds must rise for as many failures to be expected as came."""
    came, expected = log_odds_of(np.array([np.dot(weight, found), np.dot(weight, probability)]))
    return float(came - expected)


def _figures(ranked: Ranked, weight: Floats) -> dict[str, float]:
    found = {"roc_auc": _roc_auc(ranked, weight), **_ranking_figures(ranked, weight, INSPECTED_SHARES)}
    squared = (ranked.probability - ranked.positive) ** 2
    found["brier"] = _ratio(float(np.dot(weight, squared)), float(weight.sum()))
    slope, intercept = calibration_line(ranked.positive, ranked.probability, weight)
    found |= {"calibration_slope": slope, "calibration_intercept": intercept}
    top = _top(weight, 0.05)
    expected = float(np.dot(top, ranked.probability))
    found["observed_over_expected_top_5pct"] = _ratio(float(np.dot(top, ranked.positive)), expected)
    return found


def _ranking_figures(ranked: Ranked, weight: Floats, shares: Sequence[float]) -> dict[str, float]:
    found = {"average_precision": _average_precision(ranked, weight)}
    for share in shares:
        top = _top(weight, share)
        caught = float(np.dot(top, ranked.positive))
        found[f"precision_at_{share * 100:g}pct"] = _ratio(caught, float(top.sum()))
        found[f"recall_at_{share * 100:g}pct"] = _ratio(caught, float(np.dot(weight, ranked.positive)))
    return found


def _top(weight: Floats, share: float) -> Floats:
    """Weights of the riskiest share of lines: at least one line, the last one counted in part."""
    capacity = max(share * float(weight.sum()), 1.0)
    before = np.cumsum(weight) - weight
    return np.clip(capacity - before, 0.0, weight)


def _average_precision(ranked: Ranked, weight: Floats) -> float:
    caught = np.cumsum(weight * ranked.positive)[ranked.last_of_ties]
    looked = np.cumsum(weight)[ranked.last_of_ties]
    if not len(caught) or not caught[-1]:
        return float("nan")
    precision = np.divide(caught, looked, out=np.zeros_like(caught), where=looked > 0)
    return float(np.dot(np.diff(caught, prepend=0.0), precision) / caught[-1])


def _roc_auc(ranked: Ranked, weight: Floats) -> float:
    true = np.cumsum(weight * ranked.positive)[ranked.last_of_ties]
    false = np.cumsum(weight * (1 - ranked.positive))[ranked.last_of_ties]
    if not len(true) or not true[-1] or not false[-1]:
        return float("nan")
    steps, heights = np.diff(false, prepend=0.0), true - np.diff(true, prepend=0.0) / 2
    return float(np.dot(steps, heights) / (true[-1] * false[-1]))


def _clusters(positive: Mask, told: Clusters | None) -> Clusters | None:
    """Return what is drawn again: clusters, lines where none are told, and nothing where they are too few."""
    if told is None:
        return Clusters.alone(len(positive))
    return None if told.rarer(positive) < FEWEST_CLUSTERS else told


def _interval(values: Floats) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return float("nan"), float("nan")
    low, high = np.quantile(finite, _INTERVAL)
    return float(low), float(high)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
