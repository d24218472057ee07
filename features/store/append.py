"""Appends entries within a transaction: what is new becomes a revision, what is known already does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection

from features.instants import Instant, show_instant
from features.records import Opinion
from features.store.drafts import Draft, Key
from features.store.entries import Action, Receipt, Status
from features.store.errors import KnownInFuture, UnknownRecord
from features.store.reader import Revision
from features.store.recent import note
from features.store.statements import fetch, listed, run, run_many
from features.store.tables import record_revisions
from features.terms import Kind

_LOCK = "SELECT sequence, known_at, live_since, readings FROM record_counter FOR UPDATE"
_ADVANCE = "UPDATE record_counter SET sequence = ?, known_at = ?, live_since = ?, readings = ?"
_LATEST = """
    SELECT id, revision, sequence, known_at, action, content_hash, declaration_id
    FROM record_revisions WHERE kind = ? AND id IS AMONG ?
"""
_BLANK = "UPDATE record_revisions SET body = NULL WHERE kind = ? AND id = ? AND sequence < ?"
_FORGET = (
    "DELETE FROM opinion_bands WHERE sequence IN (SELECT sequence FROM opinion_readings WHERE id = ?)",
    "DELETE FROM opinion_readings WHERE id = ?",
)
_FORGET_NAMES = """
    DELETE FROM opinion_names
    WHERE sequence IN (SELECT sequence FROM record_revisions WHERE kind = ? AND id = ?)
"""
_COLUMNS = tuple(column.name for column in record_revisions.columns)
_INSERT = f"INSERT INTO record_revisions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


class Counter(NamedTuple):
    """The last sequence and instant allotted, since when the store is live, how often readings changed."""

    sequence: int
    known_at: Instant
    live_since: Instant | None
    readings: int


class Latest(NamedTuple):
    """The last revision of a record."""

    revision: int
    sequence: int
    known_at: Instant
    action: str
    content_hash: bytes
    declaration_id: str | None


class Heard(NamedTuple):
    """A stored revision of an opinion; `late` when it was imported as known earlier than recorded."""

    sequence: int
    visible_at: Instant
    late: bool
    opinion: Opinion


Hear: TypeAlias = Callable[[Connection, Sequence[Heard], int], None]
"""Reads opinions just stored, within the transaction; the last argument is the counter's `readings`."""


def append(
    connection: Connection, drafts: Sequence[Draft], now: Callable[[], Instant], hear: Hear, *, imported: bool
) -> list[Receipt]:
    """Store drafts in their order within the connection's transaction, and return a receipt for each.

    The counter is locked first and stays locked until the transaction ends, so that sequences are committed
    in their order. Opinions among them are handed to `hear` once stored. Raises KnownInFuture and
    UnknownRecord, after which the transaction must be rolled back.
    """
    if not drafts:
        return []
    counter = lock_counter(connection)
    batch = _Batch(counter, now(), _latest(connection, drafts), imported)
    receipts = [batch.place(draft, position) for position, draft in enumerate(drafts)]
    batch.flush(connection)
    if batch.heard:
        hear(connection, batch.heard, batch.readings)
    return receipts


def lock_counter(connection: Connection) -> Counter:
    """Return the counter, locked until the transaction ends."""
    [counter] = fetch(connection, _LOCK)
    return Counter(*counter)


def advance_counter(connection: Connection, counter: Counter) -> None:
    """Write the counter's new values; the caller holds its lock."""
    fetch(connection, _ADVANCE, *counter)


def _latest(connection: Connection, drafts: Sequence[Draft]) -> dict[Key, Latest]:
    """Find the last revision of each drafted record that is stored already."""
    ids: dict[Kind, dict[str, None]] = {}
    for draft in drafts:
        ids.setdefault(draft.key[0], {})[draft.key[1]] = None
    found: dict[Key, Latest] = {}
    for kind, of_kind in ids.items():
        for id, *columns in fetch(connection, _LATEST, str(kind), listed(connection, of_kind)):
            latest = Latest(*columns)
            if (kind, id) not in found or found[kind, id].revision < latest.revision:
                found[kind, id] = latest
    return found


