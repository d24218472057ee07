"""First and last counted events where corrections may have taken them away: exact, from event to event."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.history.kernel import int64, kernel
from features.history.loose import Loose
from features.history.pointers import level_at
from features.history.sorting import first_from, first_from_pair, first_reaching
from features.history.windows import NEVER, Answer, Query, slot_of

Table: TypeAlias = NDArray[np.int64]
"""Addresses of levels (levels, arrays, 3) or of loose changes (1, arrays, 3); see `pointers`."""

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


@kernel
def holds(levels: Table, loose: Loose, size: Number, key: Key, event: Event) -> Event:
    """Return count and first measure of an event of (entity, key) in the state at the third, an instant."""
    entity, code, instant = key
    born, sequence = event
    count, measure = 0, 0
    for depth in range(len(levels)):
        level = level_at(levels[depth])
        slot = slot_of(level, entity, code)
        if slot < 0:
            continue
        span = (level.offsets[slot], level.offsets[slot + 1])
        place = first_from_pair(level.born, level.sequence, span, born, sequence)
        if place < span[1] and level.born[place] == born and level.sequence[place] == sequence:
            count += 1
            measure += level.sums[place + 1, 0] - level.sums[place, 0]
        place = first_from_pair(
            level.c_born, level.c_sequence, (level.corrected[slot], level.corrected[slot + 1]), born, sequence
        )
        while place < level.corrected[slot + 1]:
            if level.c_born[place] != born or level.c_sequence[place] != sequence:
                break
            if level.c_known[place] < instant:
                count += level.c_change[place, 0]
                measure += level.c_change[place, 1]
            place += 1
    for each in range(size):
        same = loose.keys[each] == code and loose.entity[each] == entity and loose.known[each] < instant
        if same and loose.born[each] == born and loose.sequence[each] == sequence:
            count += loose.change[each, 0]
            measure += loose.change[each, 1]
    return count, measure


@kernel
def _before(first: Event, second: Event) -> bool:
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
        level = level_at(levels[depth])
        slot = slot_of(level, entity, code)
        if slot < 0:
            continue
        low = level.offsets[slot]
        place = first_from_pair(
            level.born, level.sequence, (low, level.offsets[slot + 1]), bound[0], bound[1]
        )
        if limit[2] == FAILED and place > low:
            total = level.sums[place, 0]
            place = low if total == level.sums[low, 0] else first_reaching(level.sums, low, place, total)
        if place > low and _before(best, (level.born[place - 1], level.sequence[place - 1])):
            best = (level.born[place - 1], level.sequence[place - 1])
        low = level.corrected[slot]
        span = (low, level.corrected[slot + 1])
        place = first_from_pair(level.c_born, level.c_sequence, span, bound[0], bound[1])
        if place > low and _before(best, (level.c_born[place - 1], level.c_sequence[place - 1])):
            best = (level.c_born[place - 1], level.c_sequence[place - 1])
    for each in range(size):
        event = (loose.born[each], loose.sequence[each])
        same = loose.keys[each] == code and loose.entity[each] == entity
        if same and _before(event, bound) and _before(best, event):
            best = event
    return best


@kernel
def next_event(levels: Table, loose: Loose, size: Number, key: Key, bound: Event) -> Event:
    """Return the oldest event after `bound` that may hold; (END, END) for none."""
    entity, code, _ = key
    best = (_END, _END)
    behind = bound[1] + 1
    for depth in range(len(levels)):
        level = level_at(levels[depth])
        slot = slot_of(level, entity, code)
        if slot < 0:
            continue
        span = (level.offsets[slot], level.offsets[slot + 1])
        place = first_from_pair(level.born, level.sequence, span, bound[0], behind)
        if place < span[1] and _before((level.born[place], level.sequence[place]), best):
            best = (level.born[place], level.sequence[place])
        span = (level.corrected[slot], level.corrected[slot + 1])
        place = first_from_pair(level.c_born, level.c_sequence, span, bound[0], behind)
        if place < span[1] and _before((level.c_born[place], level.c_sequence[place]), best):
            best = (level.c_born[place], level.c_sequence[place])
    for each in range(size):
        event = (loose.born[each], loose.sequence[each])
        same = loose.keys[each] == code and loose.entity[each] == entity
        if same and _before(bound, event) and _before(event, best):
            best = event
    return best


@kernel
def first_held(levels: Table, loose: Loose, size: Number, key: Key) -> Number:
    """Return the birth of the oldest event that holds, or -1."""
    event = next_event(levels, loose, size, key, (NONE, NONE))
    while event[0] < key[2]:
        if holds(levels, loose, size, key, event)[0] > 0:
            return event[0]
        event = next_event(levels, loose, size, key, event)
    return NONE


@kernel
def last_held(levels: Table, loose: Loose, size: Number, key: Key, wanted: int) -> Number:
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
        level = level_at(levels[depth])
        slot = slot_of(level, entity, code)
        if slot >= 0:
            low = level.corrected[slot]
            high = first_from(level.c_born, low, level.corrected[slot + 1], instant)
            if low < high:
                oldest = min(oldest, level.c_born[low])
                newest = max(newest, level.c_born[high - 1])
    for each in range(size):
        if loose.keys[each] == code and loose.entity[each] == entity:
            oldest = min(oldest, loose.born[each])
            newest = max(newest, loose.born[each])
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
    oldest, newest = _corrected_births(levels, loose, size, key)
    if oldest <= answer.first[row, entity] or answer.first[row, entity] == NEVER:
        answer.first[row, entity] = first_held(levels, loose, size, key)
    if newest >= answer.last[row, entity]:
        answer.last[row, entity] = last_held(levels, loose, size, key, ANY)
    if len(answer.last_failed) and newest >= answer.last_failed[row, entity]:
        answer.last_failed[row, entity] = last_held(levels, loose, size, key, FAILED)
