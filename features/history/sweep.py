"""Counts for many rows: instants in ascending order, so that each key's windows only ever move forward."""

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
    hashes,
    integers,
    loose_at,
    matrix,
)
from features.history.sorting import first_from, first_from_near
from features.history.windows import Answer, Query, add_corrections, add_ends, add_span

_UNTOUCHED = int64(-1)


@kernel
def sweep(levels: Table, loose_table: Table, query: Query, order: Integers, answer: Answer) -> None:
    """Add the counts of every row to `answer`; `order` lists the rows by instant, and nothing is loose."""
    loose = loose_at(loose_table)
    rows, entities = query.keys.shape
    corrected = np.zeros(rows, dtype=np.bool_)
    for entity in range(entities):
        corrected[:] = False
        for depth in range(len(levels)):
            _sweep_level(levels, depth, query, (entity, order), answer, corrected)
        for row in range(rows):
            if corrected[row]:
                set_exact_ends(levels, loose, int64(0), query, (row, entity), answer)


@kernel
def _sweep_level(
    levels: Table,
    depth: int,
    query: Query,
    ordered: tuple[int, Integers],
    answer: Answer,
    correctable: NDArray[np.bool_],
) -> None:
    entity, order = ordered
    keys, born, sums = hashes(levels, depth, KEYS), integers(levels, depth, BORN), matrix(levels, depth, SUMS)
    offsets, corrected = integers(levels, depth, OFFSETS), integers(levels, depth, CORRECTED)
    blocks = integers(levels, depth, BLOCKS)
    base, end = blocks[entity], blocks[entity + 1]
    directory, shift = _directory(keys, base, end)
    cursors = np.full((end - base, 1 + len(query.lengths)), _UNTOUCHED, dtype=np.int64)
    for row in order:
        key = query.keys[row, entity]
        slot = _UNTOUCHED if key == 0 else _find(keys, directory, shift, key)
        if slot < 0:
            continue
        low, cursor = offsets[slot], slot - base
        _advance(born, (low, offsets[slot + 1]), query.as_of[row], query.lengths, cursors, cursor)
        high = cursors[cursor, 0]
        for window in range(len(query.lengths)):
            start = cursors[cursor, 1 + window] if query.lengths[window] >= 0 else low
            add_span(sums, (start, high), answer.windows, (row, entity, window))
        add_ends(born, sums, (low, high), (row, entity), answer)
        if corrected[slot] < corrected[slot + 1]:
            corrections = (corrected[slot], corrected[slot + 1])
            add_corrections(levels, depth, corrections, query, (row, entity), answer)
            correctable[row] = True


@kernel
def _advance(
    born: Integers,
    span: tuple[int, int],
    instant: int,
    lengths: Integers,
    cursors: NDArray[np.int64],
    cursor: int,
) -> None:
    """Move a key's cursors, behind its last event before `instant` and to each window's first, forward."""
    if cursors[cursor, 0] == _UNTOUCHED:
        cursors[cursor, 0] = first_from(born, span[0], span[1], instant)
        for window in range(len(lengths)):
            start = first_from(born, span[0], cursors[cursor, 0], instant - lengths[window])
            cursors[cursor, 1 + window] = start
        return
    high = first_from_near(born, cursors[cursor, 0], span[1], instant)
    cursors[cursor, 0] = high
    for window in range(len(lengths)):
        if lengths[window] >= 0:
            place = cursors[cursor, 1 + window]
            cursors[cursor, 1 + window] = first_from_near(born, place, high, instant - lengths[window])


@kernel
def _directory(keys: Hashes, low: int, high: int) -> tuple[Integers, np.uint64]:
    """Return where keys of each leading bits begin, about one key to an entry, and the shift to the bits."""
    bits = 1
    while (1 << bits) < high - low and bits < 26:
        bits += 1
    shift = np.uint64(64 - bits)
    starts = np.full((1 << bits) + 1, high, dtype=np.int64)
    place = low
    for entry in range(1 << bits):
        while place < high and np.int64(keys[place] >> shift) < entry:
            place += 1
        starts[entry] = place
    return starts, shift


@kernel
def _find(keys: Hashes, directory: Integers, shift: np.uint64, key: np.uint64) -> int:
    entry = np.int64(key >> shift)
    for place in range(directory[entry], directory[entry + 1]):
        if keys[place] == key:
            return place
    return -1