class _Batch:
    """Entries being given their revisions, sequences and instants."""

    def __init__(self, counter: Counter, now: Instant, latest: dict[Key, Latest], imported: bool) -> None:
        self.sequence = counter.sequence
        self.known_at = counter.known_at
        self.now = max(now, counter.known_at)
        self.live_since = counter.live_since
        self.readings = counter.readings
        self.latest = latest
        self.imported = imported
        self.rows: list[tuple[Any, ...]] = []
        self.redacted: list[tuple[Any, ...]] = []
        self.heard: list[Heard] = []
        self.revisions: list[Revision] = []

    def place(self, draft: Draft, position: int) -> Receipt:
        """Make an entry a revision, unless it says what the last revision says."""
        last = self.latest.get(draft.key)
        if draft.known_at is not None and draft.known_at > self.now:
            at, now = show_instant(draft.known_at), show_instant(self.now)
            message = f"{draft.key[0]} {draft.key[1]!r} says known at {at}, which is later than now ({now})."
            raise KnownInFuture(message, field="known_at", value=draft.known_at, position=position)
        if last is None and draft.action != Action.PUT:
            message = f"There is no {draft.key[0]} {draft.key[1]!r} to {draft.action}."
            raise UnknownRecord(message, field="id", value=draft.key[1], position=position)
        if last is not None and _says_the_same(draft, last):
            return Receipt(*draft.key, last.revision, last.sequence, last.known_at, Status.UNCHANGED)
        return self._revise(draft, last)

    def _revise(self, draft: Draft, last: Latest | None) -> Receipt:
        self.sequence += 1
        self.known_at = recorded_at = max(self.now, self.known_at + 1)
        known_at = recorded_at if draft.known_at is None else draft.known_at
        visible_at = known_at if self.live_since is None else recorded_at
        revision = 1 if last is None else last.revision + 1
        content_hash, linked = draft.content_hash, draft.declaration_id
        if last is not None and draft.action != Action.PUT:
            content_hash, linked = last.content_hash, last.declaration_id
        happened_at = known_at if draft.happened_at is None else draft.happened_at
        instants = (happened_at, known_at, recorded_at, visible_at)
        self.rows.append(
            (self.sequence, *draft.key, revision, draft.action, *instants, content_hash, linked, draft.body)
        )
        kind, id = draft.key
        self.revisions.append(
            Revision(self.sequence, kind, id, revision, draft.action, *instants, content_hash, draft.record)
        )
        if draft.action == Action.REDACT:
            self.redacted.append((*draft.key, self.sequence))
        if draft.opinion is not None:
            self.heard.append(Heard(self.sequence, visible_at, visible_at < recorded_at, draft.opinion))
        self.latest[draft.key] = Latest(revision, self.sequence, known_at, draft.action, content_hash, linked)
        status = Status.ACCEPTED if last is None else Status.REVISED
        return Receipt(*draft.key, revision, self.sequence, known_at, status)

    def flush(self, connection: Connection) -> None:
        """Write the new revisions, blank what is redacted, and advance the counter."""
        if not self.rows:
            return
        run_many(connection, _INSERT, self.rows)
        note(connection, self.revisions)
        if self.redacted:
            run_many(connection, _BLANK, self.redacted)
            self._forget(connection)
            self.readings += 1
        advance_counter(connection, Counter(self.sequence, self.known_at, self.live_since, self.readings))

    def _forget(self, connection: Connection) -> None:
        """Take what is redacted out of readings and of the names that they rest on."""
        for kind, id, _ in self.redacted:
            if kind == Kind.OPINION:
                for statement in _FORGET:
                    run(connection, statement, id)
            else:
                run(connection, _FORGET_NAMES, str(kind), id)
        redacted = {(kind, id) for kind, id, _ in self.redacted}
        self.heard = [one for one in self.heard if (Kind.OPINION, one.opinion.id) not in redacted]


def _says_the_same(draft: Draft, last: Latest) -> bool:
    if draft.action == Action.PUT:
        return last.action == Action.PUT and last.content_hash == draft.content_hash
    # What is redacted is withdrawn already; what is withdrawn can still be redacted.
    return last.action in (draft.action, Action.REDACT)
