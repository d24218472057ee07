"""First and last counted events where corrections may have taken them away: exact, from event to event."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from features.history.loose import FIRST_CORRECTED, LAST_CORRECTED, Loose, newest_of
from features.history.pointers import (
    BORN,
    C_BORN,
    C_CHANGE,
    C_KNOWN,
    C_SEQUENCE,
    CORRECTED,
    OFFSETS,
    SEQUENCE,
    SUMS,
    Table,
    integers,
    matrix,
)
from features.history.query import FIRST, LAST, LAST_FAILED, NEVER, Answer, Query
from features.history.sorting import first_from, first_from_pair, first_reaching
from features.history.windows import slot_of
from features.kernel import int64, kernel

Number: TypeAlias = Any
"""An int64, of Python or of numpy."""

Key: TypeAlias = tuple[Number, Number, Number]
"""An entity, its key, and the instant that is asked about."""

Event: TypeAlias = tuple[Number, Number]
"""An event is known by its birth and its sequence."""

_END = int64(np.iinfo(np.int64).max)
NONE = int64(NEVER)
ANY, FAILED = int64(0), int64(1)
"""Which events to look for; typed, so that kernels are compiled once."""

NO_DOUBT, FIRST_DOUBTED, LAST_DOUBTED, FAILED_DOUBTED = (np.uint8(each) for each in (0, 1, 2, 4))
"""Which of a row's ends a correction may have taken away."""


@kernel
def holds(levels: Table, loose: Loose, size: Number, key: Key, event: Event) -> tuple[Number, Number]:
    """Return count and first measure of an event of (entity, key) in the state at the key's instant."""
    entity, code, instant = key
    count, measure = 0, 0
    for depth in range(len(levels)):
        slot = slot_of(levels, depth, entity, code)
        if slot >= 0:
            born, failed = _born(levels, depth, slot, event)
            changed, refailed = _changed(levels, depth, slot, event, instant)
            count, measure = count + born + changed, measure + failed + refailed
    each = newest_of(loose, size, entity, code)
    while each >= 0:
        same = loose.born[each] == event[0] and loose.sequence[each] == event[1]
        if same and loose.known[each] < instant:
            count += loose.change[each, 0]
            measure += loose.change[each, 1]
        each = loose.same[each]
    return count, measure


@kernel
def _born(levels: Table, depth: int, slot: int, event: Event) -> tuple[Number, Number]:
    """Return 1 and the first measure if an event was born in a level's key, else zeros."""
    born, sequence = integers(levels, depth, BORN), integers(levels, depth, SEQUENCE)
    offsets, sums = integers(levels, depth, OFFSETS), matrix(levels, depth, SUMS)
    place = first_from_pair(born, sequence, (offsets[slot], offsets[slot + 1]), event[0], event[1])
    if place < offsets[slot + 1] and born[place] == event[0] and sequence[place] == event[1]:
        return 1, sums[place + 1, 0] - sums[place, 0]
    return 0, 0


@kernel
def _changed(levels: Table, depth: int, slot: int, event: Event, instant: int) -> tuple[Number, Number]:
    """Return what the corrections of a level's key known before `instant` add to an event."""
    born, sequence = integers(levels, depth, C_BORN), integers(levels, depth, C_SEQUENCE)
    corrected, known = integers(levels, depth, CORRECTED), integers(levels, depth, C_KNOWN)
    change = matrix(levels, depth, C_CHANGE)
    count, measure = 0, 0
    place = first_from_pair(born, sequence, (corrected[slot], corrected[slot + 1]), event[0], event[1])
    while place < corrected[slot + 1] and born[place] == event[0] and sequence[place] == event[1]:
        if known[place] < instant:
            count += change[place, 0]
            measure += change[place, 1]
        place += 1
    return count, measure


@kernel
def _before(first: Event, second: Event) -> Any:
    return first[0] < second[0] or (first[0] == second[0] and first[1] < second[1])


@kernel
def previous_event(
    levels: Table, loose: Loose, size: Number, key: Key, limit: tuple[Number, Number, Number]
) -> Event:
    """Return the newest event before `limit` (born, sequence, which) that may hold; (-1, -1) for none."""
    entity, code, _ = key
    bound = (limit[0], limit[1])
    best = (NONE, NONE)
    for depth in range(len(levels)):
        slot = slot_of(levels, depth, entity, code)
        if slot < 0:
            continue
        born, sequence = integers(levels, depth, BORN), integers(levels, depth, SEQUENCE)
        low, high = _span(levels, depth, OFFSETS, slot)
        place = first_from_pair(born, sequence, (low, high), bound[0], bound[1])
        if limit[2] == FAILED and place > low:
            sums = matrix(levels, depth, SUMS)
            total = sums[place, 0]
            place = low if total == sums[low, 0] else first_reaching(sums, low, place, total)
        if place > low and _before(best, (born[place - 1], sequence[place - 1])):
            best = (born[place - 1], sequence[place - 1])
        born, sequence = integers(levels, depth, C_BORN), integers(levels, depth, C_SEQUENCE)
        low, high = _span(levels, depth, CORRECTED, slot)
        place = first_from_pair(born, sequence, (low, high), bound[0], bound[1])
        if place > low and _before(best, (born[place - 1], sequence[place - 1])):
            best = (born[place - 1], sequence[place - 1])
    each = newest_of(loose, size, entity, code)
    while each >= 0:
        event = (loose.born[each], loose.sequence[each])
        if _before(event, bound) and _before(best, event):
            best = event
        each = loose.same[each]
    return best


