"""The record store: append-only, ordered by one counter, on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from features.instants import Instant, now
from features.store import migrate, reader
from features.store.append import advance_counter, append, lock_counter
from features.store.drafts import Draft, draft_all
from features.store.engine import open_engine, read_at_once
from features.store.entries import Entry, Receipt
from features.store.errors import UnreachableDatabase, WriteFailed
from features.store.held import HeldConnection
from features.store.reader import Revision
from features.store.readings.readings import Readings
from features.store.recent import Recent, taken
from features.store.replay import Import
from features.terms import Kind

_HEAD = "SELECT sequence, known_at, live_since, readings FROM record_counter"


@dataclass(frozen=True, slots=True)
class Head:
    """How far the store has come: its last sequence, the last instant allotted, and since when it is live.

    `readings` counts how often readings of opinions were changed after the fact.
    """

    sequence: int
    known_at: Instant
    live_since: Instant | None
    readings: int = 0


class Store:
    """All records with their revisions, in one database.

    A thread may use the store while others do. `engine` is for reading; what writes goes through `writing()`
    or a `GroupWriter`, so that writers queue instead of failing. `readings` are what was understood of its
    opinions.
    """

    def __init__(self, engine: Engine, clock: Callable[[], Instant] = now) -> None:
        self.engine = engine
        self._clock = clock
        self._checked = False
        self.readings = Readings(self)
        self._recent = Recent()

    @classmethod
    def open(cls, url: str, clock: Callable[[], Instant] = now) -> Self:
        """Open the database of a URL, which must answer; it need not be migrated yet.

        Raises InvalidDatabaseUrl, UnreachableDatabase.
        """
        return cls(open_engine(url), clock)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def migrate(self) -> None:
        """Create or bring up to date the tables of records and promotions; raises DatabaseNewer."""
        with self._begin() as connection:
            migrate.migrate(connection)

    def check(self) -> None:
        """Raise DatabaseNewer or DatabaseOlder unless the tables are those of this program."""
        with self._connect() as connection:
            migrate.check(connection)
        self._checked = True

    def head(self) -> Head:
        """Return how far the store has come; cheap enough to ask before each score."""
        self._check_once()
        return Head(*read_at_once(self.engine, _HEAD))

    def go_live(self) -> Instant:
        """Declare the store live, once and for all, and return since when it is.

        From then on, what is imported becomes visible when it is recorded, however early it was known.
        """
        with self.writing() as connection:
            counter = lock_counter(connection)
            if counter.live_since is not None:
                return counter.live_since
            since = max(self._clock(), counter.known_at + 1)
            advance_counter(connection, counter._replace(known_at=since, live_since=since))
            return since

    def append(
        self, entries: Iterable[Entry], imported: bool = False, of: Import | None = None
    ) -> list[Receipt]:
        """Store entries in one transaction, all or none, and return a receipt for each once it is committed.

        `of` is the import of which they are a part, one of its own unless given. Raises KnownAtReserved,
        KnownInFuture, UnknownRecord, ErasedContent and UnstorableRecord, each with the entry's position, and
        WriteFailed.
        """
        drafts = draft_all(entries, imported=imported)
        if any(draft.opinion is not None for draft in drafts):
            self.readings.take_in()
        run = (of or Import()) if imported else None
        with self.writing() as connection:
            receipts = append(connection, drafts, self._clock, self.readings.hear, of=run)
        if run is not None:
            run.settle()
        return receipts

    def append_in(
        self, connection: Connection, entries: Iterable[Entry], imported: bool = False
    ) -> list[Receipt]:
        """Store entries within a transaction of `writing()` or of a `GroupWriter`; errors as for `append`.

        Receipts are promises until the transaction is committed.
        """
        return self.append_drafts(connection, draft_all(entries, imported=imported), imported=imported)

    def append_drafts(
        self, connection: Connection, drafts: Sequence[Draft], imported: bool = False
    ) -> list[Receipt]:
        """Store what `draft_all` made ready before, as `append_in` does."""
        return append(connection, drafts, self._clock, self.readings.hear, of=Import() if imported else None)

    def changes(
        self, after: int = 0, until: int | None = None, kinds: Iterable[Kind] | None = None
    ) -> Iterator[list[Revision]]:
        """Yield revisions with after < sequence <= until in their order, in lists of at most 10,000."""
        self._check_once()
        return reader.changes(self.engine, after, until, kinds)

    def recent(self, after: int, until: int) -> list[Revision] | None:
        """Return what `changes` would, at once, where this process committed all of it not long ago."""
        return self._recent.between(after, until)

    def current(self, kind: Kind) -> Iterator[list[Revision]]:
        """Yield the last revision of each record of a kind that still holds, in lists of at most 10,000."""
        self._check_once()
        return reader.current(self.engine, kind)

    def revisions(self, kind: Kind, ids: Sequence[str]) -> dict[str, list[Revision]]:
        """Return all revisions, oldest first, of each of the records that is stored."""
        with self.reading() as connection:
            return reader.revisions(connection, kind, ids)

    def declared_at(self, ids: Collection[str]) -> dict[str, Instant]:
        """Return when those of the lines that are stored were declared."""
        with self.reading() as connection:
            return reader.declared_at(connection, ids)

    def at_sequences(self, sequences: Sequence[int]) -> list[Revision]:
        """Return the revisions stored under these sequences, in their order."""
        with self.reading() as connection:
            return reader.at_sequences(connection, sequences)

    def linked(self, kind: Kind, declaration_ids: Sequence[str]) -> dict[str, list[Revision]]:
        """Return, by declaration, all revisions of the inspections or nonconformities that ever named it."""
        with self.reading() as connection:
            return reader.linked(connection, kind, declaration_ids)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection to read with; raises UnreachableDatabase."""
        self._check_once()
        with self._connect() as connection:
            yield connection

    @contextmanager
    def writing(self, held: HeldConnection | None = None) -> Iterator[Connection]:
        """Lend a connection in a transaction that writes; committed at the end, or rolled back on an error.

        `held` is the caller's own, taken again for each of many transactions. Raises WriteFailed when the
        database refuses.
        """
        self._check_once()
        with self._begin(held) as connection:
            taken(connection)  # what one that failed left behind
            yield connection
            stored = taken(connection)
        self._recent.add(stored)

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection:
                yield connection
        except OperationalError as error:
            raise UnreachableDatabase(f"The database does not answer: {error.orig}") from error

    @contextmanager
    def _begin(self, held: HeldConnection | None = None) -> Iterator[Connection]:
        try:
            with (held or HeldConnection()).taken(self.engine) as connection, connection.begin():
                yield connection
        except IntegrityError:
            raise  # a rule of the caller's own tables, not a failure of the database
        except DBAPIError as error:
            raise WriteFailed(f"The database refused the transaction: {error.orig}") from error

    def _check_once(self) -> None:
        if not self._checked:
            self.check()
