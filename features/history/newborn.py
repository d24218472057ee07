"""Lines declared for the first time: what each counts follows from itself alone, so little is to be done.

Nearly every revision that a server applies is one, just committed by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.entities import TALLIES
from features.history.content import Content
from features.history.keys import Hashed, Integers, KeySpec, check_of, hash_text, key_of
from features.history.loose import hang_up_birth
from features.history.pointers import Table, loose_at
from features.history.rows import COUNTED, declared_content
from features.kernel import kernel
from features.records import Declaration
from features.store.entries import Action
from features.store.reader import Revision
from features.terms import Kind

FEW = 256
"""More are sorted at once."""


class Newborn(NamedTuple):
    """Rows that may begin to count: their keys, when and with which sequence, whether they do, measures."""

    hashed: Hashed
    born: Integers
    sequence: Integers
    counts: NDArray[np.bool_]
    values: NDArray[np.int64]


def are_newborn(chunk: Sequence[Revision], waiting: Set[int]) -> bool:
    """Say whether a few revisions are all of lines that no earlier record names.

    `waiting` holds the id hashes of lines that inspections name and nobody has declared yet.
    """
    first = all(
        one.revision == 1 and one.kind == Kind.DECLARATION and one.action == Action.PUT for one in chunk
    )
    return first and len(chunk) <= FEW and (not waiting or waiting.isdisjoint(_hashes(chunk)))


def births_of(chunk: Sequence[Revision]) -> Iterator[tuple[str, Newborn]]:
    """Yield, for each tally of lines, what newborn ones begin to count."""
    content: Content = declared_content([one.record for one in chunk if isinstance(one.record, Declaration)])
    born = np.array([one.visible_at for one in chunk], dtype=np.int64)
    sequence = np.array([one.sequence for one in chunk], dtype=np.int64)
    begin = 0
    for place, tally in enumerate(COUNTED[Kind.DECLARATION]):
        end = begin + len(TALLIES[tally].measures)
        counts, values = content.counts[:, place], content.values[:, begin:end]
        yield tally, Newborn(content.hashed, born, sequence, counts, values)
        begin = end


def _hashes(chunk: Sequence[Revision]) -> Iterator[int]:
    return (hash_text(one.id) for one in chunk)


@kernel
def add_births(loose_table: Table, size: int, spec: KeySpec, births: Newborn) -> int:
    """Write births behind the first `size` loose changes, for which there is room; returns the new size."""
    loose = loose_at(loose_table)
    hashed = births.hashed
    for row in range(len(births.born)):
        if not births.counts[row]:
            continue
        event = (births.born[row], births.sequence[row])
        for entity in range(len(spec.seeds)):
            key = key_of(spec, hashed, row, entity)
            if key != 0:
                cell = (entity, key, check_of(spec, hashed, row, entity))
                size = hang_up_birth(loose, size, cell, event, births.values[row])
    return size
