"""Transactions that write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from features.store.engine import WRITES


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that takes the write lock at once, and commit it."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        yield connection
