from __future__ import annotations

import threading
import uuid
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import make_url, text

import features.store.migrations
from features.errors import FeaturesError
from features.records import Declaration
from features.settings import Settings
from features.store import migrate
from features.store.database import Store
from features.store.entries import Entry
from features.store.errors import (
    DatabaseNewer,
    DatabaseOlder,
    InvalidDatabaseUrl,
    UnreachableDatabase,
    WriteFailed,
)
from features.store.tables import metadata
from features.terms import Direction

LINE = Declaration(id="D1", happened_at=1, direction=Direction.IMPORT, hs_code="0808100000")


def set_version(store: Store, version: str) -> None:
    with store.writing() as connection:
        connection.execute(text("UPDATE features_version SET version_num = :version"), {"version": version})


def test_the_migrations_make_the_tables_that_the_program_knows(store: Store) -> None:
    with store.reading() as connection:
        options = {"version_table": migrate.VERSION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_the_last_migration_is_the_one_the_program_asks_for() -> None:
    [folder] = features.store.migrations.__path__
    found = {path.name.split("_")[0] for path in Path(folder, "versions").glob("[0-9]*.py")}
    assert found == set(migrate.KNOWN)
    assert max(found) == migrate.HEAD


def test_migrating_twice_keeps_everything(store: Store) -> None:
    store.append([Entry(LINE)])
    store.migrate()
    assert store.head().sequence == 1


def test_two_processes_may_migrate_at_once(store_url: str) -> None:
    stores = [Store.open(store_url) for _ in range(3)]
    threads = [threading.Thread(target=store.migrate) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.head().sequence for store in stores] == [0, 0, 0]
    for store in stores:
        store.close()


def test_a_database_that_was_never_migrated_says_so(store_url: str) -> None:
    store = Store.open(store_url)
    with pytest.raises(DatabaseOlder, match=f"needs {migrate.HEAD}"):
        store.head()
    with pytest.raises(DatabaseOlder):
        store.append([Entry(LINE)])
    with pytest.raises(DatabaseOlder):
        store.changes()
    store.migrate()
    assert store.head().sequence == 0
    store.close()


def test_a_database_of_a_later_program_is_left_alone(store: Store, store_url: str) -> None:
    set_version(store, "9999")
    later = Store.open(store_url)
    with pytest.raises(DatabaseNewer, match="9999"):
        later.head()
    with pytest.raises(DatabaseNewer):
        later.migrate()
    later.close()


def test_what_is_stored_is_there_after_a_restart(store: Store, store_url: str) -> None:
    [receipt] = store.append([Entry(LINE)])
    store.close()
    again = Store.open(store_url)
    assert again.head().known_at == receipt.known_at
    assert again.append([Entry(LINE)])[0].status == "unchanged"
    again.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://u:secret@h/d",
        "postgresql+asyncpg://u:secret@h/d",
    ],
)
def test_a_url_of_no_usable_database_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(InvalidDatabaseUrl) as caught:
        Store.open(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(UnreachableDatabase, match=r"127\.0\.0\.1") as caught:
        Store.open("postgresql://user:secret@127.0.0.1:1/nowhere")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, not a database. " * 100)
    with pytest.raises(UnreachableDatabase, match=r"notes\.txt"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text().startswith("These are notes")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreachableDatabase, match=r"customs-risk\.db"):
        Store.open(f"sqlite:///{tmp_path / 'file' / 'customs-risk.db'}")


def test_missing_folders_of_a_sqlite_file_are_made(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'a' / 'b' / 'customs-risk.db'}")
    store.migrate()
    store.close()


def test_sqlite_keeps_what_it_has_committed_through_a_power_failure(sqlite_url: str) -> None:
    store = Store.open(sqlite_url)
    with store.engine.connect() as connection:
        read = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous")
        }
    assert read == {"journal_mode": "wal", "synchronous": 2}
    store.close()


def test_a_write_that_the_database_refuses_stores_nothing(store: Store) -> None:
    def write() -> None:
        with store.writing() as connection:
            store.append_in(connection, [Entry(LINE)])
            connection.execute(text("INSERT INTO no_such_table VALUES (1)"))

    with pytest.raises(WriteFailed, match="no_such"):
        write()
    assert store.head().sequence == 0


@pytest.mark.postgresql
def test_a_store_finds_its_server_again_after_a_lost_connection(postgresql_url: str) -> None:
    name = uuid.uuid4().hex
    named = make_url(postgresql_url).update_query_dict({"application_name": name})
    store, other = Store.open(named.render_as_string(hide_password=False)), Store.open(postgresql_url)
    store.migrate()
    store.append([Entry(LINE)])
    with other.engine.connect() as connection:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"
        assert len(connection.execute(text(end), {"name": name}).all()) > 0
    assert store.head().sequence == 1
    assert store.append([Entry(LINE)])[0].status == "unchanged"
    store.close()
    other.close()


def test_the_database_stands_in_the_home_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUSTOMS_RISK_HOME", raising=False)
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    assert Settings().database_url == "sqlite:///var/customs-risk.db"
    monkeypatch.setenv("CUSTOMS_RISK_HOME", "/srv/risk")
    assert Settings().home == Path("/srv/risk")
    assert Settings().database_url == "sqlite:////srv/risk/customs-risk.db"
    monkeypatch.setenv("CUSTOMS_RISK_DATABASE_URL", "postgresql://h/d")
    assert Settings().database_url == "postgresql://h/d"


def test_every_error_of_the_store_says_what_to_do_in_both_languages() -> None:
    for kind in (InvalidDatabaseUrl, UnreachableDatabase, DatabaseNewer, DatabaseOlder, WriteFailed):
        assert kind.remedy != FeaturesError.remedy
        assert any("一" <= letter <= "鿿" for letter in kind.remedy_zh + kind.title_zh)


def test_rollbacks_of_before_are_known_by_the_words_that_they_wrote(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The column came later: a rollback had written from which version, and nobody else of that version."""
    store = Store.open(store_url)
    with monkeypatch.context() as older:
        older.setattr(command, "upgrade", lambda config, _, to=command.upgrade: to(config, "0003"))
        store.migrate()
    rows = [
        ("critical", "1", "rollback from 4"), ("nonconforming", "4", ""), ("nonconforming", "2", "x"),
        ("nonconforming", "4", "rollback from 2"), ("nonconforming", "3", "rollback from 2"),
        ("nonconforming", "4", "rollback from 3; first promoted because: x"),
    ]  # fmt: skip
    put = text(
        "INSERT INTO promotions (target, fingerprint, version, promoted_at, promoted_by, reason, forced,"
        " gates_passed) VALUES (:target, 'f', :version, 1, 'officer', :reason, false, true)"
    )
    with store.engine.begin() as connection:
        for target, version, reason in rows:
            connection.execute(put, {"target": target, "version": version, "reason": reason})
    store.migrate()
    with store.reading() as connection:
        told = connection.execute(text("SELECT rolled_back FROM promotions ORDER BY sequence")).scalars()
        found = [bool(each) for each in told]
    assert found == [False, False, False, True, False, True]
    store.close()
