"""Labels of inspected lines as they were known at one instant after the other.

`training.dataset` labels lines as they stand at the end; what is fitted for an earlier instant must not see
what was amended, withdrawn or found out since.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from features.instants import Instant
from features.records import Declaration, Inspection, Nonconformity
from features.store.database import Store
from features.store.reader import Revision
from features.terms import Kind
from models.spec import Target
from training.labels import KnownRecord, Label, label_line

_IDS_AT_ONCE = 5_000
_NAMING = (Inspection, Nonconformity)


class Unfolding:
    """Walks forward through what became visible; `labels` and `filed` are as known at the last instant asked.

    `labels` are by line; `filed` has each line's first revision with the instant it became visible.
    """

    def __init__(self, store: Store, target: Target) -> None:
        self._target = target
        events = list(_events(store))
        events.sort(key=attrgetter("visible_at", "sequence"))
        self._events = iter(events)
        self._next = next(self._events, None)
        self.labels: dict[str, Label] = {}
        self.filed: dict[str, tuple[Declaration, Instant]] = _first_revisions(events)
        self.first: Instant | None = events[0].visible_at if events else None
        """When the first record became visible."""
        self._standing: dict[tuple[Kind, str], Revision] = {}
        self._named: dict[str, set[tuple[Kind, str]]] = {}

    def advance(self, at: Instant) -> set[str]:
        """Take in everything visible before `at`; return the lines that it touched.

        Instants must not go back.
        """
        touched: set[str] = set()
        while self._next is not None and self._next.visible_at < at:
            touched |= self._take(self._next)
            self._next = next(self._events, None)
        for line in touched:
            label = self._label(line)
            if label is None:
                self.labels.pop(line, None)
            else:
                self.labels[line] = label
        return touched

    def _take(self, revision: Revision) -> set[str]:
        """Let a revision stand unless a later one of its record already does; return the lines it touches."""
        key = (revision.kind, revision.id)
        before = self._standing.get(key)
        if before is not None and before.sequence > revision.sequence:
            return set()
        self._standing[key] = revision
        if revision.kind == Kind.DECLARATION:
            return {revision.id}
        lines = {line for line in (_line_of(before), _line_of(revision)) if line is not None}
        for line in lines:
            self._named.setdefault(line, set()).add(key)
        return lines

    def _label(self, line: str) -> Label | None:
        declared = self._standing.get((Kind.DECLARATION, line))
        if declared is None or declared.record is None or line not in self.filed:
            return None
        inspections: list[KnownRecord[Inspection]] = []
        findings: list[KnownRecord[Nonconformity]] = []
        for key in sorted(self._named.get(line, ())):
            revision = self._standing[key]
            if _line_of(revision) != line:
                continue
            if isinstance(revision.record, Inspection):
                inspections.append(KnownRecord(revision.record, revision.visible_at))
            elif isinstance(revision.record, Nonconformity):
                findings.append(KnownRecord(revision.record, revision.visible_at))
        label = label_line(self._target, inspections, findings)
        return label if isinstance(label, Label) else None


def _line_of(revision: Revision | None) -> str | None:
    record = None if revision is None else revision.record
    return record.declaration_id if isinstance(record, _NAMING) else None


def _first_revisions(events: list[Revision]) -> dict[str, tuple[Declaration, Instant]]:
    return {
        revision.id: (revision.record, revision.visible_at)
        for revision in events
        if revision.revision == 1 and isinstance(revision.record, Declaration)
    }


def _events(store: Store) -> Iterator[Revision]:
    """Yield every revision of inspections and findings, and of the lines that any of them names."""
    lines: set[str] = set()
    for chunk in store.changes(kinds=[Kind.INSPECTION, Kind.NONCONFORMITY]):
        for revision in chunk:
            yield revision
            if (line := _line_of(revision)) is not None:
                lines.add(line)
    named = sorted(lines)
    for start in range(0, len(named), _IDS_AT_ONCE):
        for revisions in store.revisions(Kind.DECLARATION, named[start : start + _IDS_AT_ONCE]).values():
            yield from revisions
