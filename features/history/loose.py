"""The newest changes, not yet sorted: those of a key hang together and are summed up as they come.

A query by what is known now takes the sum; only one whose instant or window cuts through them looks at them
one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Hashes, Integers
from features.history.level import Births, Corrections, Level, assemble
from features.kernel import int64, kernel

CAPACITY = 16_384
"""Sorting costs nearly the same for few as for many."""
_HEADS = 2 * CAPACITY
_NONE = int64(-1)

OLDEST, KNOWN, FIRST_BORN, LAST_BORN, LAST_BORN_FAILED, FIRST_CORRECTED, LAST_CORRECTED = range(7)
"""Columns of `reach`."""
_END = int64(np.iinfo(np.int64).max)


class Loose(NamedTuple):
    """Changes in the order they came; only the first `size` are in use.

    A row adds `change` (count, measures) to an entity's key from `known` on; a birth is one whose `known`
    is its `born`. `heads` holds, by the last bits of a key, the newest row of such keys, `previous` the one
    before each row (-1: none). `filled` int64 (1,) says how many rows were ever written.

    Of all rows up to one, of its entity's key: `same` is the one before it, `totals` their sum, `reach` the
    earliest `born` and latest `known` of all, the first, last and last failed birth (-1: none), and the
    earliest (the largest integer: none) and latest (-1: none) birth that a correction changes.
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
    same: Integers
    totals: NDArray[np.int64]
    reach: NDArray[np.int64]


def room_for_loose(measures: int) -> Loose:
    """Return room for CAPACITY changes."""
    columns = [np.zeros(CAPACITY, dtype=np.int64) for _ in range(5)]
    hashes = [np.zeros(CAPACITY, dtype=np.uint64) for _ in range(2)]
    change, totals = (np.zeros((CAPACITY, 1 + measures), dtype=np.int64) for _ in range(2))
    heads, previous = np.full(_HEADS, -1, dtype=np.int64), np.full(CAPACITY, -1, dtype=np.int64)
    filled = np.zeros(1, dtype=np.int64)
    reach = np.zeros((CAPACITY, LAST_CORRECTED + 1), dtype=np.int64)
    entity, born, known, sequence, same = columns
    keys, checks = hashes
    return Loose(
        entity, keys, checks, born, known, sequence, change, heads, previous, filled, same, totals, reach
    )


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
        loose.same[row] = _of_key(loose, loose.heads[head], loose.entity[row], loose.keys[row])
        _sum_up(loose, row)
        loose.heads[head] = row
    loose.filled[0] = size + added


@kernel
def hang_up_birth(
    loose: Loose, size: int, cell: tuple[int, np.uint64, np.uint64], event: tuple[int, int], values: Integers
) -> int:
    """Write one birth, of an entity's key with its check, behind the first `size` rows; returns the new size.

    `event` is when it was born and its sequence, `values` its measures.
    """
    loose.entity[size], loose.keys[size], loose.checks[size] = cell
    loose.born[size], loose.sequence[size] = event
    loose.known[size] = event[0]
    loose.change[size, 0] = 1
    loose.change[size, 1:] = values
    _hang_up(loose, size, 1)
    return size + 1


@kernel
def _sum_up(loose: Loose, row: int) -> None:
    """Set what a row and those of its key before it come to."""
    before, born, known = loose.same[row], loose.born[row], loose.known[row]
    reach, change, totals = loose.reach[row], loose.change[row], loose.totals[row]
    totals[:] = change
    reach[:] = _NONE
    reach[OLDEST], reach[FIRST_CORRECTED] = born, _END
    if before >= 0:
        totals += loose.totals[before]
        reach[:] = loose.reach[before]
    reach[OLDEST], reach[KNOWN] = min(reach[OLDEST], born), max(reach[KNOWN], known)
    if known != born or change[0] <= 0:
        reach[FIRST_CORRECTED] = min(reach[FIRST_CORRECTED], born)
        reach[LAST_CORRECTED] = max(reach[LAST_CORRECTED], born)
        return
    reach[FIRST_BORN] = born if reach[FIRST_BORN] < 0 else min(reach[FIRST_BORN], born)
    reach[LAST_BORN] = max(reach[LAST_BORN], born)
    if len(change) > 1 and change[1] > 0:
        reach[LAST_BORN_FAILED] = max(reach[LAST_BORN_FAILED], born)


@kernel
def _of_key(loose: Loose, row: int, entity: int, key: np.uint64) -> int:
    """Return the newest row of an entity's key, from `row` on back; -1 for none."""
    while row >= 0 and (loose.keys[row] != key or loose.entity[row] != entity):
        row = loose.previous[row]
    return row


@kernel
def newest_of(loose: Loose, size: int, entity: int, key: np.uint64) -> int:
    """Return the newest of the first `size` rows of an entity's key, -1 for none; `same` leads on."""
    return _of_key(loose, newest_loose(loose, size, key), entity, key)


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
