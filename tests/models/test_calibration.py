from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import Platt, fit_platt, log_odds_of, probability_of, sigmoid
from models.errors import CalibrationError


def drawn(slope: float, intercept: float, rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    margin = random.normal(-2, 1.5, rows)
    return margin, (random.random(rows) < sigmoid(intercept + slope * margin)).astype(int)


@pytest.mark.parametrize(("slope", "intercept"), [(0.6, -0.5), (1.0, 0.0), (1.4, 0.7)])
def test_a_fit_on_many_rows_finds_slope_and_intercept(slope: float, intercept: float) -> None:
    line = fit_platt(*drawn(slope, intercept, 60_000))
    assert line.slope == pytest.approx(slope, abs=0.05)
    assert line.intercept == pytest.approx(intercept, abs=0.1)


def test_fewer_than_fifty_positives_fit_the_intercept_only() -> None:
    margin, _ = drawn(1, 0, 1000)
    y = np.zeros(1000, int)
    y[:49] = 1
    line = fit_platt(margin, y)
    assert line.slope == 1.0
    assert sigmoid(line.log_odds(margin)).mean() == pytest.approx(0.05, abs=0.002)


def test_the_slope_is_shrunk_to_one() -> None:
    margin, y = drawn(3.0, 0.0, 600)
    assert y.sum() >= 50
    assert 1.0 < fit_platt(margin, y).slope < 3.0


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 400), rate=st.floats(0, 1))
def test_any_fold_gives_a_finite_line_with_a_positive_slope(seed: int, rows: int, rate: float) -> None:
    random = np.random.default_rng(seed)
    line = fit_platt(random.normal(0, 3, rows), random.random(rows) < rate)
    assert line.slope > 0
    assert np.isfinite(line.intercept)


def test_margins_that_rank_backwards_keep_a_positive_slope() -> None:
    margin, y = drawn(1.0, 0.0, 5000)
    assert fit_platt(-margin, y).slope > 0


def test_a_weight_counts_like_repeated_rows() -> None:
    margin, y = drawn(0.8, 0.2, 2000)
    twice = fit_platt(np.r_[margin, margin], np.r_[y, y])
    weighted = fit_platt(margin, y, np.full(2000, 2.0))
    assert weighted.slope == pytest.approx(twice.slope, abs=0.02)


def test_no_rows_give_the_identity() -> None:
    assert fit_platt(np.zeros(0), np.zeros(0)) == Platt(1.0, 0.0)


@pytest.mark.parametrize(
    ("margin", "y", "weight"),
    [([0.0, np.nan], [0, 1], None), ([0.0], [0, 1], None), ([0.0, 1.0], [0, 2], None), ([0.0], [1], [-1.0])],
)
def test_what_cannot_be_calibrated_is_refused(margin: list, y: list, weight: list | None) -> None:
    with pytest.raises(CalibrationError):
        fit_platt(np.array(margin), np.array(y), None if weight is None else np.array(weight))


def test_a_slope_that_is_not_positive_is_refused() -> None:
    with pytest.raises(CalibrationError, match="positive"):
        Platt(slope=0.0)


def test_extreme_log_odds_neither_overflow_nor_leave_the_unit_interval() -> None:
    np.testing.assert_array_equal(sigmoid(np.array([-1e4, 0.0, 1e4])), [0.0, 0.5, 1.0])


def test_log_odds_and_probabilities_lead_to_one_another_and_stay_finite() -> None:
    log_odds = np.linspace(-20, 20, 81)
    np.testing.assert_allclose(log_odds_of(sigmoid(log_odds)), log_odds, atol=1e-6)
    assert np.isfinite(log_odds_of(np.array([0.0, 1.0]))).all()
    assert [probability_of(float(each)) for each in log_odds] == pytest.approx(sigmoid(log_odds), abs=1e-15)
