"""A history as it would be, had further inspections of the line's goods and parties passed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.entities import INSPECTED
from features.facts import Floats, Instants, KnownCounts, KnownHistory
from features.lines import Lines

_COUNT = 0
_LABORATORY = 1 + INSPECTED.measures.index("laboratory")


@dataclass(frozen=True, slots=True)
class _Counts:
    windows: Instants
    first: Instants
    last: Instants
    last_failed: Instants | None


@dataclass(frozen=True, slots=True, eq=False)
class WithPasses:
    """What `history` knows, and for each line so many inspections more that passed just before the instant.

    passes, laboratory: int64 (n,), how many passed and how many of those in the laboratory. They count for
    every entity that the line names, as the inspection of a line just like it would.
    """

    history: KnownHistory
    passes: NDArray[np.int64]
    laboratory: NDArray[np.int64]

    def counts(self, tally: str, lines: Lines, as_of: Instants) -> KnownCounts:
        """Return the counts of a tally with the further passes in those of inspections."""
        known = self.history.counts(tally, lines, as_of)
        if tally != INSPECTED.name:
            return known
        windows = known.windows.copy()
        windows[..., _COUNT] += self.passes[:, None, None]
        windows[..., _LABORATORY] += self.laboratory[:, None, None]
        passed = (self.passes > 0)[:, None]
        last = np.where(passed, as_of[:, None] - 1, known.last)
        first = np.where(passed & (known.first < 0), last, known.first)
        return _Counts(windows, first, last, known.last_failed)

    def parties(self, lines: Lines, column: str, as_of: Instants) -> dict[str, Floats]:
        """Return what is known of the parties, which passes do not change."""
        return dict(self.history.parties(lines, column, as_of))
