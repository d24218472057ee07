"""The counts of one tally as they now stand: three levels and the loose changes; replaced, never changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.entities import TALLIES
from features.history.keys import Integers, tally_spec
from features.history.level import Corrections, Level, empty_level
from features.history.loose import (
    CAPACITY,
    Loose,
    add_loose,
    level_of_changes,
    level_of_loose,
    room_for_loose,
)
from features.history.merge import merge_levels
from features.history.newborn import Newborn, add_births
from features.history.pointers import address_table
from features.history.query import FIRST, LAST, LAST_FAILED, Answer, Query, no_counts
from features.history.search import search
from features.history.sweep import Sweep
from features.instants import DAY

FEW = 512
"""Fewer rows are always searched for."""

_PASSED = 32
"""How many events are passed by in the time of searching for a row."""

_GROWTH = 32
"""The newest level joins the middle one when it holds more than a 1/_GROWTH of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What was counted before each line's instant: rows n, entities E and windows W of the tally, M measures.

    `windows` int64 (n, E, W, 1 + M): the count, then the measures in fixed point. `first` and `last` int64
    (n, E) are the births of the oldest and newest event counted, `last_failed` of the newest that failed
    (inspections only); -1 for none. Zeros and -1 where the line names no such entity.
    """

    windows: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    last_failed: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True, eq=False)
class TallyState:
    """One tally's levels, the largest first, and the first `size` of its loose changes."""

    tally: str
    levels: tuple[Level, Level, Level]
    loose: Loose
    size: int
    level_table: NDArray[np.int64]
    loose_table: NDArray[np.int64]

    @classmethod
    def of(cls, tally: str, base: Level) -> TallyState:
        """Start from one level."""
        declared = TALLIES[tally]
        nothing = empty_level(len(declared.entities), len(declared.measures))
        return cls._with(tally, (base, nothing, nothing), room_for_loose(len(declared.measures)))

    @classmethod
    def _with(cls, tally: str, levels: tuple[Level, Level, Level], loose: Loose) -> TallyState:
        filled = [level for level in levels if len(level.keys)]
        return cls(tally, levels, loose, 0, address_table(filled), address_table([loose]))

    @property
    def has_failures(self) -> bool:
        """Whether the first measure is of failures, so that the last one is told."""
        return TALLIES[self.tally].measures[0] == "failed"

    def with_changes(self, changes: Corrections) -> TallyState:
        """Return the state with more changes; they may stay loose while they are few."""
        if not len(changes.keys):
            return self
        entities = len(TALLIES[self.tally].entities)
        size = self.size + len(changes.keys)
        if size <= CAPACITY:
            loose = add_loose(self.loose, self.size, changes)
            table = self.loose_table if loose is self.loose else address_table([loose])
            return replace(self, loose=loose, size=size, loose_table=table)
        return self.settled()._with_level(level_of_changes(changes, entities))

    def with_births(self, births: Newborn) -> TallyState:
        """Return the state with more births, few enough to stay loose."""
        spec = tally_spec(self.tally)
        if self.size and self.size + len(births.born) * len(spec.seeds) > CAPACITY:
            return self.settled().with_births(births)
        if self.loose.filled[0] != self.size:
            return self._rewritten().with_births(births)
        size = add_births(self.loose_table, self.size, spec, births)
        return replace(self, size=size)

    def _rewritten(self) -> TallyState:
        """Return the state with loose changes of its own, for others were written behind these."""
        nothing = Corrections._make(column[:0] for column in self.loose[: len(Corrections._fields)])
        loose = add_loose(self.loose, self.size, nothing)
        return replace(self, loose=loose, loose_table=address_table([loose]))

    def settled(self) -> TallyState:
        """Return the state with nothing loose."""
        if not self.size:
            return self
        return self._with_level(level_of_loose(self.loose, self.size, len(TALLIES[self.tally].entities)))

    def _with_level(self, level: Level) -> TallyState:
        """Return the state with a further level, which holds all that was loose, and nothing loose."""
        base, middle, newest = self.levels
        newest = merge_levels(newest, level)
        if weight(newest) * _GROWTH > weight(middle):
            declared = TALLIES[self.tally]
            middle = merge_levels(middle, newest)
            newest = empty_level(len(declared.entities), len(declared.measures))
        room = room_for_loose(self.loose.change.shape[1] - 1)
        return self._with(self.tally, (base, middle, newest), room)

    def tail(self) -> Level:
        """Return all that stands behind the largest level, nothing being loose."""
        return merge_levels(self.levels[1], self.levels[2])

    @property
    def tail_weight(self) -> int:
        """How many events and corrections stand behind the largest level."""
        return weight(self.levels[1]) + weight(self.levels[2]) + self.size

    def query(self, keys: NDArray[np.uint64], as_of: Integers) -> Query:
        """Return the query for rows of keys (rows, entities) at their instants."""
        return Query(keys, np.ascontiguousarray(as_of, dtype=np.int64), window_lengths(self.tally))

    def count(self, query: Query) -> Counts:
        """Count for each row: by searching for few rows, by sweeping through time for many."""
        if not self.is_worth_sweeping(len(query.keys)):
            return self.search(query)
        return self.sweep(query, self.begin_sweep())

    def is_worth_sweeping(self, rows: int) -> bool:
        """Whether to pass by all that is counted costs less than to search for so many rows."""
        counted = sum(len(level.born) for level in self.levels)
        return rows >= FEW and _PASSED * rows * len(TALLIES[self.tally].entities) >= counted

    def search(self, query: Query) -> Counts:
        """Count for each row by itself."""
        answer = self._no_counts(query)
        search(self.level_table, self.loose_table, self.size, query, answer)
        return self._counts(query, answer)

    def begin_sweep(self) -> Sweep:
        """Return a sweep before the first event."""
        levels = self.settled().levels
        return Sweep(levels, window_lengths(self.tally), failures=self.has_failures)

    def sweep(self, query: Query, sweep: Sweep) -> Counts:
        """Count for the next rows of a sweep."""
        return self._counts(query, sweep.count(query))

    def _no_counts(self, query: Query) -> Answer:
        return no_counts(query, self.loose.change.shape[1] - 1, failures=self.has_failures)

    def _counts(self, query: Query, answer: Answer) -> Counts:
        cells = answer.cells
        windows = cells[..., :FIRST].reshape(*cells.shape[:2], len(query.lengths), -1)
        failed = cells[..., LAST_FAILED] if self.has_failures else None
        return Counts(windows, cells[..., FIRST], cells[..., LAST], failed)


def weight(level: Level) -> int:
    """Return how many events and corrections a level holds."""
    return len(level.born) + len(level.c_born)


def window_lengths(tally: str) -> Integers:
    """Return a tally's windows in microseconds, -1 for everything known."""
    lengths = [-1 if days is None else days * DAY for days in TALLIES[tally].windows]
    return np.array(lengths, dtype=np.int64)
