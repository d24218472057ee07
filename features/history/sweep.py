"""Counts for many rows: one pass through time, in which events enter the windows of their keys and leave.

Each key of a level has a state: the cells that a row asking now is to get. An event changes the states of its
keys when it enters and once more for each window that it leaves; a row reads those of its own. Events and
rows come in the order of time, so that nothing is searched for and all but the states is read in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.history.corrected import (
    Corrected,
    Reached,
    correct,
    corrected_of,
    doubts_of,
    none_reached,
)
from features.history.ends import set_doubted_ends
from features.history.keys import Integers
from features.history.level import Level
from features.history.loose import room_for_loose
from features.history.pointers import Table, address_table, loose_at
from features.history.query import FIRST, Answer, Query, no_counts
from features.history.states import (
    CELLS,
    ENDS,
    KEY,
    ONE,
    States,
    add_up,
    enter,
    find_states,
    hand_out,
    leave,
    new_states,
    own_slot,
    width_of,
)
from features.history.stream import Directory, Stream, directory_of, stream_of
from features.kernel import inlined, int64, kernel

ROWS = 256
"""How many rows have their keys found, and their states asked for, together."""

_ALWAYS, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max

Doubts: TypeAlias = NDArray[np.uint8]
Happened: TypeAlias = tuple[Stream, Corrected]


class Pass(NamedTuple):
    """How far one level was passed through.

    `passed` int64 (1 + windows,) are the positions in the stream up to which events entered, and left each
    window, `reached` is the same of corrections. `states` int64 (states, numbers) holds every state of the
    directory; `failures` (1,) says whether the last failed is sought.
    """

    passed: Integers
    reached: Reached
    states: NDArray[np.int64]
    failures: Integers


class Sweep:
    """Counts of some levels for rows that come in the order of time, some of them at each call."""

    def __init__(self, levels: Sequence[Level], lengths: Integers, *, failures: bool) -> None:
        self._measures = levels[0].sums.shape[1]
        self._levels = [level for level in levels if len(level.keys)]
        self._lengths = lengths
        self._cells = len(lengths) * (1 + self._measures) - FIRST
        self._failures = failures
        self._parts = [
            ((stream_of(level), corrected_of(level)), directory_of(level)) for level in self._levels
        ]
        self._start()

    def _start(self) -> None:
        failures = np.array([self._failures], dtype=np.int64)
        self._passes = [
            Pass(
                np.zeros(1 + len(self._lengths), dtype=np.int64),
                none_reached(each, len(self._lengths)),
                new_states(each, self._cells),
                failures,
            )
            for _, each in self._parts
        ]
        self._reached = _ALWAYS

    def count(self, query: Query) -> Answer:
        """Return the counts of each row.

        Rows before the last instant of an earlier call make it start over.
        """
        if not len(query.as_of) or not self._levels:
            return no_counts(query, self._measures, failures=self._failures)
        order = _by_instant(query.as_of)
        if query.as_of[order[0]] < self._reached:
            self._start()
        self._reached = query.as_of[order[-1]]
        told = np.empty((*query.keys.shape, width_of(self._cells)), dtype=np.int64)
        doubts = np.zeros(query.keys.shape, dtype=np.uint8)
        for depth, (part, so_far) in enumerate(zip(self._parts, self._passes, strict=True)):
            pass_through(*part, so_far, (query, order), (told, doubts), depth == 0)
        cells = told[..., KEY : KEY + self._cells]
        answer = Answer(cells, np.array([self._failures], dtype=np.int64))
        if np.any(doubts):
            nothing = address_table([room_for_loose(self._measures)])
            _set_ends(address_table(self._levels), nothing, query, answer, doubts)
        return answer


def _by_instant(as_of: Integers) -> Integers:
    if np.all(as_of[1:] >= as_of[:-1]):
        return np.arange(len(as_of))
    return np.argsort(as_of, kind="stable")


@kernel
def pass_through(
    happened: Happened,
    directory: Directory,
    so_far: Pass,
    asked: tuple[Query, Integers],
    told: tuple[NDArray[np.int64], Doubts],
    first: bool,
) -> None:
    """Let events enter and leave up to each row's instant, and hand the states of its keys out.

    The `first` level writes over what is there, any other adds to it. Corrections may leave ends in doubt.
    """
    (stream, corrected), (query, order) = happened, asked
    doubting = len(corrected.known) > 0
    room, out, doubts = so_far.states.reshape(-1), told[0].reshape(-1), told[1].reshape(-1)
    width, cells = np.uint64(so_far.states.shape[1]), np.uint64(_cells_of(stream, query))
    states = (stream.slots.reshape(-1), room, width)
    keys, entities = query.keys.reshape(-1), np.uint64(query.keys.shape[1])
    found = np.empty(ROWS * query.keys.shape[1], dtype=np.uint64)
    nothing = np.uint64(len(so_far.states) - 1)
    due = _ALWAYS
    for begin in range(0, len(order), ROWS):
        rows = order[begin : begin + ROWS]
        find_states(directory, query.keys, rows, (room, width), found)
        for place in range(len(rows)):
            row = np.uint64(rows[place])
            if query.as_of[row] > due:
                due = _advance(happened, so_far, states, query.lengths, query.as_of[row])
            cell, end, at = row * entities, row * entities + entities, np.uint64(place) * entities
            while cell < end:
                slot = own_slot(room, width, found[at], keys[cell], nothing)
                if first:
                    hand_out(room, slot * width, out, cell * width, width)
                else:
                    add_up(room, slot * width, out, cell * width, cells)
                if doubting and directory.corrected[slot]:
                    ends = slot * width + CELLS + cells - ENDS
                    doubts[cell] |= doubts_of(so_far.reached.births[slot], room, ends)
                cell += ONE
                at += ONE


@inlined
def _cells_of(stream: Stream, query: Query) -> int:
    return len(query.lengths) * (1 + stream.values.shape[1]) - FIRST


@inlined
def _advance(happened: Happened, so_far: Pass, states: States, lengths: Integers, instant: int) -> int:
    """Let events and corrections in and out; returns the instant up to which nothing more happens."""
    stream, corrected = happened
    due = _move(stream, so_far, states, lengths, instant)
    if len(corrected.known) == 0:
        return due
    asking, failures = (lengths, instant), so_far.failures[0] != 0
    return min(due, correct(corrected, so_far.reached, states[1:], asking, failures))


@inlined
def _move(stream: Stream, so_far: Pass, states: States, lengths: Integers, instant: int) -> int:
    """Let events born before an instant enter, and leave the windows that end behind them.

    Returns the instant up to which nothing more enters or leaves.
    """
    born, passed = stream.born, so_far.passed
    event, events = np.uint64(passed[0]), np.uint64(len(born))
    while event < events and born[event] < instant:
        enter(stream, event, states, len(lengths), so_far.failures[0] != 0)
        event += ONE
    passed[0] = event
    due = born[event] if event < events else _NEVER
    cell = CELLS
    for window in range(len(lengths)):
        if lengths[window] >= 0:
            limit, event = instant - lengths[window], np.uint64(passed[1 + window])
            while event < events and born[event] < limit:
                leave(stream, event, states, cell)
                event += ONE
            passed[1 + window] = event
            if event < events:
                due = min(due, born[event] + lengths[window])
        cell += np.uint64(1 + stream.values.shape[1])
    return due


@kernel
def _set_ends(levels: Table, nothing: Table, query: Query, answer: Answer, doubts: Doubts) -> None:
    loose = loose_at(nothing)
    for row in range(len(query.as_of)):
        for entity in range(query.keys.shape[1]):
            if doubts[row, entity]:
                set_doubted_ends(levels, loose, int64(0), query, (row, entity, doubts[row, entity]), answer)
