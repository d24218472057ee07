"""A history asked by blocks of rows in the order of time, which goes on at each where it stopped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Hashed, Integers, all_keys, hash_lines, hash_texts, tally_spec
from features.history.parties import look_up
from features.history.standing import Standing
from features.history.state import Counts
from features.history.sweep import Sweep
from features.lines import Lines


class HashedLines:
    """The hashes of the lines that were last asked about, made once for all tallies."""

    def __init__(self) -> None:
        self._last: tuple[Lines, Hashed] | None = None

    def of(self, lines: Lines) -> Hashed:
        """Return the hashes of some lines."""
        last = self._last
        if last is None or last[0] is not lines:
            last = self._last = (lines, hash_lines(lines))
        return last[1]


class Journey:
    """What a history says of `rows` lines that are asked about block by block; for one thread."""

    def __init__(self, standing: Standing, rows: int) -> None:
        self._standing = standing
        self._rows = rows
        self._hashes = HashedLines()
        self._sweeps: dict[str, Sweep] = {}

    def counts(self, tally: str, lines: Lines, as_of: Integers) -> Counts:
        """Count as `History.counts` does; a block before an earlier one costs a new start."""
        state = self._standing.tallies[tally]
        query = state.query(all_keys(tally_spec(tally), self._hashes.of(lines)), as_of)
        if not state.is_worth_sweeping(self._rows):
            return state.search(query)
        if tally not in self._sweeps:
            self._sweeps[tally] = state.begin_sweep()
        return state.sweep(query, self._sweeps[tally])

    def parties(self, lines: Lines, column: str, as_of: Integers) -> dict[str, NDArray[np.float64]]:
        """Return what `History.parties` does."""
        return look_up(self._standing.parties, hash_texts(lines.coded(column))[0], as_of)
