"""Counts for many rows: by key and then by instant, so that each key's windows only ever move forward."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.history.ends import set_exact_ends
from features.history.kernel import int64, kernel
from features.history.keys import Hashes, Integers
from features.history.pointers import (
    BLOCKS,
    BORN,
    CORRECTED,
    KEYS,
    OFFSETS,
    SUMS,
    Table,
    answer_at,
    hashes,
    integers,
    loose_at,
    matrix,
    query_at,
)
from features.history.query import Answer, Query
from features.history.sorting import first_from_near, radix_order
from features.history.windows import add_corrections, add_ends, add_span


@kernel
def sweep(
    levels: Table, loose_table: Table, query_table: Table, order: Integers, answer_table: Table
) -> None:
    """Add the counts of every row to `answer`; `order` lists the rows by instant, and nothing is loose."""
    loose, query, answer = loose_at(loose_table), query_at(query_table), answer_at(answer_table)
    rows, entities = query.keys.shape
    corrected = np.zeros(rows, dtype=np.bool_)
    keys = np.empty(rows, dtype=np.uint64)
    for entity in range(entities):
        for place in range(rows):
            keys[place] = query.keys[order[place], entity]
        by_key = radix_order(keys)
        sorted_keys = keys[by_key]
        by_key = order[by_key]
        corrected[:] = False
        for depth in range(len(levels)):
            _sweep_level(levels, depth, query, (entity, by_key, sorted_keys), answer, corrected)
        for row in range(rows):
            if corrected[row]:
                set_exact_ends(levels, loose, int64(0), query, (row, entity), answer)


@kernel
def _sweep_level(
    levels: Table,
    depth: int,
    query: Query,
    ordered: tuple[int, Integers, Hashes],
    answer: Answer,
    corrected: NDArray[np.bool_],
) -> None:
    """Walk the keys of the rows and of a level side by side."""
    entity, rows, row_keys = ordered
    keys, blocks = hashes(levels, depth, KEYS), integers(levels, depth, BLOCKS)
    starts = integers(levels, depth, CORRECTED)
    slot, end = blocks[entity], blocks[entity + 1]
    cursors = np.empty(len(query.lengths), dtype=np.int64)
    place = 0
    while place < len(rows) and slot < end:
        stop = place + 1
        while stop < len(rows) and row_keys[stop] == row_keys[place]:
            stop += 1
        slot = _first_key_near(keys, slot, end, row_keys[place])
        if slot < end and keys[slot] == row_keys[place]:
            cursors[:] = integers(levels, depth, OFFSETS)[slot]
            _sweep_key((levels, depth, slot), query, (entity, place, stop), rows, cursors, answer)
            if starts[slot] < starts[slot + 1]:
                span = (starts[slot], starts[slot + 1])
                for row in rows[place:stop]:
                    asked = (query.as_of[row], query.lengths)
                    add_corrections(levels, depth, span, asked, answer.cells[row, entity])
                    corrected[row] = True
        place = stop


@kernel
def _sweep_key(
    level: tuple[Table, int, int],
    query: Query,
    span: tuple[int, int, int],
    rows: Integers,
    cursors: Integers,
    answer: Answer,
) -> None:
    """Count for the rows of one key, moving a cursor for each window and one for the instant forward."""
    levels, depth, slot = level
    entity, place, stop = span
    born, sums = integers(levels, depth, BORN), matrix(levels, depth, SUMS)
    offsets = integers(levels, depth, OFFSETS)
    low, end = offsets[slot], offsets[slot + 1]
    high = low
    failures = answer.failures[0] != 0
    for each in range(place, stop):
        row = rows[each]
        instant = query.as_of[row]
        high = first_from_near(born, high, end, instant)
        if high == low:
            continue
        cells = answer.cells[row, entity]
        for window in range(len(query.lengths)):
            if query.lengths[window] >= 0:
                start = first_from_near(born, cursors[window], high, instant - query.lengths[window])
                cursors[window] = start
            add_span(sums, (cursors[window], high), cells, window * (1 + sums.shape[1]))
        add_ends(born, sums, (low, high), cells, failures)


@kernel
def _first_key_near(keys: Hashes, low: int, high: int, key: np.uint64) -> int:
    """Return the first position in the sorted keys[low:high] not below `key`, looking close to `low` first."""
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
