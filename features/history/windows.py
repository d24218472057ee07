"""What one level, or the loose changes, add to the windows of one row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Integers
from features.history.level import STRIDE
from features.history.loose import (
    FIRST_BORN,
    KNOWN,
    LAST_BORN,
    LAST_BORN_FAILED,
    LAST_CORRECTED,
    OLDEST,
    Loose,
    newest_of,
)
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
from features.history.query import FIRST, LAST, LAST_FAILED, NEVER, Answer, Query
from features.history.sorting import find_key, first_from, first_reaching
from features.kernel import kernel


@kernel
def slot_of(levels: Table, depth: int, entity: int, key: np.uint64) -> int:
    """Return the position of an entity's key in one of the levels, or -1."""
    blocks = integers(levels, depth, BLOCKS)
    return find_key(hashes(levels, depth, KEYS), blocks[entity], blocks[entity + 1], key)


@kernel
def add_row(change: Integers, cells: Integers, begin: int) -> None:
    """Add a change (count, measures) to the cells from `begin` on."""
    for part in range(len(change)):
        cells[begin + part] += change[part]


@kernel
def add_difference(sums: NDArray[np.int64], span: tuple[int, int], cells: Integers, begin: int) -> None:
    """Add what running sums grew between two positions to the cells from `begin` on."""
    for part in range(sums.shape[1]):
        cells[begin + part] += sums[span[1], part] - sums[span[0], part]


@kernel
def add_span(sums: NDArray[np.int64], span: tuple[int, int], cells: Integers, begin: int) -> None:
    """Add the events at the positions of `span` to the cells from `begin` on."""
    start, stop = span
    cells[begin] += stop - start
    if start < stop:
        for measure in range(sums.shape[1]):
            cells[begin + 1 + measure] += sums[stop, measure] - sums[start, measure]


@kernel
def add_ends(
    born: Integers, sums: NDArray[np.int64], span: tuple[int, int], cells: Integers, failures: bool
) -> None:
    """Widen first, last and last failed by the events at the positions of `span`."""
    low, high = span
    if low == high:
        return
    if cells[FIRST] == NEVER or born[low] < cells[FIRST]:
        cells[FIRST] = born[low]
    cells[LAST] = max(cells[LAST], born[high - 1])
    if failures and sums[high, 0] > sums[low, 0]:
        failed = born[first_reaching(sums, low, high, sums[high, 0]) - 1]
        cells[LAST_FAILED] = max(cells[LAST_FAILED], failed)


@kernel
def add_corrections(
    levels: Table, depth: int, span: tuple[int, int], asked: tuple[int, Integers], cells: Integers
) -> None:
    """Add the corrections at the positions of `span`, those of one key, to the windows of `asked`.

    `asked` is an instant and the lengths of windows.
    """
    instant, lengths = asked
    born, sums = integers(levels, depth, C_BORN), matrix(levels, depth, C_SUMS)
    all_hold = integers(levels, depth, LATEST)[0] < instant
    high = first_from(born, span[0], span[1], instant)
    for window in range(len(lengths)):
        start = span[0]
        if lengths[window] >= 0:
            start = first_from(born, start, high, instant - lengths[window])
        middle = high if all_hold else start
        add_difference(sums, (start, middle), cells, window * sums.shape[1])
        _add_known(levels, depth, (middle, high, instant), cells, window * sums.shape[1])


@kernel
def _add_known(levels: Table, depth: int, asked: tuple[int, int, int], cells: Integers, begin: int) -> None:
    """Scan corrections, stepping over strides that hold altogether or not at all."""
    known, change = integers(levels, depth, C_KNOWN), matrix(levels, depth, C_CHANGE)
    low, high = integers(levels, depth, C_LOW), integers(levels, depth, C_HIGH)
    place, stop, instant = asked
    while place < stop:
        stride = place // STRIDE
        if place % STRIDE == 0 and place + STRIDE <= stop:
            if high[stride] < instant:
                add_difference(matrix(levels, depth, C_SUMS), (place, place + STRIDE), cells, begin)
                place += STRIDE
                continue
            if low[stride] >= instant:
                place += STRIDE
                continue
        if known[place] < instant:
            add_row(change[place], cells, begin)
        place += 1


@kernel
def add_loose_changes(loose: Loose, size: int, query: Query, place: tuple[int, int], answer: Answer) -> bool:
    """Add the loose changes of one row's entity; returns whether one of them is a correction."""
    row, entity = place
    instant = query.as_of[row]
    each = newest_of(loose, size, entity, query.keys[row, entity])
    if each < 0:
        return False
    if loose.reach[each, KNOWN] < instant and _all_within(loose.reach[each, OLDEST], instant, query.lengths):
        _add_totals(loose, each, answer.cells[row, entity], answer.failures[0] != 0)
        return loose.reach[each, LAST_CORRECTED] >= 0
    corrected = False
    while each >= 0:
        if loose.known[each] < instant:
            corrected |= _add_loose_change(loose, each, query, place, answer)
        each = loose.same[each]
    return corrected


@kernel
def _all_within(oldest: int, instant: int, lengths: Integers) -> bool:
    """Say whether every window reaches back to an instant."""
    for window in range(len(lengths)):
        if lengths[window] >= 0 and oldest < instant - lengths[window]:
            return False
    return True


@kernel
def _add_totals(loose: Loose, newest: int, cells: Integers, failures: bool) -> None:
    """Add all loose changes of a key, the newest of them given, to every window."""
    totals, reach = loose.totals[newest], loose.reach[newest]
    for begin in range(0, len(cells) + FIRST, len(totals)):
        add_row(totals, cells, begin)
    first = reach[FIRST_BORN]
    if first >= 0 and (cells[FIRST] == NEVER or first < cells[FIRST]):
        cells[FIRST] = first
    cells[LAST] = max(cells[LAST], reach[LAST_BORN])
    if failures:
        cells[LAST_FAILED] = max(cells[LAST_FAILED], reach[LAST_BORN_FAILED])


@kernel
def _add_loose_change(loose: Loose, each: int, query: Query, place: tuple[int, int], answer: Answer) -> bool:
    """Add one loose change; returns whether it is a correction."""
    row, entity = place
    instant, cells = query.as_of[row], answer.cells[row, entity]
    born, change = loose.born[each], loose.change[each]
    for window in range(len(query.lengths)):
        if query.lengths[window] < 0 or born >= instant - query.lengths[window]:
            add_row(change, cells, window * len(change))
    if loose.known[each] != born or change[0] <= 0:
        return True
    if cells[FIRST] == NEVER or born < cells[FIRST]:
        cells[FIRST] = born
    cells[LAST] = max(cells[LAST], born)
    if answer.failures[0] and change[1] > 0:
        cells[LAST_FAILED] = max(cells[LAST_FAILED], born)
    return False
