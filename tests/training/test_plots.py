"""The calibration picture holds results against what the gate holds them against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from scipy.stats import binomtest

from models.calibration import log_odds_of, sigmoid
from training.clusters import Clusters
from training.foretold import Foretold
from training.plots import draw_calibration, new_axes, share_interval

ROWS = 20_000


def lines(rows: int = ROWS) -> Foretold:
    """Lines that were chosen: they fail as is expected of chosen ones, more often than the like of them."""
    random = np.random.default_rng(3)
    told = sigmoid(random.normal(-3.5, 1.0, rows))
    given = sigmoid(log_odds_of(told) + 1.2)
    return Foretold(random.random(rows) < given, told, given, Clusters.alone(rows))


def interval_of(given: Foretold) -> tuple[float, float]:
    return share_interval(given.positive, given.given, given.clusters)


def drawn(given: Foretold) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places, values and (low, high) of the tenths."""
    ax = new_axes()
    draw_calibration(ax, given)
    (found,) = (each for each in ax.containers if isinstance(each, ErrorbarContainer))
    ends = np.array([segment[:, 1] for segment in found.lines[2][0].get_segments()])
    return np.asarray(found.lines[0].get_xdata()), np.asarray(found.lines[0].get_ydata()), ends


def test_results_of_chosen_lines_are_held_against_what_is_expected_of_chosen_lines() -> None:
    expected, observed, ends = drawn(lines())
    assert len(expected) == 10
    assert expected == pytest.approx(observed, abs=0.03)
    assert ((ends[:, 0] <= expected) & (expected <= ends[:, 1])).sum() >= 9
    assert expected.mean() == pytest.approx(lines().given.mean())


def test_a_tenth_without_failures_has_an_interval() -> None:
    none = replace(lines(400), positive=np.zeros(400, dtype=bool))
    _, observed, ends = drawn(none)
    assert not observed.any()
    assert ends[:, 0] == pytest.approx(0.0)
    assert ends[:, 1] == pytest.approx(binomtest(0, 40).proportion_ci().high)


def test_intervals_are_exact_and_wider_where_enterprises_fail_as_one() -> None:
    by_line = lines(600)
    exact = binomtest(int(by_line.positive.sum()), 600).proportion_ci()
    assert interval_of(by_line) == pytest.approx((exact.low, exact.high))
    owners = np.arange(600) // 20
    together = replace(
        by_line,
        positive=np.isin(owners, (0, 3, 7)),
        given=np.full(600, 0.1),
        clusters=Clusters(owners, 30),
    )
    low, high = interval_of(together)
    alone = binomtest(60, 600).proportion_ci()
    assert low < alone.low - 0.03
    assert high > alone.high + 0.03


def test_failures_only_have_an_interval_up_to_one() -> None:
    all_bad = replace(lines(50), positive=np.ones(50, dtype=bool))
    low, high = interval_of(all_bad)
    assert (low, high) == pytest.approx((binomtest(50, 50).proportion_ci().low, 1.0))
