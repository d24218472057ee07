"""Reads revisions back, in the order in which they were stored or by record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine

from features.instants import Instant
from features.records import RECORD_TYPES, AnyRecord
from features.store.entries import Action
from features.store.statements import fetch, listed, numbered, run
from features.terms import Kind

CHUNK = 10_000

_KINDS = {kind.value: kind for kind in Kind}
_ACTIONS = {action.value: action for action in Action}
_DECODE: dict[str, Any] = {kind.value: msgspec.json.Decoder(of).decode for kind, of in RECORD_TYPES.items()}


class Revision(msgspec.Struct, frozen=True, gc=False):
    """One stored revision: what a record was then said to be, or that it was withdrawn or redacted.

    `record` is None for withdrawals and redactions, and for earlier revisions of what was redacted since. A
    feature at t sees, of each record, the revision of greatest sequence among those with `visible_at` < t.
    """

    sequence: int
    kind: Kind
    id: str
    revision: int
    action: Action
    happened_at: Instant
    known_at: Instant
    recorded_at: Instant
    visible_at: Instant
    content_hash: bytes
    record: AnyRecord | None


_SELECT = f"SELECT {', '.join(Revision.__struct_fields__[:-1])}, body FROM record_revisions AS this WHERE"
_CHANGES = f"{_SELECT} sequence > ? AND sequence <= ? ORDER BY sequence LIMIT {CHUNK}"
# Not the bare column, or its index would be read, and sorted, for each page.
_CHANGES_OF = (
    f"{_SELECT} sequence > ? AND sequence <= ? AND kind || '' IS AMONG ? ORDER BY sequence LIMIT {CHUNK}"
)
_CURRENT = f"""
    {_SELECT} kind = ? AND id > ? AND action = 'put' AND NOT EXISTS (
        SELECT 1 FROM record_revisions AS later
        WHERE later.kind = this.kind AND later.id = this.id AND later.revision > this.revision
    ) ORDER BY id LIMIT {CHUNK}
"""
_REVISIONS = f"{_SELECT} kind = ? AND id IS AMONG ? ORDER BY sequence"
_NAMING = (
    "SELECT DISTINCT declaration_id, id FROM record_revisions WHERE kind = ? AND declaration_id IS AMONG ?"
)
_DECLARED = """
    SELECT id, happened_at FROM record_revisions
    WHERE kind = 'declaration' AND action = 'put' AND id IS AMONG ?
"""
LAST = 2**63 - 1
"""No sequence is greater."""


def changes(
    engine: Engine, after: int = 0, until: int | None = None, kinds: Iterable[Kind] | None = None
) -> Iterator[list[Revision]]:
    """Yield revisions with after < sequence <= until in their order, in lists of at most 10,000.

    Each list is read in its own short transaction, so that a long reading holds up nobody; what is committed
    has no gaps, so that nothing can appear in between later.
    """
    bound = LAST if until is None else until
    of = None if kinds is None else [str(kind) for kind in kinds]
    while True:
        with engine.connect() as connection:
            if of is None:
                rows = run(connection, _CHANGES, after, bound).all()
            else:
                rows = run(connection, _CHANGES_OF, after, bound, listed(connection, of)).all()
        if chunk := [revision_of(row) for row in rows]:
            yield chunk
            after = chunk[-1].sequence
        if len(rows) < CHUNK:
            return


def some_of(connection: Connection, after: int, until: int | None, kinds: Iterable[Kind]) -> list[Revision]:
    """Return at most 10,000 revisions of some kinds with after < sequence <= until, in their order."""
    bound, of = LAST if until is None else until, listed(connection, map(str, kinds))
    return [revision_of(row) for row in run(connection, _CHANGES_OF, after, bound, of)]


def numbered_of(connection: Connection, sequences: Iterable[int]) -> list[Revision]:
    """Return the revisions stored under these sequences, however many, in order of sequence."""
    rows = run(
        connection, f"{_SELECT} sequence IS ONE OF ? ORDER BY sequence", numbered(connection, sequences)
    )
    return [revision_of(row) for row in rows]


def current(engine: Engine, kind: Kind) -> Iterator[list[Revision]]:
    """Yield the last revision of each record of a kind that still holds, once each, by id, in lists."""
    after = ""
    while True:
        with engine.connect() as connection:
            rows = run(connection, _CURRENT, str(kind), after).all()
        if chunk := [revision_of(row) for row in rows]:
            yield chunk
            after = chunk[-1].id
        if len(rows) < CHUNK:
            return


def revisions(connection: Connection, kind: Kind, ids: Iterable[str]) -> dict[str, list[Revision]]:
    """Return all revisions of each of the records that is stored, oldest first."""
    found: dict[str, list[Revision]] = {}
    for row in run(connection, _REVISIONS, str(kind), listed(connection, ids)):
        found.setdefault(row.id, []).append(revision_of(row))
    return found


def declared_at(connection: Connection, ids: Collection[str]) -> dict[str, Instant]:
    """Return when those of the lines that are stored were declared, by the earliest revision."""
    if not ids:
        return {}
    found: dict[str, Instant] = {}
    for id, happened_at in fetch(connection, _DECLARED, listed(connection, ids)):
        found[id] = min(happened_at, found.get(id, happened_at))
    return found


def at_sequences(connection: Connection, sequences: Sequence[int]) -> list[Revision]:
    """Return the revisions stored under these sequences, at most a few hundred, in order of sequence."""
    if not sequences:
        return []
    marks = ", ".join("?" * len(sequences))
    rows = run(connection, f"{_SELECT} sequence IN ({marks}) ORDER BY sequence", *sequences)
    return [revision_of(row) for row in rows]


def linked(connection: Connection, kind: Kind, declaration_ids: Iterable[str]) -> dict[str, list[Revision]]:
    """Return, by declaration, all revisions of inspections or nonconformities that ever named it, in order.

    A record that came to name another declaration is listed under both, with all its revisions: compare
    `record.declaration_id` of the revision that holds.
    """
    named: dict[str, list[str]] = {}
    for declaration_id, id in run(connection, _NAMING, str(kind), listed(connection, declaration_ids)):
        named.setdefault(declaration_id, []).append(id)
    if not named:
        return {}
    of_id = revisions(connection, kind, {id for ids in named.values() for id in ids})
    return {
        declaration_id: sorted((one for id in ids for one in of_id[id]), key=lambda one: one.sequence)
        for declaration_id, ids in named.items()
    }


def state_at(history: Sequence[Revision], at: Instant) -> Revision | None:
    """Return which revision of one record, given all of them oldest first, holds at an instant, or None."""
    for revision in reversed(history):
        if revision.visible_at < at:
            return revision if revision.record is not None else None
    return None


def record_of(kind: Kind, body: str | bytes) -> AnyRecord:
    """Return the record of a stored body."""
    record: AnyRecord = _DECODE[kind](body)
    return record


def revision_of(row: Sequence[Any]) -> Revision:
    """Return the revision of a row: its fields in their order, the body as text or bytes."""
    (
        sequence,
        kind,
        id,
        revision,
        action,
        happened_at,
        known_at,
        recorded_at,
        visible_at,
        content_hash,
        body,
    ) = row
    instants = (happened_at, known_at, recorded_at, visible_at)
    record = None if body is None else _DECODE[kind](body)
    return Revision(sequence, _KINDS[kind], id, revision, _ACTIONS[action], *instants, content_hash, record)
