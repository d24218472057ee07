"""Brings the serving tables up to date, and says whether they are."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from features.store.database import Store
from serving.storage.transactions import writing

VERSION_TABLE = "serving_version"
_LOCK = 0x73657276  # one number for all processes: two may migrate at once
_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Create or upgrade the serving tables; a no-op where they are at the newest revision."""
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
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
        if not inspect(connection).has_table(VERSION_TABLE):
            return False
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
        return found == newest_revision()


@lru_cache(maxsize=1)
def newest_revision() -> str | None:
    """Name the newest revision of the serving tables."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
