"""What was understood of a store's opinions: read when they are stored, looked up, and made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection

from features.instants import Instant
from features.opinions.reading import Reading
from features.store.append import Heard, lock_counter
from features.store.readings import rows
from features.store.readings.progress import read_progress
from features.text import TEXT_VERSION

if TYPE_CHECKING:
    from features.store.readings.book import Book
    from features.store.readings.heard_more import HeardMore

MUCH = 2_000
"""Revisions not taken in yet that are read with each opinion, at most, in a process that serves."""


class Transactions(Protocol):
    """A store's connections."""

    def reading(self) -> AbstractContextManager[Connection]: ...  # noqa: D102
    def writing(self) -> AbstractContextManager[Connection]: ...  # noqa: D102


class Readings:
    """Readings of the opinions of a store, in this version of the text code.

    The code that reads texts is loaded, and the known names are, with the first opinion that is stored.
    """

    def __init__(self, store: Transactions) -> None:
        self._store = store
        self._book: Book | None = None
        self._read_at = -1

    def hear(self, connection: Connection, heard: Sequence[Heard], readings: int) -> None:
        """Read opinions just stored, within the transaction that stores them."""
        from features.store.readings.deriving import derive

        book = self._followed(connection, readings)
        if any(one.late for one in heard):
            book.forget_yields()
        derive(connection, heard, book)

    def get_ready(self, texts: Sequence[str]) -> None:
        """Do before a transaction what it would hold others up with: read the texts, take in what is new."""
        from features.opinions.said import said

        for text in texts:
            said(text)
        self.take_in(MUCH)

    def take_in(self, much: int = 0) -> None:
        """Take in the names and outcomes of other records, where more than `much` are not yet.

        In transactions of its own; without it the next opinion's transaction has to look through them.
        """
        with self._store.reading() as connection:
            if rows.last_sequence(connection) - read_progress(connection).taken_in <= much:
                return
        from features.store.readings.taking import take_in

        more = True
        while more:
            with self._store.writing() as connection:
                more = take_in(connection, lock_counter(connection).sequence)

    def heard_more(self, connection: Connection, reading: Reading, at: Instant) -> list[HeardMore]:
        """Return whether complaints like this one come more often than their year lets expect."""
        from features.store.readings.heard_more import heard_more

        return list(heard_more(connection, reading, at))

    def of_in(self, connection: Connection, sequences: Iterable[int]) -> dict[int, Reading]:
        """Return the readings of revisions by sequence, also those that the transaction has just stored."""
        return rows.readings(connection, sequences, TEXT_VERSION)

    def of(self, sequences: Iterable[int], text_version: str = TEXT_VERSION) -> dict[int, Reading]:
        """Return the readings of revisions by sequence, as a version of the text code made them."""
        with self._store.reading() as connection:
            return rows.readings(connection, sequences, text_version)

    def are_there(self) -> bool:
        """Whether any opinion was ever stored; without one, nothing of all this needs doing."""
        with self._store.reading() as connection:
            return rows.any_opinion(connection)

    def are_read(self) -> bool:
        """Whether nothing is to be read again; remembered until readings are changed after the fact."""
        with self._store.reading() as connection:
            changed = rows.times_changed(connection)
        if self._read_at != changed and self.unread() == 0:
            self._read_at = changed
        return self._read_at == changed

    def unread(self) -> int:
        """Return how many revisions of opinions this version has not read, or is to read again."""
        from features.store.readings.retag import left

        with self._store.reading() as connection:
            return max(rows.unread(connection, TEXT_VERSION), left(connection))

    def retag(self, *, everything: bool = False, progress: Callable[[int, int], None] | None = None) -> int:
        """Read again what this version has not read, or read without what was known before; returns how many.

        `everything` reads all again. A retag that was stopped goes on where it was. `progress` is called with
        how many are read and how many there are.
        """
        from features.store.readings.retag import begin, read_more

        self.take_in()
        done = 0
        while True:
            with self._store.writing() as connection:
                readings = lock_counter(connection).readings
                total = begin(connection, everything=everything and not done)
                self._followed(connection, readings).forget_yields()
            if not total:
                return done
            read = total
            while read:
                with self._store.writing() as connection:
                    read = read_more(connection, self._followed(connection, readings))
                done += read
                if read and progress is not None:
                    progress(done, max(total, done))

    def _followed(self, connection: Connection, readings: int) -> Book:
        from features.store.readings.book import Book

        self._book = (self._book or Book()).follow(connection, readings)
        return self._book
