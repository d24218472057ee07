"""From revisions to what every tally counts, for a whole store or for the records that changes touch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from features.entities import TALLIES
from features.history.derive import Derived, Source, derive, derived_changes, derived_level
from features.history.keys import Hashes, tally_spec
from features.history.level import Corrections, Level
from features.history.parties import PartyRows, join_party_rows, party_rows
from features.history.rows import COUNTED, Rows, join_rows, rows_of
from features.history.timeline import Steps, inspected_timeline, own_timeline, steps_of
from features.opinions.reading import Reading
from features.store.reader import Revision
from features.terms import Kind

BEGINNING = -1
"""Before every instant."""


class Gathered(NamedTuple):
    """Revisions as columns by kind, those of parties apart."""

    rows: dict[Kind, Rows]
    parties: PartyRows


ReadOpinions: TypeAlias = Callable[[Sequence[int]], Mapping[int, Reading]]
"""Gives the readings of revisions by sequence, in one version of the text code."""


def gather(chunks: Iterable[Sequence[Revision]], read: ReadOpinions) -> Gathered:
    """Lay out revisions that come in order of sequence, opinions by their readings."""
    parts: dict[Kind, list[Rows]] = {kind: [] for kind in COUNTED}
    parties: list[PartyRows] = []
    for chunk in chunks:
        for kind in COUNTED:
            chosen = [revision for revision in chunk if revision.kind == kind]
            if chosen:
                told = read([one.sequence for one in chosen]) if kind == Kind.OPINION else None
                parts[kind].append(rows_of(kind, chosen, told))
        stated = [revision for revision in chunk if revision.kind == Kind.PARTY]
        if stated:
            parties.append(party_rows(stated))
    return Gathered({kind: join_rows(rows, kind) for kind, rows in parts.items()}, join_party_rows(parties))


class Deriver:
    """What each tally counts of some rows, and which inspections wait for their line."""

    def __init__(self, rows: dict[Kind, Rows], after: int = BEGINNING) -> None:
        self._rows = rows
        self._after = after
        self._steps = {kind: steps_of(of_kind) for kind, of_kind in rows.items()}

    def levels(self) -> Iterator[tuple[str, Level]]:
        """Yield each tally and a level of what became known; raises KeyCollision."""
        for tally, derived, source in self._derived():
            yield tally, derived_level(derived, source, tally_spec(tally))

    def changes(self) -> Iterator[tuple[str, Corrections]]:
        """Yield each tally and what became known as changes; raises KeyCollision."""
        for tally, derived, source in self._derived():
            yield tally, derived_changes(derived, source, tally_spec(tally))

    def waiting(self) -> Hashes:
        """Return the id hashes of declarations that inspections name and nobody has declared."""
        links = self._rows[Kind.INSPECTION].links
        if not len(links):
            return links
        return np.setdiff1d(links[links != 0], self._steps[Kind.DECLARATION].ids)

    def _derived(self) -> Iterator[tuple[str, Derived, Source]]:
        lines: tuple[Steps, Rows] = (self._steps[Kind.DECLARATION], self._rows[Kind.DECLARATION])
        for kind, tallies in COUNTED.items():
            rows, steps = self._rows[kind], self._steps[kind]
            if not len(rows.ids):
                continue
            begin = 0
            for place, tally in enumerate(tallies):
                end = begin + len(TALLIES[tally].measures)
                if kind == Kind.INSPECTION:
                    timeline = inspected_timeline((steps, rows), lines)
                else:
                    timeline = own_timeline(steps, rows, place)
                hashed = lines[1].hashed if kind == Kind.INSPECTION else rows.hashed
                source = Source(hashed, np.ascontiguousarray(rows.values[:, begin:end]))
                yield tally, derive(timeline, source, tally_spec(tally), self._after), source
                begin = end
