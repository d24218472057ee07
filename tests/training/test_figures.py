from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from training.clusters import Clusters
from training.figures import (
    FEWEST_CLUSTERS,
    average_precision,
    calibration_line,
    figures,
    intervals,
    paired_difference,
)

ROWS = st.integers(min_value=2, max_value=60)


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(ROWS)
    positive = draw(hnp.arrays(bool, n))
    positive[0], positive[1] = True, False
    # Few distinct values, so that ties are the rule.
    score = draw(hnp.arrays(np.int64, n, elements=st.integers(1, 9))) / 10
    return positive, score


@given(judged())
def test_ranking_figures_equal_scikit_learns_with_ties_too(case: tuple[np.ndarray, np.ndarray]) -> None:
    positive, score = case
    found = figures(positive, score)
    assert found["average_precision"] == pytest.approx(average_precision_score(positive, score))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(positive, score))
    assert found["brier"] == pytest.approx(brier_score_loss(positive, score))


def test_precision_and_recall_count_the_riskiest_lines() -> None:
    positive = np.zeros(100, dtype=bool)
    positive[[0, 1, 2, 7, 50]] = True
    found = figures(positive, np.linspace(0.9, 0.1, 100))
    assert found["precision_at_5pct"] == pytest.approx(3 / 5)
    assert found["recall_at_5pct"] == pytest.approx(3 / 5)
    assert found["precision_at_10pct"] == pytest.approx(4 / 10)
    assert found["precision_at_1pct"] == 1.0


