"""Runs the store's few statements as constant text, spelt for the database at hand.

Building a statement from expressions costs more than SQLite needs to answer it, and these stand on the path
of every score. Serving's and models' queries, which are many and rarely hot, are expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, CursorResult, Engine
from sqlalchemy.exc import DBAPIError

from features.store.engine import rows_at_once

_ENCODER = msgspec.json.Encoder()


def run(connection: Connection, statement: str, *parameters: object) -> CursorResult[*tuple[Any, ...]]:
    """Execute a statement written with `?` for a value, `IS AMONG ?` for what `listed()` gives.

    `IS ONE OF ?` takes what `numbered()` gives.
    """
    return connection.exec_driver_sql(_spelt(connection.dialect.name, statement), parameters)


def run_at_once(engine: Engine, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return the rows of a reading statement, written as for `run`, without a transaction's cost."""
    return rows_at_once(engine, _spelt(engine.dialect.name, statement), *parameters)


def fetch(connection: Connection, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Execute as `run` does and return all rows, straight from the driver: for every score, for many rows.

    `BYTES OF body` gives bodies as bytes where the database can.
    """
    with _named_errors(connection, statement):
        cursor = _driver(connection).execute(_spelt(connection.dialect.name, statement), parameters)
        return cursor.fetchall() if cursor.description else []


def run_many(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Execute a statement once for each row of values."""
    with _named_errors(connection, statement):
        _driver(connection).cursor().executemany(_spelt(connection.dialect.name, statement), rows)


def _driver(connection: Connection) -> Any:
    if not connection.in_transaction():
        connection.begin()  # as the first statement would have done
    return connection.connection.driver_connection


@contextmanager
def _named_errors(connection: Connection, statement: str) -> Iterator[None]:
    """Raise a driver's error as the one of SQLAlchemy's that callers know."""
    errors = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except errors as error:
        raise DBAPIError.instance(statement, None, error, errors, dialect=connection.dialect) from error


def listed(connection: Connection | Engine, values: Iterable[str]) -> object:
    """Return many values as the one parameter of `IS AMONG ?`; those no database can hold are left out."""
    held = [value for value in values if _is_storable(value)]
    return held if connection.dialect.name == "postgresql" else _ENCODER.encode(held).decode()


def numbered(connection: Connection, values: Iterable[int]) -> object:
    """Return many whole numbers as the one parameter of `IS ONE OF ?`."""
    held = list(values)
    return held if connection.dialect.name == "postgresql" else _ENCODER.encode(held).decode()


@cache
def _spelt(dialect: str, statement: str) -> str:
    if dialect == "postgresql":
        numbers = statement.replace("IS ONE OF ?", "= ANY(?::bigint[])")
        texts = numbers.replace("IS AMONG ?", "= ANY(?::text[])").replace("BYTES OF ", "")
        return texts.replace("?", "%s")
    for among in ("IS AMONG ?", "IS ONE OF ?"):
        statement = statement.replace(among, "IN (SELECT value FROM json_each(?))")
    # Text that is only decoded as JSON need not become text in between.
    return statement.replace("BYTES OF body", "CAST(body AS BLOB)").replace(" FOR UPDATE", "")


def _is_storable(value: str) -> bool:
    return "\0" not in value and (value.isascii() or value.encode(errors="ignore").decode() == value)
