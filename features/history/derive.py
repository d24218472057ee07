"""From timelines to what is counted: the births of events, and the corrections to them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Hashed, Hashes, Integers, KeySpec, check_of, entity_keys, key_of
from features.history.level import Births, Corrections, Level, assemble
from features.history.timeline import Timeline
from features.kernel import int64, kernel

_NO_ROW = int64(-1)


class Source(NamedTuple):
    """Where the events of a tally get their keys and measures: `hashed` by key row, `values` by value row."""

    hashed: Hashed
    values: NDArray[np.int64]


class Derived(NamedTuple):
    """What a tally counts: one birth an event, sorted by (born, sequence), and what was corrected since."""

    key_row: Integers
    value_row: Integers
    born: Integers
    sequence: Integers
    corrections: Corrections


def derive(timeline: Timeline, source: Source, spec: KeySpec, after: int) -> Derived:
    """Return the births and corrections of a timeline that became known after the instant `after`."""
    steps = _birth_steps(timeline.starts, timeline.key_row)
    new = steps[timeline.since[steps] > after]
    new = new[np.lexsort((timeline.sequence[new], timeline.since[new]))]
    size = _correct(timeline, source, spec, after, _room(0, source))
    room = _room(size, source)
    _correct(timeline, source, spec, after, room)
    return Derived(
        timeline.key_row[new], timeline.value_row[new], timeline.since[new], timeline.sequence[new], room
    )


def derived_level(derived: Derived, source: Source, spec: KeySpec) -> Level:
    """Sort what was derived into a level; raises KeyCollision."""
    values = source.values[derived.value_row]

    def births_of(entity: int) -> Births:
        keys, checks = _keys_of(derived, source, spec, entity)
        return Births(keys, checks, derived.born, derived.sequence, values)

    most = len(spec.seeds) * len(derived.born)
    return assemble(len(spec.seeds), most, births_of, derived.corrections)


def derived_changes(derived: Derived, source: Source, spec: KeySpec) -> Corrections:
    """Return births and corrections as changes; a birth is known from `born` and adds (1, measures)."""
    changes = _room(len(spec.seeds) * len(derived.born) + len(derived.corrections.keys), source)
    size = _write_births(derived, source, spec, changes)
    end = size + len(derived.corrections.keys)
    for column, corrected in zip(changes, derived.corrections, strict=True):
        column[size:end] = corrected
    return Corrections._make(column[:end] for column in changes)


@kernel
def _write_births(derived: Derived, source: Source, spec: KeySpec, changes: Corrections) -> int:
    size = 0
    for place in range(len(derived.born)):
        row = derived.key_row[place]
        for entity in range(len(spec.seeds)):
            key = key_of(spec, source.hashed, row, entity)
            if key == 0:
                continue
            changes.entity[size] = entity
            changes.keys[size] = key
            changes.checks[size] = check_of(spec, source.hashed, row, entity)
            changes.born[size] = derived.born[place]
            changes.known[size] = derived.born[place]
            changes.sequence[size] = derived.sequence[place]
            changes.change[size, 0] = 1
            changes.change[size, 1:] = source.values[derived.value_row[place]]
            size += 1
    return size


def _keys_of(derived: Derived, source: Source, spec: KeySpec, entity: int) -> tuple[Hashes, Hashes]:
    found = np.empty(len(derived.born), np.uint64), np.empty(len(derived.born), np.uint64)
    entity_keys(spec, source.hashed, derived.key_row, entity, found)
    return found


def _room(size: int, source: Source) -> Corrections:
    integers = [np.empty(size, dtype=np.int64) for _ in range(4)]
    hashes = [np.empty(size, dtype=np.uint64) for _ in range(2)]
    change = np.zeros((size, 1 + source.values.shape[1]), dtype=np.int64)
    return Corrections(integers[0], hashes[0], hashes[1], integers[1], integers[2], integers[3], change)


@kernel
def _birth_steps(starts: Integers, key_row: Integers) -> Integers:
    """Return the first step of each record that counts."""
    births = np.empty(len(starts) - 1, dtype=np.int64)
    size = 0
    for group in range(len(starts) - 1):
        for step in range(starts[group], starts[group + 1]):
            if key_row[step] >= 0:
                births[size] = step
                size += 1
                break
    return births[:size]


@kernel
def _correct(timeline: Timeline, source: Source, spec: KeySpec, after: int, room: Corrections) -> int:
    """Write what each step changed that became known after `after`; return how many rows that takes."""
    size = int64(0)
    for group in range(len(timeline.starts) - 1):
        birth, previous = _NO_ROW, _NO_ROW
        for step in range(timeline.starts[group], timeline.starts[group + 1]):
            if birth >= 0:
                if timeline.since[step] > after:
                    size = _compare(timeline, (birth, previous, step), (source, spec), room, size)
                previous = step
            elif timeline.key_row[step] >= 0:
                birth, previous = step, step
    return size


@kernel
def _compare(
    timeline: Timeline,
    steps: tuple[int, int, int],
    context: tuple[Source, KeySpec],
    room: Corrections,
    size: int,
) -> int:
    """Write what one step changed: events that left a key, joined it, or have other measures."""
    source, spec = context
    birth, previous, step = steps
    event = (timeline.since[birth], timeline.since[step], timeline.sequence[birth])
    before, behind = timeline.key_row[previous], timeline.key_row[step]
    old, new = timeline.value_row[previous], timeline.value_row[step]
    revalued = np.any(source.values[old] != source.values[new])
    for place in range(len(spec.seeds)):
        entity = int64(place)
        left = _key_or_none(spec, source.hashed, before, entity)
        joined = _key_or_none(spec, source.hashed, behind, entity)
        if left == joined:
            if left != 0 and revalued:
                size = _put(room, size, (entity, behind), event, (old, new), context)
            continue
        if left != 0:
            size = _put(room, size, (entity, before), event, (old, _NO_ROW), context)
        if joined != 0:
            size = _put(room, size, (entity, behind), event, (_NO_ROW, new), context)
    return size


@kernel
def _put(
    room: Corrections,
    size: int,
    cell: tuple[int, int],
    event: tuple[int, int, int],
    values: tuple[int, int],
    context: tuple[Source, KeySpec],
) -> int:
    """Write one correction if there is room: `cell` is entity and key row, `values` rows off and on."""
    if len(room.keys) == 0:
        return size + 1
    source, spec = context
    entity, row = cell
    old, new = values
    room.entity[size] = entity
    room.keys[size] = key_of(spec, source.hashed, row, entity)
    room.checks[size] = check_of(spec, source.hashed, row, entity)
    room.born[size], room.known[size], room.sequence[size] = event
    if old >= 0:
        room.change[size, 0] -= 1
        room.change[size, 1:] -= source.values[old]
    if new >= 0:
        room.change[size, 0] += 1
        room.change[size, 1:] += source.values[new]
    return size + 1


@kernel
def _key_or_none(spec: KeySpec, hashed: Hashed, row: int, entity: int) -> np.uint64:
    return key_of(spec, hashed, row, entity) if row >= 0 else np.uint64(0)
