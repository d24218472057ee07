"""Draws that everything shares: named random streams, and weighted choices by look-up in a running sum."""

from __future__ import annotations

import zlib
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one named part of the world: adding a draw in one part moves no other."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def zipf_weights(count: int, exponent: float, offset: float) -> Floats:
    """Return `count` falling weights that sum to 1."""
    weights = (np.arange(1, count + 1) + offset) ** -exponent
    return np.asarray(weights / weights.sum())


def pick(rng: np.random.Generator, weights: ArrayLike, size: int) -> Ints:
    """Draw `size` positions in proportion to `weights`."""
    running = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = np.searchsorted(running, rng.random(size) * running[-1], side="right")
    return np.minimum(drawn, len(running) - 1).astype(np.int64)


class Grouped:
    """Weighted members of groups: draws a member of each asked group in one pass.

    `group` must be sorted; positions returned are those of the members in that order.
    """

    def __init__(self, group: Ints, weights: Floats, groups: int) -> None:
        self.starts = np.searchsorted(group, np.arange(groups + 1))
        self.running = np.concatenate([[0.0], np.cumsum(weights)])

    def sizes(self) -> Ints:
        """Return how many members each group has."""
        return np.diff(self.starts).astype(np.int64)

    def pick(self, rng: np.random.Generator, wanted: Ints) -> Ints:
        """Draw one member of each wanted group; empty groups raise ValueError."""
        first, end = self.starts[wanted], self.starts[wanted + 1]
        if (first == end).any():
            raise ValueError(f"group {wanted[first == end][0]} has no members")
        low, high = self.running[first], self.running[end]
        drawn = np.searchsorted(self.running, low + rng.random(len(wanted)) * (high - low), side="right") - 1
        return np.clip(drawn, first, end - 1).astype(np.int64)


def chance(rng: np.random.Generator, share: float | Floats, size: int) -> Flags:
    """Draw `size` flags that are true with probability `share`."""
    return np.asarray(rng.random(size) < share)
