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
from features.history.kernel import inlined, int64, kernel
from features.history.keys import Hashes, Integers
from features.history.level import Level
from features.history.loose import room_for_loose
from features.history.pointers import CORRECTED, Table, address_table, integers, loose_at
from features.history.prefetch import prefetch
from features.history.query import FIRST, NEVER, Answer, Query
from features.history.stream import AHEAD, LINE, Directory, Slots, Stream, directory_of, stream_of
from features.history.windows import add_corrections, slot_of

ROWS = 256
"""How many rows have their keys found, and their states asked for, together."""

_CELLS, _ENDS, _AHEAD, _LINE, _ONE = (np.uint64(each) for each in (1, -FIRST, AHEAD, LINE, 1))
"""Where a state's cells begin, how many of the last tell of ends, and the rest as unsigned numbers.

Positions are unsigned and loops are written out: ranges of unsigned numbers, and signed positions, which may
count from the end, take twice the time here.
"""

Flags: TypeAlias = NDArray[np.bool_]

States: TypeAlias = tuple[Slots, Integers, np.uint64]
"""The slots of a stream's events and the states of all slots, each as one row; how wide a state is."""


class Pass(NamedTuple):
    """How far one level was passed through.

    `passed` int64 (1 + windows,) are the positions in the stream up to which events entered, and left each
    window. `states` int64 (states, numbers) holds key and cells, these as in an Answer, of every state of the
    directory; `failures` (1,) says whether the last failed is sought.
    """

    passed: Integers
    states: NDArray[np.int64]
    failures: Integers


class Sweep:
    """Counts of some levels for rows that come in the order of time, some of them at each call."""

    def __init__(self, levels: Sequence[Level], lengths: Integers, *, failures: bool) -> None:
        self._levels = [level for level in levels if len(level.keys)]
        self._lengths = lengths
        self._failures = failures
        self._parts = [(stream_of(level), directory_of(level)) for level in self._levels]
        self._start()

    def _start(self) -> None:
        windows, failures = len(self._lengths), self._failures
        cells = [windows * (1 + stream.values.shape[1]) - FIRST for stream, _ in self._parts]
        self._passes = [
            start_pass(directory, size, windows, failures=failures)
            for (_, directory), size in zip(self._parts, cells, strict=True)
        ]
        self._reached = np.iinfo(np.int64).min

    def count(self, query: Query, answer: Answer) -> None:
        """Write the counts of each row over what is in the answer.

        Rows before the last instant of an earlier call make it start over.
        """
        if not self._levels:
            answer.cells[..., :FIRST], answer.cells[..., FIRST:] = 0, NEVER
        if not len(query.as_of) or not self._levels:
            return
        order = _by_instant(query.as_of)
        if query.as_of[order[0]] < self._reached:
            self._start()
        self._reached = query.as_of[order[-1]]
        corrected = np.zeros(query.keys.shape, dtype=np.bool_)
        table = address_table(self._levels)
        for depth, ((stream, directory), so_far) in enumerate(zip(self._parts, self._passes, strict=True)):
            pass_through(stream, directory, so_far, (query, order, depth == 0), (answer.cells, corrected))
            if self._levels[depth].latest[0] >= 0:
                _correct(table, depth, query, answer.cells, corrected)
        if np.any(corrected):
            nothing = address_table([room_for_loose(self._levels[0].sums.shape[1])])
            _set_ends(table, nothing, query, answer, corrected)


def _by_instant(as_of: Integers) -> Integers:
    if np.all(as_of[1:] >= as_of[:-1]):
        return np.arange(len(as_of))
    return np.argsort(as_of, kind="stable")


