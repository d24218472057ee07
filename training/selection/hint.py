"""Reasons that nobody recorded: how much more often a chosen line fails than its features say.

Who looks at goods sees more than is declared. In a line's standing with those who choose, measured in
standard deviations of their unrecorded reasons, a line that would fail stands `size` higher than one like
it that would pass. A line that was hardly ever chosen but was chosen all the same must have had such a
reason, so it fails more often than others like it; one that is chosen nearly always tells nothing by it.
Lines that the law or a random draw selected tell nothing by it either: `size` is what reconciles them
(`outcomes`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri

Floats = NDArray[np.float64]

SPREAD = 0.5
"""The standard deviation of the normal prior, around nothing, of the size."""
LARGEST = 3.0


@dataclass(frozen=True, slots=True)
class Hint:
    """How much unrecorded reasons know of the outcome; `measured` is false where records cannot tell."""

    size: float = 0.0
    measured: bool = False


def standing(chance: Floats) -> Floats:
    """Return how high lines (n,) that are chosen with this chance stand with those who choose."""
    return np.asarray(ndtri(np.clip(chance, 1e-9, 1 - 1e-9)))


def lift(chance: Floats, size: float) -> Floats:
    """Return by how much being chosen raises the log-odds of lines (n,) that are chosen with this chance.

    It is what a failing line's chance of being chosen has over a passing one's, as the logarithm of their
    ratio: nothing for a size of 0, nothing for those chosen in any case.
    """
    stands = standing(chance)
    return np.asarray(log_ndtr(stands + size) - log_ndtr(stands), dtype=np.float64)
