"""Counts for many rows: instants in ascending order, so that each key's windows only ever move forward.

Rows go block by block. Within a block they are taken by key, so that one key's numbers stay at hand, and
counted into cells few enough to stay in the cache; then the cells are handed out in the order of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.ends import set_exact_ends
from features.history.kernel import int64, kernel
from features.history.keys import Hashes, Integers
from features.history.level import Level
from features.history.pointers import (
    BLOCKS,
    BORN,
    CORRECTED,
    KEYS,
    LATEST,
    OFFSETS,
    SUMS,
    Table,
    answer_at,
    hashes,
    integers,
    loose_at,
    matrix,
    query_at,
    room_at,
)
from features.history.query import FIRST, LAST, LAST_FAILED, NEVER, Answer, Query, Room
from features.history.sorting import first_from_near, radix_order
from features.history.windows import add_corrections, add_ends, add_span

ROWS = 32_768
"""How many rows go together."""

_UNTOUCHED = int64(-1)


class Block(NamedTuple):
    """Rows on their way: keys and instants in order of time, their positions by key, and their cells.

    The last cell of a row says whether corrections were among what was counted.
    """

    keys: Hashes
    as_of: Integers
    by_key: Integers
    cells: NDArray[np.int64]


def room_for(levels: Sequence[Level], query: Query, answer: Answer) -> Room:
    """Return the room in which `sweep` answers a query from some levels."""
    keys = max(int(np.diff(level.blocks).max(initial=0)) for level in levels)
    cells = np.empty((min(ROWS, len(query.as_of)), answer.cells.shape[2] + 1), dtype=np.int64)
    cursors = np.empty((keys, 1 + len(query.lengths)), dtype=np.int64)
    return Room(_by_instant(query.as_of), cells, cursors)


def _by_instant(as_of: Integers) -> Integers:
    if np.all(as_of[1:] >= as_of[:-1]):
        return np.arange(len(as_of))
    return np.argsort(as_of, kind="stable")


@kernel
def sweep(
    levels: Table, loose_table: Table, query_table: Table, room_table: Table, answer_table: Table
) -> None:
    """Add the counts of every row to the answer; nothing may be loose."""
    loose, query, answer = loose_at(loose_table), query_at(query_table), answer_at(answer_table)
    room = room_at(room_table)
    rows, entities = query.keys.shape
    corrected = np.zeros(rows, dtype=np.bool_)
    for entity in range(entities):
        corrected[:] = False
        for depth in range(len(levels)):
            _sweep_level((levels, depth, entity), query, room, answer, corrected)
        for row in range(rows):
            if corrected[row]:
                set_exact_ends(levels, loose, int64(0), query, (row, entity), answer)


@kernel
def _sweep_level(
    part: tuple[Table, int, int],
    query: Query,
    room: Room,
    answer: Answer,
    corrected: NDArray[np.bool_],
) -> None:
    levels, depth, entity = part
    blocks = integers(levels, depth, BLOCKS)
    keys = blocks[entity + 1] - blocks[entity]
    if keys == 0:
        return
    room.cursors[:keys] = _UNTOUCHED
    counted, cells = room.cells, answer.cells
    for begin in range(0, len(room.order), ROWS):
        rows = room.order[begin : begin + ROWS]
        block = _block_of(query, rows, entity, room.cells)
        _count_block(part, block, query.lengths, room.cursors, answer.failures[0] != 0)
        for place in range(len(rows)):
            _hand_out(counted[place], cells[rows[place], entity])
            corrected[rows[place]] |= counted[place, -1] != 0


@kernel
def _block_of(query: Query, rows: Integers, entity: int, cells: NDArray[np.int64]) -> Block:
    keys, as_of = np.empty(len(rows), dtype=np.uint64), np.empty(len(rows), dtype=np.int64)
    for place in range(len(rows)):
        keys[place] = query.keys[rows[place], entity]
        as_of[place] = query.as_of[rows[place]]
    cells[:] = 0
    cells[:, FIRST - 1 : -1] = NEVER
    return Block(keys, as_of, radix_order(keys)[0], cells)


@kernel
def _count_block(
    part: tuple[Table, int, int], block: Block, lengths: Integers, cursors: Integers, failures: bool
) -> None:
    """Walk the keys of a block and of a level side by side, moving each key's cursors forward."""
    levels, depth, entity = part
    keys, blocks = hashes(levels, depth, KEYS), integers(levels, depth, BLOCKS)
    offsets, corrected = integers(levels, depth, OFFSETS), integers(levels, depth, CORRECTED)
    born, sums = integers(levels, depth, BORN), matrix(levels, depth, SUMS)
    correctable = integers(levels, depth, LATEST)[0] >= 0
    row_keys, as_of, room = block.keys, block.as_of, block.cells
    slot, last = blocks[entity], np.uint64(0)
    for place in block.by_key:
        key = row_keys[place]
        if key != last:
            slot = _first_key_near(keys, slot, blocks[entity + 1], key)
            last = key
        if slot == blocks[entity + 1]:
            break
        if keys[slot] != key:
            continue
        instant, cells, cursor = as_of[place], room[place, :-1], cursors[slot - blocks[entity]]
        low = offsets[slot]
        if cursor[0] == _UNTOUCHED:
            cursor[:] = low
        high = first_from_near(born, cursor[0], offsets[slot + 1], instant)
        if high > low:
            cursor[0] = high
            for window in range(len(lengths)):
                if lengths[window] >= 0:
                    start = first_from_near(born, cursor[1 + window], high, instant - lengths[window])
                    cursor[1 + window] = start
                add_span(sums, (cursor[1 + window], high), cells, window * (1 + sums.shape[1]))
            add_ends(born, sums, (low, high), cells, failures)
        if correctable and corrected[slot] < corrected[slot + 1]:
            span = (corrected[slot], corrected[slot + 1])
            add_corrections(levels, depth, span, (instant, lengths), cells)
            room[place, -1] = 1


@kernel
def _hand_out(counted: Integers, cells: Integers) -> None:
    """Add a row's counts to its cells and widen the ends."""
    for cell in range(len(cells) + FIRST):
        cells[cell] += counted[cell]
    first, last, failed = counted[FIRST - 1], counted[LAST - 1], counted[LAST_FAILED - 1]
    if first != NEVER and (cells[FIRST] == NEVER or first < cells[FIRST]):
        cells[FIRST] = first
    cells[LAST] = max(cells[LAST], last)
    cells[LAST_FAILED] = max(cells[LAST_FAILED], failed)


@kernel
def _first_key_near(keys: Hashes, low: int, high: int, key: np.uint64) -> int:
    """Return the first position in the sorted keys[low:high] not below `key`, looking near `low` first."""
    step = 1
    while low + step <= high and keys[low + step - 1] < key:
        low += step
        step *= 2
    high = min(high, low + step)
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low