@kernel
def _span(levels: Table, depth: int, field: int, slot: int) -> tuple[Number, Number]:
    starts = integers(levels, depth, field)
    return starts[slot], starts[slot + 1]


@kernel
def _next_event(levels: Table, loose: Loose, size: Number, key: Key, bound: Event) -> Event:
    """Return the oldest event after `bound` that may hold; (END, END) for none."""
    entity, code, _ = key
    best = (_END, _END)
    behind = bound[1] + 1
    for depth in range(len(levels)):
        slot = slot_of(levels, depth, entity, code)
        if slot < 0:
            continue
        for starts, instants, ordinals in ((OFFSETS, BORN, SEQUENCE), (CORRECTED, C_BORN, C_SEQUENCE)):
            born, sequence = integers(levels, depth, instants), integers(levels, depth, ordinals)
            span = _span(levels, depth, starts, slot)
            place = first_from_pair(born, sequence, span, bound[0], behind)
            if place < span[1] and _before((born[place], sequence[place]), best):
                best = (born[place], sequence[place])
    each = newest_of(loose, size, entity, code)
    while each >= 0:
        event = (loose.born[each], loose.sequence[each])
        if _before(bound, event) and _before(event, best):
            best = event
        each = loose.same[each]
    return best


@kernel
def _first_held(levels: Table, loose: Loose, size: Number, key: Key) -> Number:
    """Return the birth of the oldest event that holds, or -1."""
    event = _next_event(levels, loose, size, key, (NONE, NONE))
    while event[0] < key[2]:
        if holds(levels, loose, size, key, event)[0] > 0:
            return event[0]
        event = _next_event(levels, loose, size, key, event)
    return NONE


@kernel
def _last_held(levels: Table, loose: Loose, size: Number, key: Key, wanted: Number) -> Number:
    """Return the birth of the newest event that holds (ANY) or that failed (FAILED), or -1."""
    event = previous_event(levels, loose, size, key, (key[2], NONE, wanted))
    while event[0] != NONE:
        count, measure = holds(levels, loose, size, key, event)
        if count > 0 and (measure > 0 or wanted == ANY):
            return event[0]
        event = previous_event(levels, loose, size, key, (event[0], event[1], wanted))
    return NONE


@kernel
def _corrected_births(levels: Table, loose: Loose, size: Number, key: Key) -> tuple[Number, Number]:
    """Return the oldest and the newest birth before the key's instant that a correction changes."""
    entity, code, instant = key
    oldest, newest = _END, NONE
    for depth in range(len(levels)):
        slot = slot_of(levels, depth, entity, code)
        if slot >= 0:
            born = integers(levels, depth, C_BORN)
            low, end = _span(levels, depth, CORRECTED, slot)
            high = first_from(born, low, end, instant)
            if low < high:
                oldest, newest = min(oldest, born[low]), max(newest, born[high - 1])
    each = newest_of(loose, size, entity, code)
    if each >= 0:
        reach = loose.reach[each]
        oldest, newest = min(oldest, reach[FIRST_CORRECTED]), max(newest, reach[LAST_CORRECTED])
    return oldest, newest


@kernel
def set_exact_ends(
    levels: Table,
    loose: Loose,
    size: Number,
    query: Query,
    place: tuple[Number, Number],
    answer: Answer,
) -> None:
    """Set first, last and last failed of one row's entity anew where a correction may have changed them."""
    row, entity = place
    key = (entity, query.keys[row, entity], query.as_of[row])
    cells = answer.cells[row, entity]
    oldest, newest = _corrected_births(levels, loose, size, key)
    doubts = NO_DOUBT
    if oldest <= cells[FIRST] or cells[FIRST] == NEVER:
        doubts |= FIRST_DOUBTED
    if newest >= cells[LAST]:
        doubts |= LAST_DOUBTED
    if answer.failures[0] and newest >= cells[LAST_FAILED]:
        doubts |= FAILED_DOUBTED
    set_doubted_ends(levels, loose, size, query, (row, entity, doubts), answer)


@kernel
def set_doubted_ends(
    levels: Table,
    loose: Loose,
    size: Number,
    query: Query,
    place: tuple[Number, Number, Number],
    answer: Answer,
) -> None:
    """Set anew those ends of one row's entity that are in doubt, the third of `place`."""
    row, entity, doubts = place
    key = (entity, query.keys[row, entity], query.as_of[row])
    cells = answer.cells[row, entity]
    if doubts & FIRST_DOUBTED:
        cells[FIRST] = _first_held(levels, loose, size, key)
    if doubts & LAST_DOUBTED:
        cells[LAST] = _last_held(levels, loose, size, key, ANY)
    if doubts & FAILED_DOUBTED:
        cells[LAST_FAILED] = _last_held(levels, loose, size, key, FAILED)
