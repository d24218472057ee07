"""Reads revisions back, in the order in which they were stored or by record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Engine, Select, exists, func, select

from features.instants import Instant
from features.records import RECORD_TYPES, AnyRecord
from features.store.among import among
from features.store.entries import Action
from features.store.tables import record_revisions
from features.terms import Kind

CHUNK = 10_000

_TABLE = record_revisions.c
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


_SELECT = select(*(_TABLE[name] for name in (*Revision.__struct_fields__[:-1], "body")))


def changes(
    engine: Engine, after: int = 0, until: int | None = None, kinds: Iterable[Kind] | None = None
) -> Iterator[list[Revision]]:
    """Yield revisions with after < sequence <= until in their order, in lists of at most 10,000.

    Each list is read in its own short transaction, so that a long reading holds up nobody; what is committed
    has no gaps, so that nothing can appear in between later.
    """
    query = _SELECT
    if kinds is not None:
        # Not the bare column: its index would be read and sorted for each page.
        query = query.where(func.coalesce(_TABLE.kind, "").in_([str(kind) for kind in kinds]))
    if until is not None:
        query = query.where(_TABLE.sequence <= until)
    yield from _pages(engine, query, _TABLE.sequence, after)


def current(engine: Engine, kind: Kind) -> Iterator[list[Revision]]:
    """Yield the last revision of each record of a kind that still holds, once each, by id, in lists."""
    later = record_revisions.alias()
    same = (later.c.kind == _TABLE.kind, later.c.id == _TABLE.id, later.c.revision > _TABLE.revision)
    query = _SELECT.where(_TABLE.kind == kind, _TABLE.action == Action.PUT, ~exists().where(*same))
    yield from _pages(engine, query, _TABLE.id, "")


def revisions(connection: Connection, kind: Kind, ids: Iterable[str]) -> dict[str, list[Revision]]:
    """Return all revisions of each of the records that is stored, oldest first."""
    those = among(connection.dialect.name, _TABLE.id, ids)
    found: dict[str, list[Revision]] = {}
    for row in connection.execute(_SELECT.where(_TABLE.kind == kind, those).order_by(_TABLE.sequence)):
        found.setdefault(row.id, []).append(_revision(row))
    return found


def linked(connection: Connection, kind: Kind, declaration_ids: Iterable[str]) -> dict[str, list[Revision]]:
    """Return, by declaration, all revisions of inspections or nonconformities that ever named it, in order.

    A record that came to name another declaration is listed under both, with all its revisions: compare
    `record.declaration_id` of the revision that holds.
    """
    those = among(connection.dialect.name, _TABLE.declaration_id, declaration_ids)
    naming = select(_TABLE.declaration_id, _TABLE.id).where(_TABLE.kind == kind, those).distinct()
    named: dict[str, list[str]] = {}
    for declaration_id, id in connection.execute(naming):
        named.setdefault(declaration_id, []).append(id)
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


def _pages(engine: Engine, query: Select[Any], by: Column[Any], after: Any) -> Iterator[list[Revision]]:
    ordered = query.order_by(by).limit(CHUNK)
    while True:
        with engine.connect() as connection:
            rows = connection.execute(ordered.where(by > after)).all()
        if rows:
            yield [_revision(row) for row in rows]
            after = getattr(rows[-1], by.name)
        if len(rows) < CHUNK:
            return


def _revision(row: Sequence[Any]) -> Revision:
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