def calibrated(rows: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    probability = random.beta(1, 8, rows)
    return random.random(rows) < probability, probability


def test_true_probabilities_have_slope_one_and_as_many_failures_as_expected() -> None:
    positive, probability = calibrated(60_000)
    found = figures(positive, probability)
    assert found["calibration_slope"] == pytest.approx(1, abs=0.05)
    assert found["calibration_intercept"] == pytest.approx(0, abs=0.1)
    assert found["observed_over_expected_top_5pct"] == pytest.approx(1, abs=0.07)


def test_the_calibration_line_is_the_logistic_regression_on_log_odds() -> None:
    positive, probability = calibrated(3_000)
    x = np.log(probability / (1 - probability))[:, np.newaxis] * 1.7 + 0.4
    found = figures(positive, 1 / (1 + np.exp(-x[:, 0])))
    fitted = LogisticRegression(C=1e12).fit(x, positive)
    assert found["calibration_slope"] == pytest.approx(fitted.coef_[0, 0], rel=1e-3)
    assert found["calibration_intercept"] == pytest.approx(fitted.intercept_[0], abs=1e-3)


@given(
    st.lists(st.floats(0.01, 0.99), min_size=2, max_size=20, unique=True).map(sorted),
    st.integers(1, 19), st.booleans(), st.booleans(), st.integers(1, 1_000),
)  # fmt: skip
def test_where_both_outcomes_lie_apart_no_slope_is_told(
    told: list[float], cut: int, tied: bool, turned: bool, times: int
) -> None:
    """No slope is steep enough for them, nor where one value alone has both."""
    probability, edge = np.array(told), min(cut, len(told) - 1)
    positive = (np.arange(len(told)) >= edge).astype(float)
    if tied:
        probability, positive = np.append(probability, told[edge]), np.append(positive, 0.0)
    positive = 1 - positive if turned else positive
    assert np.isnan(calibration_line(positive, probability, np.full(len(positive), times / 7))).all()


@given(st.integers(4, 200), st.integers(0, 10**6), st.floats(0.2, 3))
def test_a_calibration_line_that_is_told_is_the_likeliest(rows: int, seed: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(-1, spread, rows)
    positive, weight = (random.random(rows) < 1 / (1 + np.exp(-x))).astype(float), random.random(rows) + 0.1
    slope, intercept = calibration_line(positive, 1 / (1 + np.exp(-x)), weight)
    if not np.isfinite(slope):
        risky, safe = x[positive == 1], x[positive == 0]
        apart = not len(risky) or not len(safe) or risky.min() >= safe.max() or risky.max() <= safe.min()
        assert apart, "a slope can be told"
        return
    missed = weight * (positive - 1 / (1 + np.exp(-(slope * x + intercept))))
    assert missed.sum() == pytest.approx(0, abs=1e-5)
    assert (missed * x).sum() == pytest.approx(0, abs=1e-5)


def test_intervals_hold_the_figure_and_are_the_same_every_time() -> None:
    positive, probability = calibrated(2_000)
    found, bounds = figures(positive, probability), intervals(positive, probability, resamples=60)
    assert bounds == intervals(positive, probability, resamples=60)
    for name in ("roc_auc", "average_precision", "precision_at_10pct", "brier"):
        assert bounds[name][0] < found[name] < bounds[name][1]


def test_without_failures_figures_are_nan_and_not_an_error() -> None:
    found = figures(np.zeros(10, dtype=bool), np.linspace(0.1, 0.2, 10))
    assert np.isnan(found["average_precision"])
    assert np.isnan(found["roc_auc"])
    assert found["brier"] > 0


def test_a_score_does_not_differ_from_itself_and_beats_noise_beyond_doubt() -> None:
    positive, probability = calibrated(2_000)
    assert paired_difference(positive, probability, probability, resamples=50) == (0, 0, 0)
    noise = np.random.default_rng(0).random(2_000)
    gain, low, high = paired_difference(positive, probability, noise, resamples=100)
    assert low < gain < high
    assert low > 0
    assert gain == pytest.approx(
        average_precision(positive, probability) - average_precision(positive, noise)
    )


def test_consignees_are_numbered_and_a_line_without_one_is_alone() -> None:
    found = Clusters.named(["A", None, "B", "A", None, "2"])
    assert found.of.tolist() == [0, 1, 2, 0, 3, 4]
    assert found.many == 5
    part = found.take(np.array([False, True, False, True, True, True]))
    assert part.of.tolist() == [1, 0, 2, 3]
    assert part.many == 4
    weights = list(found.weights(50, seed=3))
    assert all(weight[0] == weight[3] for weight in weights)
    assert any(weight[1] != weight[4] for weight in weights)
    assert found.sums(np.arange(6.0)).tolist() == [3, 1, 2, 4, 5]


def test_intervals_are_as_wide_as_if_each_enterprise_were_one_line() -> None:
    """Ten copies of each line say no more than the line, if they are known to be copies."""
    positive, probability = calibrated(400)
    once = intervals(positive, probability)["roc_auc"]
    ten = np.repeat(positive, 10), np.repeat(probability, 10)
    copies = Clusters.named(np.repeat(np.arange(400), 10))
    assert intervals(*ten, clusters=copies)["roc_auc"] == pytest.approx(once, abs=1e-9)
    low, high = intervals(*ten)["roc_auc"]
    assert high - low < (once[1] - once[0]) / 2


@pytest.mark.parametrize("enterprises", [1, 2, 4])
def test_a_few_enterprises_do_not_tell_chance_nor_do_their_lines_in_their_place(enterprises: int) -> None:
    random = np.random.default_rng(3)
    positive = random.random(120) < 0.2
    ours, theirs = (random.random(120) for _ in range(2))
    told = Clusters(np.arange(120) % enterprises, enterprises)
    gain, low, high = paired_difference(positive, ours, theirs, clusters=told, resamples=100)
    by_line = paired_difference(positive, ours, theirs, resamples=100)
    assert gain == by_line[0], "the figure itself is as ever"
    assert np.isfinite(by_line).all(), "lines that nobody knows the enterprises of are drawn as ever"
    assert np.isnan([low, high]).all()
    bounds = intervals(positive, ours, clusters=told, resamples=20)
    assert set(bounds) == set(figures(positive, ours))
    assert np.isnan(list(bounds.values())).all()


@pytest.mark.parametrize("rare", [True, False])
def test_enterprises_with_the_rarer_outcome_are_counted(rare: bool) -> None:
    """Of forty enterprises with a few that fail resamples differ only by these, and by their passes."""
    owner = np.repeat(np.arange(40), 5)
    score = np.random.default_rng(3).random(200)
    for failing, told in ((FEWEST_CLUSTERS - 1, False), (FEWEST_CLUSTERS, True)):
        positive = (owner < failing) == rare
        found = intervals(positive, score, clusters=Clusters(owner, 40), resamples=20)["roc_auc"]
        assert np.isfinite(found).all() == told
        assert Clusters(owner, 40).rarer(positive) == failing


@pytest.mark.parametrize("shift", [-4.0, -2.0, 2.0, 3.0, 4.0])
def test_the_calibration_line_is_found_from_far_off(shift: float) -> None:
    margin = np.random.default_rng(4).normal(-3, 1, 4_000)
    chance = 1 / (1 + np.exp(-(margin + shift)))
    slope, intercept = calibration_line(chance, 1 / (1 + np.exp(-margin)), np.ones(len(margin)))
    assert (slope, intercept) == pytest.approx((1.0, shift), abs=1e-6)
