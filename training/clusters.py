"""Lines of one enterprise resemble each other, so that what is drawn again are enterprises and not lines.

With lines drawn one by one, what chance did to one large enterprise would seem to be known beyond doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.lines import Lines

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """The enterprise `of` each of n lines, numbered from 0 to `many` - 1."""

    of: Places
    many: int

    @classmethod
    def by_consignee(cls, lines: Lines) -> Clusters:
        """Number the consignees of n lines; a line without one is alone."""
        return cls.named(lines["consignee"])

    @classmethod
    def named(cls, names: Iterable[object]) -> Clusters:
        """Number names in the order in which they first occur; None is nobody else's."""
        seen: dict[object, int] = {}
        keys = (at if name is None else str(name) for at, name in enumerate(names))
        return cls(np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.intp), len(seen))

    @classmethod
    def alone(cls, lines: int) -> Clusters:
        """Let each of n lines stand for itself."""
        return cls(np.arange(lines), lines)

    def __len__(self) -> int:
        return len(self.of)

    def take(self, rows: NDArray[np.bool_] | Places) -> Clusters:
        """Return the clusters of the lines of a mask, or at some places, numbered anew."""
        kept, of = np.unique(self.of[rows], return_inverse=True)
        return Clusters(of, len(kept))

    def rarer(self, positive: NDArray[np.bool_]) -> int:
        """Count the enterprises with a failure among n lines, or those with a pass where they are fewer.

        Figures rest on them: of a few, resamples are nearly alike, and whatever they say beyond doubt.
        """
        return min(len(np.unique(self.of[positive])), len(np.unique(self.of[~positive])))

    def weights(self, resamples: int, seed: int = 0) -> Iterator[Floats]:
        """Yield how often each line (n,) is in each resample: as often as its cluster."""
        random = np.random.default_rng(seed)
        for _ in range(resamples):
            yield drawn(random, self.many)[self.of]

    def sums(self, values: Floats) -> Floats:
        """Add values (n,) up within each cluster, (many,)."""
        return np.bincount(self.of, weights=values, minlength=self.many).astype(np.float64)


def drawn(random: np.random.Generator, shape: int | tuple[int, int], share: float = 1.0) -> Floats:
    """Draw how often each cluster is in a resample of as many as there are, or of a share of them."""
    return random.poisson(share, shape).astype(np.float64)
