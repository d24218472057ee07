"""How unlikely what a source reported is, when sources and enterprises are allowed to differ honestly."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import nbinom


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A source or an enterprise, what it reported and what was expected of it.

    `kind` is office, laboratory, selected_by or enterprise; `counted` what was counted (failures, or passes
    of an enterprise) and `p` its probability, two-sided, if nothing is wrong.
    """

    kind: str
    name: str
    counted: str
    lines: int
    observed: int
    expected: float
    p: float

    @property
    def ratio(self) -> float:
        """Return observed over expected, half a case added to both so that none has no ratio of 0."""
        return (self.observed + 0.5) / (self.expected + 0.5)

    def to_dict(self) -> dict[str, Any]:
        """Return the suspicion as JSON values."""
        return {**asdict(self), "ratio": self.ratio}


def tail(observed: int, expected: float, variance: float) -> float:
    """Return the two-sided probability of a count whose mean varies between sources.

    The mean is gamma distributed around `expected` with the relative variance given, so that the count is
    negative binomial: honest sources that differ are not suspects.
    """
    shape = 1.0 / variance
    share = 1.0 / (1.0 + expected * variance)
    above = float(nbinom.sf(observed - 1, shape, share))
    below = float(nbinom.cdf(observed, shape, share))
    return min(1.0, 2.0 * min(above, below))


def relative_variance(observed: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], least: float) -> float:
    """Return by how much sources differ beyond chance: the median of what each one says, `least` at least."""
    enough = expected >= 3.0
    if enough.sum() < 4:
        return least
    told = ((observed[enough] - expected[enough]) ** 2 - expected[enough]) / expected[enough] ** 2
    return max(least, float(np.median(told)))
