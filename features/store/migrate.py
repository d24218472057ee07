"""Brings a database to the tables this program knows, and says when it cannot."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from features.store.errors import DatabaseNewer, DatabaseOlder

VERSION_TABLE = "features_version"
HEAD = "0005"
"""The last migration under `migrations/versions`."""

KNOWN = frozenset({"0001", "0002", "0003", "0004", "0005"})
_LOCK = 0x63757374  # one number for all processes of this product


def version(connection: Connection) -> str | None:
    """Return the migration the database stands at, or None when it has never been migrated."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return found


def check(connection: Connection) -> None:
    """Raise DatabaseNewer or DatabaseOlder unless the database stands at this program's last migration."""
    found = version(connection)
    if found is not None and found not in KNOWN:
        raise DatabaseNewer(f"The record tables stand at migration {found}; this program knows up to {HEAD}.")
    if found != HEAD:
        raise DatabaseOlder(
            f"The record tables stand at migration {found or 'none'}; this program needs {HEAD}."
        )


def migrate(connection: Connection) -> None:
    """Apply the missing migrations within the connection's transaction; two processes may try at once.

    Raises DatabaseNewer.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    try:
        check(connection)
    except DatabaseOlder:
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    command.upgrade(config, "head")
