"""Reasons that nobody recorded: how much more often a chosen line fails than its features say.

Who looks at goods sees more than is declared. In a line's standing with those who choose, measured in
standard deviations of their unrecorded reasons, a line that would fail stands `size` higher than one like
it that would pass. A line that was hardly ever chosen but was chosen all the same must have had such a
reason, so it fails more often than others like it; one that is chosen nearly always tells nothing by it.
Lines that the law or a random draw selected tell nothing by it either: `size` is what reconciles them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtri

from models.calibration import sigmoid

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST = 5
"""Failures among the chosen lines, and among the others, below which nothing can be told."""
SPREAD = 0.5
"""The standard deviation of the normal prior, around nothing, of the size."""
SLOPE_SPREAD = 0.25
_LARGEST = 3.0


@dataclass(frozen=True, slots=True)
class Hint:
    """How much unrecorded reasons know of the outcome; `measured` is false where records cannot tell."""

    size: float = 0.0
    measured: bool = False


def lift(chance: Floats, size: float) -> Floats:
    """Return by how much being chosen raises the log-odds of lines (n,) that are chosen with this chance.

    It is what a failing line's chance of being chosen has over a passing one's, as the logarithm of their
    ratio: nothing for a size of 0, nothing for those chosen in any case.
    """
    standing = ndtri(np.clip(chance, 1e-9, 1 - 1e-9))
    return np.asarray(log_ndtr(standing + size) - log_ndtr(standing), dtype=np.float64)


def fit_hint(margin: Floats, positive: Mask, chosen: Mask, chance: Floats) -> Hint:
    """Measure the size from out-of-sample margins (n,), outcomes, who was chosen, and with what chance.

    Margins are calibrated by a line at the same time, so that their scale does not pass for a reason.
    """
    told = np.asarray(positive, dtype=np.float64)
    fewest = min((told[part].sum() for part in (chosen, ~chosen)), default=0)
    if fewest < FEWEST or not (~positive).any():
        return Hint()
    standing = ndtri(np.clip(chance, 1e-9, 1 - 1e-9))
    before = log_ndtr(standing)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        intercept, slope, size = parameters
        after = log_ndtr(standing + size)
        z = intercept + slope * margin + np.where(chosen, after - before, 0.0)
        excess = sigmoid(z) - told
        steep = np.where(chosen, np.exp(-0.5 * (standing + size) ** 2 - after) / np.sqrt(2 * np.pi), 0.0)
        pulls = (slope - 1.0) / SLOPE_SPREAD**2, size / SPREAD**2
        value = np.sum(np.logaddexp(0.0, z) - told * z) + 0.5 * (pulls[0] * (slope - 1.0) + pulls[1] * size)
        gradient = [excess.sum(), excess @ margin + pulls[0], excess @ steep + pulls[1]]
        return float(value), np.array(gradient)

    bounds = [(None, None), (0.05, 20.0), (-_LARGEST, _LARGEST)]
    found = minimize(loss, [0.0, 1.0, 0.0], jac=True, method="L-BFGS-B", bounds=bounds)
    return Hint(float(found.x[2]), True)
