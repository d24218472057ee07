"""Brings the serving tables up to date, and says whether they are."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from features.store.database import Store
from features.store.errors import DatabaseNewer
from serving.storage.transactions import writing

VERSION_TABLE = "serving_version"
_LOCK = 0x73657276  # one number for all processes: two may migrate at once
_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Create or upgrade the serving tables; a no-op where they are at the newest revision.

    Raises DatabaseNewer.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _version(connection)
        if found is not None and found not in _revisions():
            known = f"this program knows up to {newest_revision()}"
            raise DatabaseNewer(f"The serving tables stand at migration {found}; {known}.")
        command.upgrade(_config(connection), "head")


def ready(store: Store) -> None:
    """Bring the serving tables of a migrated store up to date, for a command that only reads scores.

    Raises DatabaseOlder, DatabaseNewer where the records' tables are not those of this program.
    """
    store.check()
    if not is_current(store.engine):
        migrate(store.engine)


def is_current(engine: Engine) -> bool:
    """Say whether the serving tables are at the newest revision."""
    with engine.connect() as connection:
        return _version(connection) == newest_revision()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return found


@lru_cache(maxsize=1)
def _revisions() -> frozenset[str]:
    scripts = ScriptDirectory.from_config(_config(None)).walk_revisions()
    return frozenset(script.revision for script in scripts)


@lru_cache(maxsize=1)
def newest_revision() -> str | None:
    """Name the newest revision of the serving tables."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
