"""Counts for few rows: binary searches in every level, and a look at the loose changes."""

from __future__ import annotations

from features.history.ends import set_exact_ends
from features.history.loose import Loose
from features.history.pointers import (
    BORN,
    CORRECTED,
    OFFSETS,
    SUMS,
    Table,
    integers,
    loose_at,
    matrix,
    unowned_answer,
    unowned_query,
)
from features.history.query import Answer, Query
from features.history.sorting import first_from
from features.history.windows import (
    add_corrections,
    add_ends,
    add_loose_changes,
    add_span,
    slot_of,
)
from features.kernel import kernel


@kernel
def search(levels: Table, loose_table: Table, size: int, query: Query, answer: Answer) -> None:
    """Add the counts of every row and entity to `answer`, which starts with zeros and -1."""
    _search(levels, loose_at(loose_table), size, unowned_query(query), unowned_answer(answer))


@kernel
def _search(levels: Table, loose: Loose, size: int, query: Query, answer: Answer) -> None:
    rows, entities = query.keys.shape
    for row in range(rows):
        for entity in range(entities):
            key = query.keys[row, entity]
            if key == 0:
                continue
            before = row - 1
            if row > 0 and query.keys[before, entity] == key and query.as_of[before] == query.as_of[row]:
                answer.cells[row, entity] = answer.cells[before, entity]
                continue
            corrected = False
            for depth in range(len(levels)):
                corrected |= _search_level(levels, depth, query, (row, entity), answer)
            corrected |= add_loose_changes(loose, size, query, (row, entity), answer)
            if corrected:
                set_exact_ends(levels, loose, size, query, (row, entity), answer)


@kernel
def _search_level(levels: Table, depth: int, query: Query, place: tuple[int, int], answer: Answer) -> bool:
    row, entity = place
    slot = slot_of(levels, depth, entity, query.keys[row, entity])
    if slot < 0:
        return False
    instant, cells = query.as_of[row], answer.cells[row, entity]
    born, sums = integers(levels, depth, BORN), matrix(levels, depth, SUMS)
    offsets, corrected = integers(levels, depth, OFFSETS), integers(levels, depth, CORRECTED)
    low, high = offsets[slot], offsets[slot + 1]
    if low < high and born[high - 1] >= instant:  # what is asked about the present has no need to search
        high = first_from(born, low, high, instant)
    start = high
    for window in range(len(query.lengths)):
        length = query.lengths[window]
        longer = window > 0 and length >= query.lengths[window - 1] >= 0  # then it begins no later
        start = low if length < 0 else first_from(born, low, start if longer else high, instant - length)
        add_span(sums, (start, high), cells, window * (1 + sums.shape[1]))
    add_ends(born, sums, (low, high), cells, answer.failures[0] != 0)
    if corrected[slot] == corrected[slot + 1]:
        return False
    span = (corrected[slot], corrected[slot + 1])
    add_corrections(levels, depth, span, (instant, query.lengths), cells)
    return True
