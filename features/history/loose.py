"""The newest changes, not yet sorted: those of a key hang together, so that a query looks at no others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.kernel import int64, kernel
from features.history.keys import Hashes, Integers
from features.history.level import Births, Corrections, Level, assemble

CAPACITY = 4096
"""Sorting costs the same for few as for many; what every line has in common is looked through, change by
change."""
_HEADS = 2 * CAPACITY
_NONE = int64(-1)


class Loose(NamedTuple):
    """Changes in the order they came; only the first `size` are in use.

    A row adds `change` (count, measures) to an entity's key from `known` on; a birth is one whose `known`
    is its `born`. `heads` holds, by the last bits of a key, the newest row of such keys, `previous` the one
    before each row (-1: none). `filled` int64 (1,) says how many rows were ever written.
    """

    entity: Integers
    keys: Hashes
    checks: Hashes
    born: Integers
    known: Integers
    sequence: Integers
    change: NDArray[np.int64]
    heads: Integers
    previous: Integers
    filled: Integers


def room_for_loose(measures: int) -> Loose:
    """Return room for CAPACITY changes."""
    columns = [np.zeros(CAPACITY, dtype=np.int64) for _ in range(4)]
    hashes = [np.zeros(CAPACITY, dtype=np.uint64) for _ in range(2)]
    change = np.zeros((CAPACITY, 1 + measures), dtype=np.int64)
    heads, previous = np.full(_HEADS, -1, dtype=np.int64), np.full(CAPACITY, -1, dtype=np.int64)
    filled = np.zeros(1, dtype=np.int64)
    entity, born, known, sequence = columns
    keys, checks = hashes
    return Loose(entity, keys, checks, born, known, sequence, change, heads, previous, filled)


def add_loose(loose: Loose, size: int, added: Corrections) -> Loose:
    """Write changes behind the first `size`; who reads by that size, meanwhile or later, sees none of them.

    Where rows behind `size` were written already, by what then failed, a copy is written to and returned.
    """
    if loose.filled[0] != size:
        kept = Corrections._make(column[:size] for column in loose[: len(added)])
        loose = add_loose(room_for_loose(loose.change.shape[1] - 1), 0, kept)
    _write(loose, size, added)
    _hang_up(loose, size, len(added.keys))  # apart: a row must be whole before a reader can find it
    return loose


@kernel
def _write(loose: Loose, size: int, added: Corrections) -> None:
    end = size + len(added.keys)
    loose.entity[size:end] = added.entity
    loose.keys[size:end] = added.keys
    loose.checks[size:end] = added.checks
    loose.born[size:end] = added.born
    loose.known[size:end] = added.known
    loose.sequence[size:end] = added.sequence
    loose.change[size:end] = added.change


@kernel
def _hang_up(loose: Loose, size: int, added: int) -> None:
    for row in range(size, size + added):
        head = np.int64(loose.keys[row] & np.uint64(_HEADS - 1))
        loose.previous[row] = loose.heads[head]
        loose.heads[head] = row
    loose.filled[0] = size + added


@kernel
def newest_loose(loose: Loose, size: int, key: np.uint64) -> int:
    """Return the newest of the first `size` rows that may be of a key, -1 for none; `previous` leads on."""
    if size == 0:
        return _NONE
    row = loose.heads[np.int64(key & np.uint64(_HEADS - 1))]
    while row >= size:
        row = loose.previous[row]
    return row


def level_of_loose(loose: Loose, size: int, entities: int) -> Level:
    """Sort the first `size` changes into a level."""
    rows = Corrections._make(column[:size] for column in loose[: len(Corrections._fields)])
    return level_of_changes(rows, entities)


def level_of_changes(changes: Corrections, entities: int) -> Level:
    """Sort births and corrections, told apart by whether they were known at birth, into a level."""
    born = (changes.born == changes.known) & (changes.change[:, 0] > 0)
    births, rest = changes.take(born), changes.take(~born)
    births = births.take(np.lexsort((births.sequence, births.born)))

    def births_of(entity: int) -> Births:
        rows = births.take(births.entity == entity)
        return Births(rows.keys, rows.checks, rows.born, rows.sequence, rows.change[:, 1:])

    return assemble(entities, len(births.keys), births_of, rest)
