"""A connection that writes, kept between transactions that follow each other closely."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from features.store.engine import WRITES


class HeldConnection:
    """A writing connection that its one thread takes again and again, held for `seconds` after each time.

    One that failed, or that lay for longer, is given back first: the pool looks whether it still lives.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._connection: Connection | None = None
        self._used = 0.0

    @contextmanager
    def taken(self, engine: Engine) -> Iterator[Connection]:
        """Lend the connection, in no transaction."""
        if self._connection is not None and time.monotonic() - self._used > self._seconds:
            self.give_back()
        if self._connection is None:
            self._connection = engine.connect().execution_options(**{WRITES: True})
        try:
            yield self._connection
        except BaseException:
            self.give_back()
            raise
        self._used = time.monotonic()
        if not self._seconds:
            self.give_back()

    def give_back(self) -> None:
        """Give the connection back to its pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
