"""Finds the records whose counting some new revisions can change, with all their revisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from features.history.keys import hash_text
from features.history.rows import COUNTED
from features.records import Inspection
from features.store.database import Store
from features.store.reader import Revision
from features.terms import Kind


class Touched:
    """All revisions, up to a chunk's last, of the records whose counting the chunk can change.

    `waiting` holds the id hashes of declarations that inspections name and nobody has declared yet.
    """

    def __init__(self, store: Store, chunk: Sequence[Revision], waiting: Set[int]) -> None:
        self._store = store
        self._last = chunk[-1].sequence
        self._found: dict[Kind, dict[str, list[Revision]]] = {kind: {} for kind in COUNTED}
        for kind in COUNTED:
            self._take_in(kind, [revision for revision in chunk if revision.kind == kind])
        self._add_inspections_of(waiting)
        self._add_lines_of_inspections()

    def in_order(self) -> list[Revision]:
        """Return the revisions in order of sequence."""
        of_kinds = (records for by_id in self._found.values() for records in by_id.values())
        return sorted((each for records in of_kinds for each in records), key=lambda each: each.sequence)

    def _take_in(self, kind: Kind, news: Sequence[Revision]) -> None:
        """Take in new revisions; only records that had earlier ones are looked up."""
        found = self._found[kind]
        for revision in news:
            found.setdefault(revision.id, []).append(revision)
        self._look_up(kind, [id for id, revisions in found.items() if revisions[0].revision > 1])

    def _look_up(self, kind: Kind, ids: Sequence[str]) -> None:
        if ids:
            self._put(kind, self._store.revisions(kind, ids).items())

    def _put(self, kind: Kind, records: Iterable[tuple[str, list[Revision]]]) -> None:
        for id, revisions in records:
            self._found[kind][id] = [each for each in revisions if each.sequence <= self._last]

    def _add_inspections_of(self, waiting: Set[int]) -> None:
        lines = self._found[Kind.DECLARATION]
        ids = [id for id, revisions in lines.items() if len(revisions) > 1 or hash_text(id) in waiting]
        if not ids:
            return
        by_id: dict[str, list[Revision]] = {}
        for revisions in self._store.linked(Kind.INSPECTION, ids).values():
            for each in revisions:
                by_id.setdefault(each.id, []).append(each)
        distinct = {id: list({each.sequence: each for each in some}.values()) for id, some in by_id.items()}
        self._put(Kind.INSPECTION, distinct.items())

    def _add_lines_of_inspections(self) -> None:
        named = {
            each.record.declaration_id: None
            for revisions in self._found[Kind.INSPECTION].values()
            for each in revisions
            if isinstance(each.record, Inspection)
        }
        self._look_up(Kind.DECLARATION, [id for id in named if id not in self._found[Kind.DECLARATION]])
