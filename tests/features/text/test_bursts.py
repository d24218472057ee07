"""A burst is told from an even or an uneven year by its probability, not by a threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from features.text.bursts import WINDOWS, Prior, burst, surprise


def even(rng, yearly, days=365):
    return rng.uniform(0, days, rng.poisson(yearly * days / 365))


@pytest.mark.parametrize("yearly", [3, 30, 300])
@pytest.mark.parametrize("days", WINDOWS)
def test_an_even_year_seldom_looks_like_a_burst(yearly, days):
    rng = np.random.default_rng(1)
    chances = [burst(even(rng, yearly), days, Prior(0.5, 0.5 * 365 / yearly))[2] for _ in range(400)]
    assert np.mean(np.array(chances) <= 0.05) <= 0.08
    assert np.mean(np.array(chances) <= 0.01) <= 0.03


def test_an_uneven_year_is_forgiven_its_uneven_weeks():
    rng = np.random.default_rng(2)

    def lumpy():
        return np.concatenate(
            [start + rng.uniform(0, 3, 6) for start in rng.uniform(0, 362, rng.poisson(25))]
        )

    chances = np.array([burst(lumpy(), 7, Prior(0.5, 0.5 * 365 / 150))[2] for _ in range(300)])
    assert np.mean(chances <= 0.01) <= 0.06


def test_a_real_burst_stands_out_from_quiet_cells():
    rng = np.random.default_rng(3)
    prior = Prior(0.5, 0.5 * 365 / 6)
    quiet = [burst(even(rng, 6), 7, prior)[2] for _ in range(300)]
    observed, expected, chance = burst(np.concatenate([even(rng, 6), rng.uniform(0, 7, 9)]), 7, prior)
    assert observed >= 9 > 9 * expected
    assert chance < 1e-5 < min(quiet)


def test_a_cell_without_a_past_leans_on_its_prior():
    sure = Prior(50.0, 50.0 * 335 / 10)
    assert burst(np.array([1.0]), 7, sure)[2] > 0.05
    assert burst(np.array([1.0, 2.0, 3.0, 4.0]), 7, sure)[2] < 0.001
    assert burst(np.array([]), 7, sure)[2] == 1.0


def test_what_lies_ahead_or_beyond_a_year_does_not_count():
    prior = Prior(1.0, 100.0)
    plain = burst(np.array([3.0, 100.0]), 7, prior)
    assert burst(np.array([-1.0, 3.0, 100.0, 400.0]), 7, prior) == plain


@given(
    st.lists(st.floats(0, 364), max_size=60),
    st.sampled_from([7, 30]),
    st.floats(1, 335),
)
def test_counts_alone_surprise_as_much_as_ages_of_evenly_spread_complaints(ages, days, exposure):
    """`surprise` is minus the logarithm of the p-value of scipy's negative binomial, cell by cell."""
    aged = np.array(ages)
    observed, past = float((aged < days).sum()), float(((aged >= 30) & (aged < 365)).sum())
    prior, unevenness = Prior(0.5, 365.0), 1.5
    found = surprise(*(np.array([x]) for x in (observed, past, exposure, float(days))), (prior, unevenness))
    rate = (prior.events + past) / (prior.days + exposure)
    expected = days * rate
    variance = unevenness * (expected + expected**2 / (prior.events + past))
    size = expected**2 / (variance - expected)
    chance = nbinom.sf(observed - 1, size, size / (size + expected)) if observed else 1.0
    assert found[0] == pytest.approx(min(-np.log10(max(chance, 1e-10)), 10.0), abs=1e-6)


def test_more_complaints_surprise_more_and_a_busy_year_surprises_less():
    def of(observed, past):
        numbers = (np.array([float(x)]) for x in (observed, past, 335, 7))
        return surprise(*numbers, (Prior(0.5, 365.0), 1.5))[0]

    assert of(0, 3) == 0
    assert of(1, 3) < of(3, 3) < of(9, 3)
    assert of(5, 3) > of(5, 60)
