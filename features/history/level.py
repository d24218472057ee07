"""A level: the sorted numbers of one tally, from which a window is two positions and a subtraction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.errors import KeyCollision
from features.history.kernel import kernel
from features.history.keys import Hashes, Integers
from features.history.sorting import order_of

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


class _Block(NamedTuple):
    """One entity's part of a level, positions counted from its own start."""

    keys: Hashes
    checks: Hashes
    counts: Integers
    corrected: Integers
    births: Births
    corrections: Corrections


def assemble(entities: int, births_of: Callable[[int], Births], corrections: Corrections) -> Level:
    """Sort births and corrections into a level.

    `births_of(e)` gives the births of entity e. Raises KeyCollision where one key has two checks.
    """
    blocks = [
        _block(births_of(entity), corrections.take(corrections.entity == entity))
        for entity in range(entities)
    ]
    changes = np.concatenate([block.corrections.change for block in blocks])
    known = np.concatenate([block.corrections.known for block in blocks])
    low, high, latest = strides(known)
    return frozen(
        Level(
            blocks=running(np.array([len(block.keys) for block in blocks])),
            keys=np.concatenate([block.keys for block in blocks]),
            checks=np.concatenate([block.checks for block in blocks]),
            offsets=running(np.concatenate([block.counts for block in blocks])),
            born=np.concatenate([block.births.born for block in blocks]),
            sequence=np.concatenate([block.births.sequence for block in blocks]),
            sums=running(np.concatenate([block.births.values for block in blocks])),
            corrected=running(np.concatenate([block.corrected for block in blocks])),
            c_born=np.concatenate([block.corrections.born for block in blocks]),
            c_known=known,
            c_sequence=np.concatenate([block.corrections.sequence for block in blocks]),
            c_change=changes,
            c_sums=running(changes),
            c_low=low,
            c_high=high,
            latest=latest,
        )
    )


def empty_level(entities: int, measures: int) -> Level:
    """Return a level of nothing."""
    hashes, integers = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    births = Births(hashes, hashes, integers, integers, np.empty((0, measures), dtype=np.int64))
    return assemble(entities, lambda _: births, no_corrections(measures))


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


def _block(births: Births, corrections: Corrections) -> _Block:
    order = order_of(births.keys)
    order = order[np.searchsorted(births.keys[order], np.uint64(1)) :]
    births = Births._make(column[order] for column in births)
    by_birth = (corrections.known, corrections.sequence, corrections.born, corrections.keys)
    corrections = corrections.take(np.lexsort(by_birth))
    starts, sound = _starts(births.keys, births.checks)
    keys, checks, counts = (
        births.keys[starts],
        births.checks[starts],
        np.diff(starts, append=len(births.keys)),
    )
    corrected = np.zeros(len(keys), dtype=np.int64)
    if len(corrections.keys):
        begins, sound_too = _starts(corrections.keys, corrections.checks)
        changed = corrections.keys[begins]
        union = np.union1d(keys, changed)
        places, changed_places = np.searchsorted(union, keys), np.searchsorted(union, changed)
        sound = sound and sound_too and _agree(keys, checks, changed, corrections.checks[begins])
        counts = _placed(counts, places, len(union))
        corrected = _placed(np.diff(begins, append=len(corrections.keys)), changed_places, len(union))
        all_checks = _placed(checks, places, len(union))
        all_checks[changed_places] = corrections.checks[begins]
        keys, checks = union, all_checks
    if not sound:
        raise KeyCollision("Two different entities have the same 64-bit key.")
    return _Block(keys, checks, counts, corrected, births, corrections)


def _placed(values: NDArray[Any], places: Integers, size: int) -> NDArray[Any]:
    placed = np.zeros(size, dtype=values.dtype)
    placed[places] = values
    return placed


def _agree(keys: Hashes, checks: Hashes, others: Hashes, other_checks: Hashes) -> bool:
    """Return whether keys that occur in both have the same check."""
    _, here, there = np.intersect1d(keys, others, assume_unique=True, return_indices=True)
    return np.array_equal(checks[here], other_checks[there])


@kernel
def _starts(keys: Hashes, checks: Hashes) -> tuple[Integers, bool]:
    """Return where each of the sorted keys begins, and whether every one of them has a single check."""
    starts = np.empty(len(keys), dtype=np.int64)
    size = 0
    sound = True
    for place in range(len(keys)):
        if place == 0 or keys[place] != keys[place - 1]:
            starts[size] = place
            size += 1
        elif checks[place] != checks[place - 1]:
            sound = False
    return starts[:size].copy(), sound
