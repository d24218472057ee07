"""Opens the database of a URL so that its writers queue and what they commit stays."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from features.store.errors import InvalidDatabaseUrl, UnreachableDatabase

WRITES = "customs_risk_writes"
"""Execution option of a connection whose transactions write."""

BUSY_MILLISECONDS = 30_000

_PRAGMAS = (
    f"busy_timeout = {BUSY_MILLISECONDS}",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # a redacted body leaves no trace in the file's free pages
    "cache_size = -65536",
    "wal_autocheckpoint = 8000",
)


def open_engine(text: str) -> Engine:
    """Return an engine for a SQLite file or a PostgreSQL database that answers.

    Raises InvalidDatabaseUrl and UnreachableDatabase; neither message shows a password.
    """
    url = _read_url(text)
    try:
        engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
        with engine.connect():
            pass
    except ImportError as error:
        raise InvalidDatabaseUrl(f"{url!r} needs a driver that is not installed: {error}.") from error
    except (DBAPIError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        raise UnreachableDatabase(f"{url!r} does not answer: {reason}".strip(), value=repr(url)) from error
    return engine


def _read_url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise InvalidDatabaseUrl("The database URL cannot be read as one.") from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise InvalidDatabaseUrl(f"{url!r} is neither SQLite nor PostgreSQL with psycopg.", value=repr(url))
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise InvalidDatabaseUrl(f"{url!r} names no file; a store must outlive its process.", value=repr(url))
    return url


def _postgresql(url: URL) -> Engine:
    return create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED")


def _sqlite(url: URL) -> Engine:
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # the driver begins no transaction of its own; `_begin_sqlite` does
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: one that reads first and writes later would fail instead of waiting.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def read_at_once(engine: Engine, query: str) -> tuple[Any, ...]:
    """Return the one row of a constant query without a transaction's cost; raises UnreachableDatabase."""
    return rows_at_once(engine, query)[0]


def rows_at_once(engine: Engine, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query, spelt for the database, without a transaction's cost.

    Raises UnreachableDatabase.
    """
    try:
        lent = engine.raw_connection()
        try:
            return _rows(lent.driver_connection, query, parameters)
        except engine.dialect.loaded_dbapi.Error:
            lent.invalidate()
            raise
        finally:
            lent.close()
    except engine.dialect.loaded_dbapi.Error as error:
        raise UnreachableDatabase(f"The database does not answer: {error}") from error


def _rows(connection: Any, query: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
    if isinstance(connection, sqlite3.Connection):
        return connection.execute(query, parameters).fetchall()
    connection.autocommit = True
    rows: list[tuple[Any, ...]] = connection.execute(query, parameters or None).fetchall()
    connection.autocommit = False
    return rows
