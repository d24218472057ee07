"""Appends entries within a transaction: what is new becomes a revision, what is known already does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection

from features.instants import Instant, show_instant
from features.records import Opinion
from features.store.drafts import Draft, Key
from features.store.entries import Action, Note, Receipt, Status
from features.store.errors import ErasedContent, KnownInFuture, UnknownRecord
from features.store.forgetting import forget
from features.store.reader import Revision, record_of
from features.store.recent import note
from features.store.replay import Import, Past, Run, Said, compare, is_erased
from features.store.statements import fetch, listed, run_many
from features.store.tables import record_revisions
from features.terms import Kind

_LOCK = "SELECT sequence, known_at, live_since, readings FROM record_counter FOR UPDATE"
_ADVANCE = "UPDATE record_counter SET sequence = ?, known_at = ?, live_since = ?, readings = ?"
_PAST = f"SELECT id, {', '.join(Past._fields)} FROM record_revisions WHERE kind = ? AND id IS AMONG ?"
_BODY = "SELECT body FROM record_revisions WHERE sequence = ?"
_BLANK = "UPDATE record_revisions SET body = NULL WHERE kind = ? AND id = ? AND sequence < ?"
_COLUMNS = tuple(column.name for column in record_revisions.columns)
_INSERT = f"INSERT INTO record_revisions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


class Counter(NamedTuple):
    """The last sequence and instant allotted, since when the store is live, how often readings changed."""

    sequence: int
    known_at: Instant
    live_since: Instant | None
    readings: int


class Heard(NamedTuple):
    """A stored revision of an opinion; `late` when it was imported as known earlier than recorded."""

    sequence: int
    visible_at: Instant
    late: bool
    opinion: Opinion


Hear: TypeAlias = Callable[[Connection, Sequence[Heard], int], None]
"""Reads opinions just stored, within the transaction; the last argument is the counter's `readings`."""


def append(
    connection: Connection,
    drafts: Sequence[Draft],
    now: Callable[[], Instant],
    hear: Hear,
    *,
    of: Import | None = None,
) -> list[Receipt]:
    """Store drafts in their order within the connection's transaction, and return a receipt for each.

    The counter is locked first and stays locked until the transaction ends, so that sequences are committed
    in their order. Opinions among them are handed to `hear` once stored. `of` is the import of which the
    drafts are a part; it comes to know what it stored. Raises KnownInFuture, UnknownRecord and
    ErasedContent, after which the transaction must be rolled back.
    """
    if not drafts:
        return []
    counter = lock_counter(connection)
    run = Run(of, counter.sequence, counter.live_since is not None)
    batch = _Batch(connection, counter, now(), run)
    batch.past = _past(connection, drafts)
    receipts = [batch.place(draft, position) for position, draft in enumerate(drafts)]
    batch.flush()
    if batch.heard:
        hear(connection, batch.heard, batch.readings)
    if of is not None:
        of.promise(counter.sequence + 1, batch.sequence)
    return receipts


def lock_counter(connection: Connection) -> Counter:
    """Return the counter, locked until the transaction ends."""
    [counter] = fetch(connection, _LOCK)
    return Counter(*counter)


def advance_counter(connection: Connection, counter: Counter) -> None:
    """Write the counter's new values; the caller holds its lock."""
    fetch(connection, _ADVANCE, *counter)


def _past(connection: Connection, drafts: Sequence[Draft]) -> dict[Key, list[Past]]:
    """Find all revisions of each drafted record that is stored already, in order of sequence."""
    ids: dict[Kind, dict[str, None]] = {}
    for draft in drafts:
        ids.setdefault(draft.key[0], {})[draft.key[1]] = None
    found: dict[Key, list[Past]] = {}
    for kind, of_kind in ids.items():
        for id, *columns in fetch(connection, _PAST, str(kind), listed(connection, of_kind)):
            found.setdefault((kind, id), []).append(Past(*columns))
    for past in found.values():
        past.sort(key=lambda one: one.sequence)
    return found