def start_pass(directory: Directory, cells: int, windows: int, *, failures: bool) -> Pass:
    """Return the states before anything happened, each beginning a line of the cache."""
    width = -(-(1 + cells) // LINE) * LINE
    slots = len(directory.keys)
    room = np.zeros((slots + 1) * width, dtype=np.int64)
    skipped = -room.ctypes.data // room.itemsize % LINE
    states = room[skipped : skipped + slots * width].reshape(slots, width)
    states[:, 0] = directory.keys.view(np.int64)
    states[:, 1 + cells + FIRST : 1 + cells] = NEVER
    return Pass(np.zeros(1 + windows, dtype=np.int64), states, np.array([failures], dtype=np.int64))


@kernel
def pass_through(
    stream: Stream,
    directory: Directory,
    so_far: Pass,
    asked: tuple[Query, Integers, bool],
    told: tuple[NDArray[np.int64], Flags],
) -> None:
    """Let events enter and leave up to each row's instant, and hand its keys' states out to its cells.

    The first level writes over what is there, any other adds to it.
    """
    query, order, first = asked
    cells, corrected = told
    room, out = so_far.states.reshape(-1), cells.reshape(-1)
    width, size = np.uint64(so_far.states.shape[1]), np.uint64(cells.shape[2])
    slots, entities = stream.slots.reshape(-1), np.uint64(query.keys.shape[1])
    keys, flags = query.keys.reshape(-1), corrected.reshape(-1)
    found = np.empty(ROWS * query.keys.shape[1], dtype=np.uint64)
    for begin in range(0, len(order), ROWS):
        rows = order[begin : begin + ROWS]
        _find_states(directory, query.keys, rows, (room, width), found)
        for place in range(len(rows)):
            row = np.uint64(rows[place])
            _move(stream, so_far, (slots, room, width), query.lengths, query.as_of[row])
            cell, end, at = row * entities, row * entities + entities, np.uint64(place) * entities
            while cell < end:
                slot = _own_slot(room, width, found[at], keys[cell])
                if first:
                    _write_out(room, slot * width + _CELLS, out, cell * size, size)
                else:
                    _add_out(room, slot * width + _CELLS, out, cell * size, size)
                if directory.corrected[slot]:
                    flags[cell] = True
                cell += _ONE
                at += _ONE


@inlined
def _find_states(
    directory: Directory, keys: Hashes, rows: Integers, states: tuple[Integers, np.uint64], found: Hashes
) -> None:
    """Find the first states that some rows' keys may have, and have them brought near."""
    room, width = states
    entities, at = np.uint64(keys.shape[1]), np.uint64(0)
    for place in range(len(rows)):
        row, entity = np.uint64(rows[place]), np.uint64(0)
        while entity < entities:
            bucket = keys[row, entity] >> directory.shifts[entity]
            slot = np.uint64(directory.starts[directory.begins[entity] + bucket])
            found[at] = slot
            _bring(room, slot * width, width)
            entity += _ONE
            at += _ONE


@inlined
def _own_slot(room: Integers, width: np.uint64, slot: np.uint64, key: np.uint64) -> np.uint64:
    """Return the state of a key, which stands at `slot` or a little behind, or the last, of nothing."""
    while np.uint64(room[slot * width]) < key:
        slot += np.uint64(1)
    nothing = np.uint64(len(room)) // width - np.uint64(1)
    return slot if np.uint64(room[slot * width]) == key else nothing


@inlined
def _bring(room: Integers, state: np.uint64, width: np.uint64) -> None:
    end = state + width
    while state < end:
        prefetch(room, np.int64(state))
        state += _LINE


@inlined
def _move(stream: Stream, so_far: Pass, states: States, lengths: Integers, instant: int) -> None:
    """Let events born before an instant enter, and leave the windows that end behind them."""
    born, passed = stream.born, so_far.passed
    event, events = np.uint64(passed[0]), np.uint64(len(born))
    while event < events and born[event] < instant:
        _enter(stream, event, states, len(lengths), so_far.failures[0] != 0)
        event += np.uint64(1)
    passed[0] = event
    cell = _CELLS
    for window in range(len(lengths)):
        if lengths[window] >= 0:
            limit, event = instant - lengths[window], np.uint64(passed[1 + window])
            while event < events and born[event] < limit:
                _leave(stream, event, states, cell)
                event += np.uint64(1)
            passed[1 + window] = event
        cell += np.uint64(1 + stream.values.shape[1])


@inlined
def _enter(stream: Stream, event: np.uint64, states: States, windows: int, failures: bool) -> None:
    slots, room, width = states
    born, measures = stream.born[event], np.uint64(stream.values.shape[1])
    place, last, length = event, np.uint64(len(slots)), np.uint64(stream.slots.shape[1])
    while place < last:
        _bring(room, np.uint64(slots[place + _AHEAD]) * width, width)
        cell = np.uint64(slots[place]) * width + _CELLS
        for _ in range(windows):
            room[cell] += 1
            cell += _ONE
            end, measure = cell + measures, np.uint64(0)
            while cell < end:
                room[cell] += stream.values[event, measure]
                cell += _ONE
                measure += _ONE
        if room[cell] == NEVER:
            room[cell] = born
        room[cell + _ONE] = born
        if failures and stream.values[event, 0] > 0:
            room[cell + _ONE + _ONE] = born
        place += length


@inlined
def _leave(stream: Stream, event: np.uint64, states: States, begin: np.uint64) -> None:
    slots, room, width = states
    place, last, length = event, np.uint64(len(slots)), np.uint64(stream.slots.shape[1])
    measures = np.uint64(stream.values.shape[1])
    while place < last:
        prefetch(room, np.int64(np.uint64(slots[place + _AHEAD]) * width + begin))
        cell, measure = np.uint64(slots[place]) * width + begin, np.uint64(0)
        room[cell] -= 1
        while measure < measures:
            cell += _ONE
            room[cell] -= stream.values[event, measure]
            measure += _ONE
        place += length


@inlined
def _write_out(room: Integers, state: np.uint64, out: Integers, begin: np.uint64, size: np.uint64) -> None:
    end = begin + size
    while begin < end:
        out[begin] = room[state]
        begin += _ONE
        state += _ONE


@inlined
def _add_out(room: Integers, state: np.uint64, out: Integers, begin: np.uint64, size: np.uint64) -> None:
    """Add a state's counts to a row's cells and widen the ends; as unsigned numbers -1 is the greatest."""
    ends = begin + size - _ENDS
    while begin < ends:
        out[begin] += room[state]
        begin += _ONE
        state += _ONE
    out[begin] = np.int64(min(np.uint64(out[begin]), np.uint64(room[state])))
    out[begin + _ONE] = max(out[begin + _ONE], room[state + _ONE])
    out[begin + _ONE + _ONE] = max(out[begin + _ONE + _ONE], room[state + _ONE + _ONE])


@kernel
def _correct(levels: Table, depth: int, query: Query, cells: NDArray[np.int64], corrected: Flags) -> None:
    """Add the corrections of one level to the cells of the rows that have some in any."""
    starts = integers(levels, depth, CORRECTED)
    for row in range(len(query.as_of)):
        for entity in range(query.keys.shape[1]):
            if not corrected[row, entity]:
                continue
            slot = slot_of(levels, depth, entity, query.keys[row, entity])
            if slot >= 0 and starts[slot] < starts[slot + 1]:
                span = (starts[slot], starts[slot + 1])
                add_corrections(levels, depth, span, (query.as_of[row], query.lengths), cells[row, entity])


@kernel
def _set_ends(levels: Table, nothing: Table, query: Query, answer: Answer, corrected: Flags) -> None:
    loose = loose_at(nothing)
    for row in range(len(query.as_of)):
        for entity in range(query.keys.shape[1]):
            if corrected[row, entity]:
                set_exact_ends(levels, loose, int64(0), query, (row, entity), answer)
