"""What stood at an instant, read revision by revision: the slow way, which the fast one must match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.instants import Instant
from features.records import Inspection, Nonconformity
from features.store.database import Store
from features.store.reader import Revision
from features.terms import Kind
from training.labels import KnownRecord, R


@dataclass(slots=True)
class Standing:
    """What stands at an instant: inspections and findings by id, and each line's first revision."""

    inspections: dict[str, KnownRecord[Inspection]] = field(default_factory=dict)
    findings: dict[str, KnownRecord[Nonconformity]] = field(default_factory=dict)
    filed: dict[str, Instant] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def apply(self, revision: Revision) -> None:
        """Let a revision replace what its record said before; call in sequence order."""
        if revision.kind == Kind.DECLARATION:
            self.filed.setdefault(revision.id, revision.visible_at)
            (self.gone.discard if revision.action == "put" else self.gone.add)(revision.id)
        elif revision.kind == Kind.INSPECTION:
            _stand(self.inspections, revision, Inspection)
        elif revision.kind == Kind.NONCONFORMITY:
            _stand(self.findings, revision, Nonconformity)


def _stand(records: dict[str, KnownRecord], revision: Revision, kind: type) -> None:  # type: ignore[type-arg]
    if isinstance(revision.record, kind):
        records[revision.id] = KnownRecord(revision.record, revision.visible_at)
    else:
        records.pop(revision.id, None)


def what_stands(store: Store, until: Instant) -> Standing:
    """Read every record as it stood just before `until`."""
    standing = Standing()
    for chunk in store.changes():
        for revision in chunk:
            if revision.visible_at < until:
                standing.apply(revision)
    return standing


def by_line(records: Mapping[str, KnownRecord[R]]) -> dict[str, list[KnownRecord[R]]]:
    """Group records that stand, keyed by their own id, by the declaration line they name."""
    grouped: dict[str, list[KnownRecord[R]]] = {}
    for known in records.values():
        if known.record.declaration_id is not None:
            grouped.setdefault(known.record.declaration_id, []).append(known)
    return grouped
