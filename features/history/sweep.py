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

from features.history.ends import set_exact_ends
from features.history.keys import Integers
from features.history.level import Level
from features.history.loose import room_for_loose
from features.history.pointers import CORRECTED, Table, address_table, integers, loose_at
from features.history.query import FIRST, Answer, Query, no_counts
from features.history.sorting import first_from
from features.history.states import (
    CELLS,
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
from features.history.windows import add_corrections_beyond, slot_of
from features.kernel import inlined, int64, kernel

ROWS = 256
"""How many rows have their keys found, and their states asked for, together."""

_ALWAYS, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max

Flags: TypeAlias = NDArray[np.bool_]


class Pass(NamedTuple):
    """How far one level was passed through.

    `passed` int64 (1 + windows,) are the positions in the stream up to which events entered, and left each
    window. `states` int64 (states, numbers) holds every state of the directory; `failures` (1,) says whether
    the last failed is sought.
    """

    passed: Integers
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
        self._parts = [(stream_of(level), directory_of(level)) for level in self._levels]
        self._reached_by = [
            _reached_by(np.array(each.corrected), np.array(each.c_known)) for each in self._levels
        ]
        self._start()

    def _start(self) -> None:
        failures = np.array([self._failures], dtype=np.int64)
        self._passes = [
            Pass(np.zeros(1 + len(self._lengths), dtype=np.int64), new_states(each, self._cells), failures)
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
        corrected = np.zeros(query.keys.shape, dtype=np.bool_)
        for depth, (level, part, so_far) in enumerate(
            zip(self._levels, self._parts, self._passes, strict=True)
        ):
            manner = (depth == 0, _is_corrected(level))
            pass_through(*part, so_far, (query, order), (told, corrected), manner)
        cells = told[..., KEY : KEY + self._cells]
        answer = Answer(cells, np.array([self._failures], dtype=np.int64))
        if np.any(corrected):
            self._correct(query, answer, corrected)
        return answer

    def _correct(self, query: Query, answer: Answer, corrected: Flags) -> None:
        """Add the corrections to the counts of flagged rows, and search for their ends."""
        table = address_table(self._levels)
        for depth, level in enumerate(self._levels):
            if _is_corrected(level):
                part = (depth, self._reached_by[depth])
                _add_corrections(table, part, query, answer.cells, corrected)
        nothing = address_table([room_for_loose(self._measures)])
        _set_ends(table, nothing, query, answer, corrected)


def _is_corrected(level: Level) -> bool:
    return bool(level.latest[0] >= 0)


def _by_instant(as_of: Integers) -> Integers:
    if np.all(as_of[1:] >= as_of[:-1]):
        return np.arange(len(as_of))
    return np.argsort(as_of, kind="stable")


@kernel
def pass_through(
    stream: Stream,
    directory: Directory,
    so_far: Pass,
    asked: tuple[Query, Integers],
    told: tuple[NDArray[np.int64], Flags],
    manner: tuple[bool, bool],
) -> None:
    """Let events enter and leave up to each row's instant, and hand the states of its keys out.

    `manner` says whether this is the first level, which writes over what is there while any other adds to it,
    and whether keys with corrections are to be flagged.
    """
    query, order = asked
    first, flagging = manner
    room, out, flags = so_far.states.reshape(-1), told[0].reshape(-1), told[1].reshape(-1)
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
                due = _move(stream, so_far, states, query.lengths, query.as_of[row])
            cell, end, at = row * entities, row * entities + entities, np.uint64(place) * entities
            while cell < end:
                slot = own_slot(room, width, found[at], keys[cell], nothing)
                if first:
                    hand_out(room, slot * width, out, cell * width, width)
                else:
                    add_up(room, slot * width, out, cell * width, cells)
                if flagging and directory.corrected[slot]:
                    flags[cell] = True
                cell += ONE
                at += ONE


@inlined
def _cells_of(stream: Stream, query: Query) -> int:
    return len(query.lengths) * (1 + stream.values.shape[1]) - FIRST


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
def _reached_by(starts: Integers, known: Integers) -> Integers:
    """Return, for each correction, from when on it and all before it of its key hold."""
    for slot in range(len(starts) - 1):
        for place in range(starts[slot] + 1, starts[slot + 1]):
            known[place] = max(known[place], known[place - 1])
    return known


@kernel
def _add_corrections(
    levels: Table, part: tuple[int, Integers], query: Query, cells: NDArray[np.int64], corrected: Flags
) -> None:
    """Add the corrections of one level to the cells of the rows that have some in any.

    `part` is the level's depth and `_reached_by` of it: what holds altogether is a difference of sums.
    """
    depth, reached_by = part
    starts = integers(levels, depth, CORRECTED)
    for row in range(len(query.as_of)):
        instant = query.as_of[row]
        for entity in range(query.keys.shape[1]):
            if not corrected[row, entity]:
                continue
            slot = slot_of(levels, depth, entity, query.keys[row, entity])
            if slot >= 0 and starts[slot] < starts[slot + 1]:
                held = first_from(reached_by, starts[slot], starts[slot + 1], instant)
                span = (starts[slot], held, starts[slot + 1])
                add_corrections_beyond(levels, depth, span, (instant, query.lengths), cells[row, entity])


@kernel
def _set_ends(levels: Table, nothing: Table, query: Query, answer: Answer, corrected: Flags) -> None:
    loose = loose_at(nothing)
    for row in range(len(query.as_of)):
        for entity in range(query.keys.shape[1]):
            if corrected[row, entity]:
                set_exact_ends(levels, loose, int64(0), query, (row, entity), answer)
