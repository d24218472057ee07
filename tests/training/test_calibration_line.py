"""The line of outcomes on log-odds, held against scikit-learn's logistic regression."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from training.figures import calibration_line, figures, intervals

SEEDS = st.integers(0, 10**6)
CENTRES = st.floats(-9, 9)
SPREADS = st.floats(-3, 1.5).map(lambda power: float(np.exp(power)))
SLOPES = st.builds(
    lambda power, sign: sign * float(np.exp(power)), st.floats(-3, 2.5), st.sampled_from([-1, 1])
)
ROWS = st.sampled_from([4, 20, 300, 3_000])


def weights(random: np.random.Generator, rows: int, kind: str) -> np.ndarray:
    drawn = {
        "alike": np.ones(rows), "spread": random.exponential(size=rows) * 300,
        "small": random.random(rows) / 1e4, "drawn again": random.poisson(1.0, rows).astype(float),
    }  # fmt: skip
    return drawn[kind]


KINDS = st.sampled_from(["alike", "spread", "small", "drawn again"])


def oracle(positive: np.ndarray, x: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Fit chances as lines that fail and pass in part, on log-odds brought to mean 0 and spread 1."""
    centre, spread = x.mean(), x.std()
    both = np.append(x, x)[:, np.newaxis]
    parts = np.append(weight * positive, weight * (1 - positive)) / weight.mean()
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=500)
    model.fit((both - centre) / spread, np.repeat([1, 0], len(x)), sample_weight=parts)
    slope = float(model.coef_[0, 0]) / spread
    return slope, float(model.intercept_[0]) - slope * centre


def apart(positive: np.ndarray, x: np.ndarray) -> bool:
    """Say whether some threshold parts failures from passes, those on it aside; slow on purpose."""
    return any(
        bool((sign * x[positive == 1] >= sign * at).all() and (sign * x[positive == 0] <= sign * at).all())
        for at in x
        for sign in (-1, 1)
    )


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.tuples(CENTRES, SPREADS, SLOPES), ROWS, KINDS, st.booleans())
def test_the_line_is_that_of_logistic_regression_wherever_log_odds_lie(
    seed: int, made: tuple[float, float, float], rows: int, kind: str, chances: bool
) -> None:
    centre, spread, slope = made
    random = np.random.default_rng(seed)
    x = np.clip(centre + spread * random.normal(size=rows), -20, 20)
    chance = expit(np.clip(slope * (x - centre) + random.normal(-1, 1.5), -12, 12))
    positive = chance if chances else (random.random(rows) < chance).astype(float)
    weight = weights(random, rows, kind)
    told = calibration_line(positive, expit(x), weight)
    counted = weight > 0
    assume(counted.sum() > 1)
    if not chances and apart(positive[counted], x[counted]):
        assert np.isnan(told).all()
        return
    assert np.isfinite(told).all(), "a slope can be told"
    expected = oracle(positive[counted], x[counted], weight[counted])
    ends = x[counted].min(), x[counted].max()
    steep = abs(expected[0]) * (ends[1] - ends[0])
    for at in ends:
        # Log-odds at both ends of the lines: there slope and level count.
        assert told[0] * at + told[1] == pytest.approx(expected[0] * at + expected[1], abs=1e-3 * (1 + steep))


@pytest.mark.parametrize("centre", [-5.0, -4.0, -3.0])
@pytest.mark.parametrize("spread", [0.3, 0.4, 0.7])
@pytest.mark.parametrize("slope", [0.2, 0.5, 2.0, 2.5, 4.0])
def test_rare_failures_with_a_slope_far_from_one_have_their_line(
    centre: float, spread: float, slope: float
) -> None:
    margin = centre + spread * np.random.default_rng(0).normal(size=2_000)
    told = calibration_line(expit(centre + slope * (margin - centre)), expit(margin), np.ones(len(margin)))
    assert told == pytest.approx((slope, centre * (1 - slope)), abs=1e-6)


def test_few_failures_far_from_slope_one_have_a_slope_and_whole_intervals() -> None:
    random = np.random.default_rng(6)
    x = -5 + 0.6 * random.normal(size=3_000)
    positive = random.random(3_000) < expit(2.3 * (x + 5) - 4.6)
    slope = figures(positive, expit(x))["calibration_slope"]
    low, high = intervals(positive, expit(x), resamples=100)["calibration_slope"]
    assert slope == pytest.approx(oracle(positive.astype(float), x, np.ones(3_000))[0], abs=1e-4)
    assert slope > 2, "far from 1"
    assert high - slope > 0.5 * (slope - low), "draws of a steep slope count like others"


def test_a_single_overlap_is_enough_for_a_slope_however_steep() -> None:
    x = np.append(np.linspace(-8, -4.002, 60), np.linspace(-4, 2, 60))
    positive = np.append(np.zeros(59), [1.0, 0.0, *np.ones(59)])
    slope, level = calibration_line(positive, expit(x), np.ones(120))
    assert slope > 10
    missed = positive - expit(slope * x + level)
    assert abs(missed.sum()) < 1e-6
    assert abs((missed * x).sum()) < 1e-6


def test_lines_that_count_for_nothing_do_not_part_nor_join_outcomes() -> None:
    x, positive = np.array([-3.0, -2.0, -1.0, 0.0]), np.array([1.0, 0.0, 1.0, 1.0])
    assert np.isfinite(calibration_line(positive, expit(x), np.ones(4))).all()
    assert np.isnan(calibration_line(positive, expit(x), np.array([0.0, 1, 1, 1]))).all()
    assert np.isnan(calibration_line(positive, expit(x), np.zeros(4))).all()


def test_log_odds_that_are_all_one_but_for_rounding_tell_no_slope() -> None:
    x = -4 + 1e-12 * np.arange(50)
    assert np.isnan(calibration_line(np.linspace(0.1, 0.2, 50), expit(x), np.ones(50))).all()
