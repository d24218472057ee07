"""A level: the sorted numbers of one tally, from which a window is two positions and a subtraction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.errors import KeyCollision
from features.history.grouping import COLLISION, Groups, group_by_key, place_births, place_values
from features.history.keys import Hashes, Integers

STRIDE = 64
"""Corrections are summed up in strides, so that a query steps over those that all apply or none."""


class Level(NamedTuple):
    """Counted events by entity key, and the corrections to them.

    Keys of entity e are `keys[blocks[e]:blocks[e + 1]]`, sorted. Events of key k are the positions
    `offsets[k]:offsets[k + 1]` of `born` and `sequence`, sorted by both; `sums` int64 (events + 1,
    measures) are running sums. Corrections of key k are `corrected[k]:corrected[k + 1]` of the `c_` arrays,
    sorted by the birth of the event they change; `c_known` says from when on they hold, `c_change` int64
    (corrections, 1 + measures) what they add to count and measures. `c_low` and `c_high` are the least and
    greatest `c_known` of each stride, `latest` of all.
    """

    blocks: Integers
    keys: Hashes
    checks: Hashes
    offsets: Integers
    born: Integers
    sequence: Integers
    sums: NDArray[np.int64]
    corrected: Integers
    c_born: Integers
    c_known: Integers
    c_sequence: Integers
    c_change: NDArray[np.int64]
    c_sums: NDArray[np.int64]
    c_low: Integers
    c_high: Integers
    latest: Integers


class Births(NamedTuple):
    """Events of one entity as they were first counted, sorted by (born, sequence); key 0 is no entity."""

    keys: Hashes
    checks: Hashes
    born: Integers
    sequence: Integers
    values: NDArray[np.int64]


class Corrections(NamedTuple):
    """What changed about counted events: one row adds `change` (count, measures) from `known` on."""

    entity: Integers
    keys: Hashes
    checks: Hashes
    born: Integers
    known: Integers
    sequence: Integers
    change: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Corrections:
        """Return the corrections at `rows`."""
        return Corrections._make(column[rows] for column in self)


def no_corrections(measures: int) -> Corrections:
    """Return an empty list of corrections."""
    hashes, integers = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    change = np.empty((0, 1 + measures), dtype=np.int64)
    return Corrections(integers, hashes, hashes, integers, integers, integers, change)


class Distinct(NamedTuple):
    """One entity's keys in a level: their checks, and how many births and corrections each has."""

    keys: Hashes
    checks: Hashes
    counts: Integers
    corrected: Integers

    @classmethod
    def of(cls, groups: Groups) -> Distinct:
        """Return the keys that were grouped, be it births or corrections, as yet with no corrections."""
        return cls(groups.keys, groups.checks, groups.counts, np.zeros_like(groups.counts))


def assemble(entities: int, most: int, births_of: Callable[[int], Births], corrections: Corrections) -> Level:
    """Sort births and corrections into a level.

    `births_of(e)` gives the births of entity e, at most `most` of all together. Raises KeyCollision where one
    key has two checks.
    """
    room = _Room(most, corrections.change.shape[1] - 1)
    by_key = (corrections.born, corrections.keys, corrections.entity)
    ordered = corrections.take(np.lexsort((corrections.known, corrections.sequence, *by_key)))
    blocks = []
    for entity in range(entities):
        first, last = np.searchsorted(ordered.entity, (entity, entity + 1))
        births = room.take_in(births_of(entity))
        changed = group_by_key(ordered.keys[first:last], ordered.checks[first:last])
        blocks.append(_joined(births, Distinct.of(changed)))
    low, high, latest = strides(ordered.known)
    return frozen(
        Level(
            blocks=running(np.array([len(block.keys) for block in blocks], dtype=np.int64)),
            keys=np.concatenate([block.keys for block in blocks]),
            checks=np.concatenate([block.checks for block in blocks]),
            offsets=running(np.concatenate([block.counts for block in blocks])),
            born=room.born[: room.size],
            sequence=room.sequence[: room.size],
            sums=room.sums[: room.size + 1],
            corrected=running(np.concatenate([block.corrected for block in blocks])),
            c_born=ordered.born,
            c_known=ordered.known,
            c_sequence=ordered.sequence,
            c_change=ordered.change,
            c_sums=running(ordered.change),
            c_low=low,
            c_high=high,
            latest=latest,
        )
    )


class _Room:
    """Where the births of one entity after the other are written, sorted by key."""

    def __init__(self, most: int, measures: int) -> None:
        self.size = 0
        self.born = np.empty(most, dtype=np.int64)
        self.sequence = np.empty(most, dtype=np.int64)
        self.sums = np.empty((most + 1, measures), dtype=np.int64)
        self.sums[0] = 0

    def take_in(self, births: Births) -> Distinct:
        """Write the births that have a key and return the keys."""
        groups = group_by_key(births.keys, births.checks)
        place_births(births.born, births.sequence, groups, self.size, (self.born, self.sequence))
        place_values(births.values, groups, self.size, self.sums)
        self.size += int(groups.counts.sum())
        return Distinct.of(groups)


def _joined(births: Distinct, corrections: Distinct) -> Distinct:
    """Line up the keys of births with those of corrections; raises KeyCollision."""
    if not len(corrections.keys):
        return births
    keys = np.union1d(births.keys, corrections.keys)
    here, there = np.searchsorted(keys, births.keys), np.searchsorted(keys, corrections.keys)
    checks = _placed(births.checks, here, len(keys))
    checks[there] = corrections.checks
    if not np.array_equal(checks[here], births.checks):
        raise KeyCollision(COLLISION)
    counts, corrected = (
        _placed(births.counts, here, len(keys)),
        _placed(corrections.counts, there, len(keys)),
    )
    return Distinct(keys, checks, counts, corrected)


def _placed(values: NDArray[Any], places: Integers, size: int) -> NDArray[Any]:
    placed = np.zeros(size, dtype=values.dtype)
    placed[places] = values
    return placed


def empty_level(entities: int, measures: int) -> Level:
    """Return a level of nothing."""
    hashes, integers = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    births = Births(hashes, hashes, integers, integers, np.empty((0, measures), dtype=np.int64))
    return assemble(entities, 0, lambda _: births, no_corrections(measures))


def frozen(level: Level) -> Level:
    """Make every array read-only, so that levels in memory and mapped ones are of one type to the kernels."""
    for array in level:
        array.flags.writeable = False
    return level


def running(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return running sums along the rows, with a leading zero; they wrap, and differences stay exact."""
    sums = np.zeros((len(values) + 1, *values.shape[1:]), dtype=np.int64)
    np.cumsum(values, axis=0, out=sums[1:])
    return sums


def strides(known: Integers) -> tuple[Integers, Integers, Integers]:
    """Return least and greatest instant of each stride, and the greatest of all (-1 for none)."""
    starts = np.arange(0, len(known), STRIDE)
    if not len(known):
        return known, known, np.array([-1], dtype=np.int64)
    return np.minimum.reduceat(known, starts), np.maximum.reduceat(known, starts), known.max(keepdims=True)