class _Batch:
    """Entries being given their revisions, sequences and instants."""

    def __init__(self, connection: Connection, counter: Counter, now: Instant, how: Run) -> None:
        self.connection = connection
        self.counter = counter
        self.sequence = counter.sequence
        self.known_at = counter.known_at
        self.now = max(now, counter.known_at)
        self.readings = counter.readings
        self.how = how
        self.past: dict[Key, list[Past]] = {}
        self.rows: list[tuple[Any, ...]] = []
        self.redacted: list[tuple[Any, ...]] = []
        self.heard: list[Heard] = []
        self.revisions: list[Revision] = []

    def place(self, draft: Draft, position: int) -> Receipt:
        """Make an entry a revision, unless it adds nothing to those that there are."""
        past = self.past.setdefault(draft.key, [])
        self._check(draft, past, position)
        said = compare(draft, past, self.how) if past else Said()
        if said.before is not None:
            told = said.before
            unchanged = Status.UNCHANGED
            return Receipt(*draft.key, told.revision, told.sequence, told.known_at, unchanged, said.note)
        status = Status.REVISED if past else Status.ACCEPTED
        stored = self._revise(draft, past)
        for one in said.again:
            self._revise(self._again(draft.key, one), past)
        overridden = draft.known_at is not None and self.how.live
        told_of = Note.OVERRIDDEN if overridden else None
        return Receipt(*draft.key, stored.revision, stored.sequence, stored.known_at, status, told_of)

    def _check(self, draft: Draft, past: Sequence[Past], position: int) -> None:
        kind, id = draft.key
        if draft.known_at is not None and draft.known_at > self.now:
            at, now = show_instant(draft.known_at), show_instant(self.now)
            message = f"{kind} {id!r} says known at {at}, which is later than now ({now})."
            raise KnownInFuture(message, field="known_at", value=draft.known_at, position=position)
        if not past and draft.action != Action.PUT:
            message = f"There is no {kind} {id!r} to {draft.action}."
            raise UnknownRecord(message, field="id", value=id, position=position)
        if past and is_erased(draft, past):
            message = f"This content of {kind} {id!r} was erased by a redaction and is not taken again."
            raise ErasedContent(message, field="id", value=id, position=position)

    def _again(self, key: Key, one: Past) -> Draft:
        """Return a stored revision as an entry that says it again, known since when it was."""
        place = one.sequence - self.counter.sequence - 1
        if place >= 0:
            body = self.rows[place][-1]
        else:
            [[body]] = fetch(self.connection, _BODY, one.sequence)
        record = None if body is None else record_of(key[0], body)
        opinion = record if isinstance(record, Opinion) else None
        action, said = Action(one.action), one.what[1]
        return Draft(
            key, action, one.known_at, one.happened_at, said, one.declaration_id, body, opinion, record
        )

    def _revise(self, draft: Draft, past: list[Past]) -> Past:
        self.sequence += 1
        self.known_at = recorded_at = max(self.now, self.known_at + 1)
        known_at = recorded_at if draft.known_at is None else draft.known_at
        visible_at = recorded_at if self.how.live else known_at
        content_hash, linked = draft.content_hash, draft.declaration_id
        if draft.action != Action.PUT:
            content_hash, linked = past[-1].content_hash, past[-1].declaration_id
        happened_at = known_at if draft.happened_at is None else draft.happened_at
        revision = past[-1].revision + 1 if past else 1
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
        stored = (revision, self.sequence, known_at, recorded_at, happened_at, draft.action)
        past.append(Past(*stored, content_hash, linked))
        return past[-1]

    def flush(self) -> None:
        """Write the new revisions, blank what is redacted, and advance the counter."""
        if not self.rows:
            return
        connection = self.connection
        run_many(connection, _INSERT, self.rows)
        note(connection, self.revisions)
        if self.redacted:
            erased = {(kind, id) for kind, id, _ in self.redacted}
            forget(connection, sorted(erased))
            run_many(connection, _BLANK, self.redacted)
            self.heard = [one for one in self.heard if (Kind.OPINION, one.opinion.id) not in erased]
            self.readings += 1
        advance_counter(
            connection, Counter(self.sequence, self.known_at, self.counter.live_since, self.readings)
        )
