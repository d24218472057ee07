"""What one level, or the loose changes, add to the windows of one row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.kernel import kernel
from features.history.keys import Hashes, Integers
from features.history.level import STRIDE
from features.history.loose import Loose
from features.history.pointers import (
    BLOCKS,
    C_BORN,
    C_CHANGE,
    C_HIGH,
    C_KNOWN,
    C_LOW,
    C_SUMS,
    KEYS,
    LATEST,
    Table,
    hashes,
    integers,
    matrix,
)
from features.history.sorting import find_key, first_from, first_reaching

NEVER = -1


class Query(NamedTuple):
    """Rows to count for: keys uint64 (rows, entities), 0 for none; instants; windows in µs, -1 for all."""

    keys: Hashes
    as_of: Integers
    lengths: Integers


class Answer(NamedTuple):
    """Counts being summed: int64 (rows, entities, windows, 1 + measures), and instants (rows, entities).

    `last_failed` has no rows where the tally has no failures.
    """

    windows: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    last_failed: NDArray[np.int64]


@kernel
def slot_of(levels: Table, depth: int, entity: int, key: np.uint64) -> int:
    """Return the position of an entity's key in one of the levels, or -1."""
    blocks = integers(levels, depth, BLOCKS)
    return find_key(hashes(levels, depth, KEYS), blocks[entity], blocks[entity + 1], key)


@kernel
def add_row(change: Integers, cell: Integers) -> None:
    """Add a change (count, measures) to a cell."""
    for part in range(len(cell)):
        cell[part] += change[part]


@kernel
def add_difference(sums: NDArray[np.int64], start: int, stop: int, cell: Integers) -> None:
    """Add what running sums grew between two positions to a cell."""
    for part in range(len(cell)):
        cell[part] += sums[stop, part] - sums[start, part]


@kernel
def add_span(
    sums: NDArray[np.int64], span: tuple[int, int], windows: NDArray[np.int64], cell: tuple[int, int, int]
) -> None:
    """Add the events at the positions of `span` to a cell (row, entity, window)."""
    start, stop = span
    row, entity, window = cell
    windows[row, entity, window, 0] += stop - start
    if start < stop:
        for measure in range(sums.shape[1]):
            windows[row, entity, window, 1 + measure] += sums[stop, measure] - sums[start, measure]


@kernel
def add_ends(
    born: Integers, sums: NDArray[np.int64], span: tuple[int, int], place: tuple[int, int], answer: Answer
) -> None:
    """Widen first, last and last failed of a row's entity by the events at the positions of `span`."""
    low, high = span
    if low == high:
        return
    row, entity = place
    if answer.first[row, entity] == NEVER or born[low] < answer.first[row, entity]:
        answer.first[row, entity] = born[low]
    answer.last[row, entity] = max(answer.last[row, entity], born[high - 1])
    if len(answer.last_failed) and sums[high, 0] > sums[low, 0]:
        failed = born[first_reaching(sums, low, high, sums[high, 0]) - 1]
        answer.last_failed[row, entity] = max(answer.last_failed[row, entity], failed)


@kernel
def add_corrections(
    levels: Table, depth: int, span: tuple[int, int], query: Query, place: tuple[int, int], answer: Answer
) -> None:
    """Add the corrections at the positions of `span`, those of one key, that hold at the row's instant."""
    row, entity = place
    instant = query.as_of[row]
    born, sums = integers(levels, depth, C_BORN), matrix(levels, depth, C_SUMS)
    all_hold = integers(levels, depth, LATEST)[0] < instant
    high = first_from(born, span[0], span[1], instant)
    for window in range(len(query.lengths)):
        start = span[0]
        if query.lengths[window] >= 0:
            start = first_from(born, start, high, instant - query.lengths[window])
        if all_hold:
            add_difference(sums, start, high, answer.windows[row, entity, window])
        else:
            _add_known(levels, depth, (start, high), instant, answer.windows[row, entity, window])


@kernel
def _add_known(levels: Table, depth: int, span: tuple[int, int], instant: int, cell: Integers) -> None:
    """Scan corrections, stepping over strides that hold altogether or not at all."""
    known, change = integers(levels, depth, C_KNOWN), matrix(levels, depth, C_CHANGE)
    low, high = integers(levels, depth, C_LOW), integers(levels, depth, C_HIGH)
    place, stop = span
    while place < stop:
        stride = place // STRIDE
        if place % STRIDE == 0 and place + STRIDE <= stop:
            if high[stride] < instant:
                add_difference(matrix(levels, depth, C_SUMS), place, place + STRIDE, cell)
                place += STRIDE
                continue
            if low[stride] >= instant:
                place += STRIDE
                continue
        if known[place] < instant:
            add_row(change[place], cell)
        place += 1


@kernel
def add_loose_changes(loose: Loose, size: int, query: Query, place: tuple[int, int], answer: Answer) -> bool:
    """Add the loose changes of one row's entity; returns whether one of them is a correction."""
    row, entity = place
    key, instant = query.keys[row, entity], query.as_of[row]
    corrected = False
    for each in range(size):
        if loose.keys[each] != key or loose.entity[each] != entity or loose.known[each] >= instant:
            continue
        born, change = loose.born[each], loose.change[each]
        for window in range(len(query.lengths)):
            if query.lengths[window] < 0 or born >= instant - query.lengths[window]:
                add_row(change, answer.windows[row, entity, window])
        if loose.known[each] != born or change[0] <= 0:
            corrected = True
            continue
        if answer.first[row, entity] == NEVER or born < answer.first[row, entity]:
            answer.first[row, entity] = born
        answer.last[row, entity] = max(answer.last[row, entity], born)
        if len(answer.last_failed) and change[1] > 0:
            answer.last_failed[row, entity] = max(answer.last_failed[row, entity], born)
    return corrected
