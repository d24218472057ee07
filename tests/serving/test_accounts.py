"""Tokens: shown once, stored hashed, revoked for good."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from customs_risk import main
from features.store.database import Store
from serving.accounts.callers import Callers, create_token, revoke_token
from serving.cli import tokens as command
from serving.errors import AccountError
from serving.settings import ServingSettings
from serving.storage.migrate import is_current, migrate


def test_only_the_hash_of_a_token_is_stored(sqlite_url: str, tmp_path: Path) -> None:
    store = Store.open(sqlite_url)
    migrate(store.engine)
    secret, _ = create_token(store.engine, "officer", ["scores:read"])
    store.close()
    dumped = "\n".join(sqlite3.connect(tmp_path / "customs-risk.db").iterdump())
    assert "officer" in dumped
    assert secret not in dumped


def test_a_revoked_token_is_refused(store: Store) -> None:
    migrate(store.engine)
    secret, _ = create_token(store.engine, "leaver", ["admin"])
    callers = Callers(store.engine, seconds=0.0)
    assert callers.find(secret) is not None
    revoke_token(store.engine, "leaver")
    assert callers.find(secret) is None
    with pytest.raises(AccountError, match="leaver"):
        revoke_token(store.engine, "leaver")


def test_a_caller_is_remembered_for_a_while_only(store: Store) -> None:
    migrate(store.engine)
    secret, _ = create_token(store.engine, "officer", ["scores:read"])
    clock = iter([0.0, 1.9, 2.1]).__next__
    callers = Callers(store.engine, seconds=2.0, clock=clock)
    callers.find(secret)
    assert callers.remembered(secret) is not None
    assert callers.remembered(secret) is None


def test_names_are_used_once_and_scopes_are_known(store: Store) -> None:
    migrate(store.engine)
    create_token(store.engine, "one", ["scores:read"])
    for name, scopes in (("one", ["scores:read"]), ("two", ["scores:delete"]), ("three", [])):
        with pytest.raises(AccountError):
            create_token(store.engine, name, scopes)


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "tab\there", "n" * 129, "bell\x07", " spaced"])
def test_a_name_that_cannot_be_read_in_a_list_is_refused(home: Path, name: str) -> None:
    ran = CliRunner().invoke(main, ["tokens", "create", name, "--scope", "admin", "--home", str(home)])
    assert ran.exit_code == 2, ran.output
    assert "printable" in ran.output
    named = CliRunner().invoke(main, ["tokens", "create", "海关 1", "--scope", "admin", "--home", str(home)])
    assert named.exit_code == 0, named.output


def test_migrations_may_run_again(store: Store) -> None:
    assert not is_current(store.engine)
    migrate(store.engine)
    migrate(store.engine)
    assert is_current(store.engine)


def test_the_command_creates_lists_and_revokes(tmp_path: Path) -> None:
    at = ["--home", str(tmp_path)]
    run = CliRunner().invoke
    made = json.loads(run(command, ["create", "demo", "--scope", "scores:read", "--json", *at]).output)
    assert made["token"].startswith("cr_")
    assert made["scopes"] == ["scores:read"]
    assert run(command, ["revoke", "demo", *at]).exit_code == 0
    listed = json.loads(run(command, ["list", "--json", *at]).output)
    assert listed[0]["name"] == "demo"
    assert listed[0]["revoked_at"] is not None
    assert "revoked" in run(command, ["list", *at]).output


def test_a_token_made_while_the_server_runs_is_known_at_once(
    client: TestClient, settings: ServingSettings
) -> None:
    engine = client.app.state.services.store.engine  # type: ignore[attr-defined]
    secret, _ = create_token(engine, "newcomer", ["models:read"])
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/v1/models", headers=headers).status_code == 200
    assert client.get("/v1/scores", headers=headers).status_code == 403
