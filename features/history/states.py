"""States of keys: the cells that a row asking now is to get, behind the key, in whole lines of the cache.

A state is a run of `width` numbers: the key, then the cells of an Answer, then what fills the last line.
Positions are unsigned and loops are written out: ranges of unsigned numbers, and signed positions, which may
count from the end, take twice the time here.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Hashes, Integers
from features.history.prefetch import prefetch
from features.history.query import FIRST, NEVER
from features.history.stream import AHEAD, LINE, Directory, Slots, Stream
from features.kernel import inlined

KEY = 1
"""Numbers of a state before its cells."""

CELLS, ENDS, ONE = (np.uint64(each) for each in (KEY, -FIRST, 1))
"""Where a state's cells begin, how many of the last tell of ends, and one."""

_AHEAD, _LINE = np.uint64(AHEAD), np.uint64(LINE)
_1, _2, _3, _4, _5, _6, _7 = (np.uint64(place) for place in range(1, 8))

States: TypeAlias = tuple[Slots, Integers, np.uint64]
"""The slots of a stream's events and the states of all slots, each as one row; how wide a state is."""


def width_of(cells: int) -> int:
    """Return how many numbers a state of so many cells takes."""
    return -(-(KEY + cells) // LINE) * LINE


def new_states(directory: Directory, cells: int) -> NDArray[np.int64]:
    """Return the states before anything happened, int64 (states, width), each beginning a line."""
    width, slots = width_of(cells), len(directory.keys)
    room = np.zeros((slots + 1) * width, dtype=np.int64)
    skipped = -room.ctypes.data // room.itemsize % LINE
    states = room[skipped : skipped + slots * width].reshape(slots, width)
    states[:, 0] = directory.keys.view(np.int64)
    states[:, KEY + cells + FIRST : KEY + cells] = NEVER
    return states


@inlined
def find_states(
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
            entity += ONE
            at += ONE


@inlined
def own_slot(
    room: Integers, width: np.uint64, slot: np.uint64, key: np.uint64, nothing: np.uint64
) -> np.uint64:
    """Return the state of a key, which stands at `slot` or a little behind, or that of nothing."""
    while np.uint64(room[slot * width]) < key:
        slot += ONE
    return slot if np.uint64(room[slot * width]) == key else nothing


@inlined
def _bring(room: Integers, state: np.uint64, width: np.uint64) -> None:
    end = state + width
    while state < end:
        prefetch(room, np.int64(state))
        state += _LINE


@inlined
def enter(stream: Stream, event: np.uint64, states: States, windows: int, failures: bool) -> None:
    """Let an event into all windows of its keys' states, as their last and perhaps their first."""
    slots, room, width = states
    born, measures = stream.born[event], np.uint64(stream.values.shape[1])
    place, last, length = event, np.uint64(len(slots)), np.uint64(stream.slots.shape[1])
    while place < last:
        _bring(room, np.uint64(slots[place + _AHEAD]) * width, width)
        cell = np.uint64(slots[place]) * width + CELLS
        for _ in range(windows):
            room[cell] += 1
            cell += ONE
            end, measure = cell + measures, np.uint64(0)
            while cell < end:
                room[cell] += stream.values[event, measure]
                cell += ONE
                measure += ONE
        if room[cell] == NEVER:
            room[cell] = born
        room[cell + ONE] = born
        if failures and stream.values[event, 0] > 0:
            room[cell + ONE + ONE] = born
        place += length


@inlined
def leave(stream: Stream, event: np.uint64, states: States, begin: np.uint64) -> None:
    """Let an event out of the window whose cells begin at `begin` of its keys' states."""
    slots, room, width = states
    place, last, length = event, np.uint64(len(slots)), np.uint64(stream.slots.shape[1])
    measures = np.uint64(stream.values.shape[1])
    while place < last:
        prefetch(room, np.int64(np.uint64(slots[place + _AHEAD]) * width + begin))
        cell, measure = np.uint64(slots[place]) * width + begin, np.uint64(0)
        room[cell] -= 1
        while measure < measures:
            cell += ONE
            room[cell] -= stream.values[event, measure]
            measure += ONE
        place += length


@inlined
def hand_out(room: Integers, state: np.uint64, out: Integers, begin: np.uint64, width: np.uint64) -> None:
    """Copy a state, line by line: all of a line is read before any of it is written, so as one number."""
    end = begin + width
    while begin < end:
        a, b, c, d = room[state], room[state + _1], room[state + _2], room[state + _3]
        e, f, g, h = room[state + _4], room[state + _5], room[state + _6], room[state + _7]
        out[begin], out[begin + _1], out[begin + _2], out[begin + _3] = a, b, c, d
        out[begin + _4], out[begin + _5], out[begin + _6], out[begin + _7] = e, f, g, h
        begin += _LINE
        state += _LINE


@inlined
def add_up(room: Integers, state: np.uint64, out: Integers, begin: np.uint64, cells: np.uint64) -> None:
    """Add a state's counts to those handed out and widen the ends; as unsigned numbers -1 is the greatest."""
    begin += CELLS
    state += CELLS
    ends = begin + cells - ENDS
    while begin < ends:
        out[begin] += room[state]
        begin += ONE
        state += ONE
    out[begin] = np.int64(min(np.uint64(out[begin]), np.uint64(room[state])))
    out[begin + ONE] = max(out[begin + ONE], room[state + ONE])
    out[begin + ONE + ONE] = max(out[begin + ONE + ONE], room[state + ONE + ONE])
