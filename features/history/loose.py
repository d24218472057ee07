"""The newest changes, not yet sorted: few enough that a query looks at each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Hashes, Integers
from features.history.level import Births, Corrections, Level, assemble

CAPACITY = 256


class Loose(NamedTuple):
    """Changes in the order they came; only the first `size` are in use.

    A row adds `change` (count, measures) to an entity's key from `known` on; a birth is one whose `known`
    is its `born`.
    """

    entity: Integers
    keys: Hashes
    checks: Hashes
    born: Integers
    known: Integers
    sequence: Integers
    change: NDArray[np.int64]


def room_for_loose(measures: int) -> Loose:
    """Return room for CAPACITY changes."""
    columns = [np.zeros(CAPACITY, dtype=np.int64) for _ in range(4)]
    hashes = [np.zeros(CAPACITY, dtype=np.uint64) for _ in range(2)]
    change = np.zeros((CAPACITY, 1 + measures), dtype=np.int64)
    return Loose(columns[0], hashes[0], hashes[1], columns[1], columns[2], columns[3], change)


def add_loose(loose: Loose, size: int, added: Corrections) -> int:
    """Write changes behind the first `size` and return the new size; who reads by the old one sees none."""
    end = size + len(added.keys)
    for column, values in zip(loose, added, strict=True):
        column[size:end] = values
    return end


def level_of_loose(loose: Loose, size: int, entities: int) -> Level:
    """Sort the first `size` changes into a level."""
    rows = Corrections._make(column[:size] for column in loose)
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
