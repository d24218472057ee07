"""More complaints than the year lets expect: a count model for each heading and hazard, no fixed threshold.

`burst` judges a cell by the age of each of its complaints, `surprise` many cells by their counts alone.

The rate of a cell is Gamma distributed, started from the policy's prior and updated by the cell's own year
without its last 30 days, so that a burst does not hide itself. What the last days should bring is then
negative binomial; it is widened by how unevenly the cell's weeks came (variance over mean).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

WINDOWS = (7, 30)
_YEAR, _LATEST = 365, 30


@dataclass(frozen=True, slots=True)
class Prior:
    """What a cell is taken for before its own year is seen: so many complaints in so many days."""

    events: float
    days: float


def burst(
    ages: NDArray[np.float64], days: int, prior: Prior, exposure: float = _YEAR - _LATEST
) -> tuple[int, float, float]:
    """Return observed, expected and p-value of one cell's last `days`.

    `ages` are the complaints' ages in days at the instant asked about (0 and more; older than a year and
    negative ones are left out); `prior` says what to start from, `exposure` for how many days before the last
    30 complaints were heard at all, at most a year's.
    """
    past = ages[(ages >= _LATEST) & (ages < _YEAR)]
    observed = int(((ages >= 0) & (ages < days)).sum())
    events = prior.events + len(past)
    expected = days * events / (prior.days + exposure)
    chance = _chance(np.array([float(observed)]), np.array([expected]), events, _unevenness(past))
    return observed, expected, float(chance[0])


def surprise(
    observed: NDArray[np.float64],
    past: NDArray[np.float64],
    exposure: NDArray[np.float64],
    days: NDArray[np.float64],
    doubt: tuple[Prior, float],
) -> NDArray[np.float64]:
    """Return how surprising the last days' complaints are: minus the decimal logarithm of the p-value.

    All of one shape or broadcast to it: `observed` complaints of the last days, `past` ones in the `exposure`
    days before the last 30. `doubt` is what to start from, and variance over mean of the weeks. 0 where
    nothing was observed, at most 10.
    """
    prior, unevenness = doubt
    events = prior.events + past
    expected = days * events / (prior.days + exposure)
    chance = _chance(observed, expected, events, unevenness)
    return np.asarray(np.minimum(-np.log10(np.maximum(chance, 1e-10)), MOST_SURPRISE)) + 0.0


MOST_SURPRISE = 10.0


def _chance(
    observed: NDArray[np.float64],
    expected: NDArray[np.float64],
    events: NDArray[np.float64] | float,
    unevenness: float,
) -> NDArray[np.float64]:
    """Return the chance of as many or more, negative binomial."""
    variance = unevenness * (expected + expected**2 / events)
    size = expected**2 / (variance - expected)
    failed = expected / (size + expected)
    return np.where(observed > 0, betainc(np.maximum(observed, 1.0), size, failed), 1.0)


def _unevenness(past: NDArray[np.float64]) -> float:
    """Variance over mean of the weekly counts, at least 1, shrunk to 1 where few complaints say little."""
    weeks = np.histogram(past, bins=np.arange(_LATEST, _YEAR + 1, 7))[0]
    mean = weeks.mean()
    if mean == 0:
        return 1.0
    trust = len(past) / (len(past) + 10)
    return max(1.0, 1.0 + trust * (weeks.var(ddof=1) / mean - 1.0))
