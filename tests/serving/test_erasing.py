"""What was redacted, or is too old, is not kept in what was said about it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from serving_port import client_of, declared, fill, settings_of
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from features.instants import DAY
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Kind
from serving.settings import ServingSettings
from serving.storage.scores import find_score
from serving.storage.tables import ANSWERS

Start = Callable[..., TestClient]
Line = Callable[..., dict[str, Any]]
SECRETS = ("秘密商品", "SECRETMAKER", "91110000600037341X", "秘密事件水壶")


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


@pytest.fixture
def served(store_url: str, tmp_path: Path) -> Iterator[tuple[TestClient, Store]]:
    """An application and its store, on either database."""
    tokens = fill(store_url, tmp_path)
    store = Store.open(store_url)
    with client_of(settings_of(tmp_path).model_copy(update={"database_url": store_url}), tokens) as client:
        yield client, store
    store.close()


def until(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it does not come to hold")


def test_a_redaction_reaches_what_ifs_warnings_and_kept_answers(served: tuple[TestClient, Store]) -> None:
    client, store = served
    line = declared(1, id="LX", goods_name=SECRETS[0], manufacturer=SECRETS[1], consignee=SECRETS[2])
    opinion = {"id": "OX", "happened_at": "2026-01-01", "channel": "12315", "text": SECRETS[3]}
    posts = [
        ("/v1/scores", line),
        ("/v1/scores?what_if=true", line),
        ("/v1/opinions", opinion),
        ("/v1/scores", declared(2, id="LXX")),
    ]
    given = [client.post(path, json=body, headers=key(f"k{n}")) for n, (path, body) in enumerate(posts)]
    assert [answer.status_code for answer in given] == [201] * 4
    recorded, what_if, _, other = (answer.json() for answer in given)
    read = client.get(f"/v1/scores/{recorded['scores'][0]['id']}").json()
    assert SECRETS[2] in str(read["warnings"])
    store.append([Entry.redact(Kind.DECLARATION, "LX"), Entry.redact(Kind.OPINION, "OX")])
    until(lambda: client.post(posts[2][0], json=opinion, headers=key("k2")).status_code == 410)
    for number in (0, 1):
        path, body = posts[number]
        refused = client.post(path, json=body, headers=key(f"k{number}"))
        assert (refused.status_code, refused.json()["type"]) == (410, "urn:customs-risk:problem:redacted")
    again = client.post("/v1/scores", json=posts[3][1], headers=key("k3"))
    assert (again.status_code, again.json()) == (201, other)
    for score in (recorded["scores"][0], what_if["scores"][0]):
        stored = find_score(store.engine, score["id"])
        assert stored is not None
        assert stored.line is None
        told = client.get(f"/v1/scores/{score['id']}").json()
        assert (told["probability"], told["contributions"]) == (score["probability"], score["contributions"])
        assert SECRETS[2] not in str(told)
        for address in ("changes", "explanation?audience=enterprise"):
            gone = client.get(f"/v1/scores/{score['id']}/{address}")
            assert (gone.status_code, gone.json()["type"]) == (410, "urn:customs-risk:problem:redacted")


def test_what_was_redacted_while_no_server_ran_is_gone_when_one_starts(
    settings: ServingSettings, tokens: dict[str, str], line: Line, home: Path
) -> None:
    body = line(1, id="LX", goods_name=SECRETS[0], manufacturer=SECRETS[1])
    with client_of(settings, tokens) as client:
        assert client.post("/v1/scores?what_if=true", json=body, headers=key("k")).status_code == 201
        assert client.post("/v1/scores", json=body).status_code == 201
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    store.append([Entry.redact(Kind.DECLARATION, "LX")])
    store.close()
    with client_of(settings, tokens):
        pass
    with sqlite3.connect(home / "customs-risk.db") as database:
        tables = ("scores", "idempotent_answers", "record_revisions")
        kept = str([database.execute(f"SELECT * FROM {table}").fetchall() for table in tables])
    assert not [secret for secret in SECRETS if secret in kept or repr(secret.encode())[2:-1] in kept]


def test_erased_content_comes_back_as_a_reject_and_sinks_no_other(client: TestClient, line: Line) -> None:
    store = client.app.state.services.store  # type: ignore[attr-defined]
    erased = [line(number, id=f"erased-{number}") for number in range(3)]
    opinion = {"id": "O-erased", "happened_at": "2026-01-01", "channel": "12315", "text": "漏电的电热水壶"}
    assert client.post("/v1/scores", json=erased).status_code == 201
    assert client.post("/v1/opinions", json=opinion).status_code == 201
    ids = [(Kind.DECLARATION, one["id"]) for one in erased] + [(Kind.OPINION, "O-erased")]
    store.append([Entry.redact(kind, str(id)) for kind, id in ids])
    for many in (1, 60):  # a small request, and one that is scored by itself
        good = [line(number, id=f"good-{many}-{number}") for number in range(many)]
        for keyed in ({}, key(f"keyed-{many}")):
            answer = client.post("/v1/scores", json=[*erased, *good], headers=keyed)
            assert answer.status_code == 201, answer.text
            assert [one["line_id"] for one in answer.json()["scores"]] == [one["id"] for one in good]
            told = [(one["index"], one["id"]) for one in answer.json()["rejects"]]
            assert told == [(place, one["id"]) for place, one in enumerate(erased)]
    with ThreadPoolExecutor(8) as pool:
        bodies = [
            erased[0] if number % 4 == 0 else line(number, id=f"beside-{number}") for number in range(24)
        ]
        answers = list(pool.map(lambda body: client.post("/v1/scores", json=body), bodies))
    assert [answer.status_code for answer in answers] == [422, 201, 201, 201] * 6
    assert answers[0].json()["rejects"][0]["id"] == "erased-0"
    other = {**opinion, "id": "O-good"}
    answer = client.post("/v1/opinions", json=[opinion, other]).json()
    assert [one["id"] for one in answer["receipts"]] == ["O-good"]
    assert [one["id"] for one in answer["rejects"]] == ["O-erased"]
    assert client.post("/v1/scores", json=line(1, id="erased-0", total_price=5.5)).status_code == 201


def test_an_answer_outlives_its_days_neither_to_be_given_nor_to_be_kept(
    start: Start, line: Line, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start()
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")

    def age(days: int) -> None:
        with store.engine.begin() as connection:
            connection.execute(update(ANSWERS).values(answered_at=ANSWERS.c.answered_at - days * DAY))

    def kept() -> int:
        with store.engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(ANSWERS)).scalar_one()

    first = client.post("/v1/scores", json=line(1, id="aged"), headers=key("k"))
    age(6)
    assert client.post("/v1/scores", json=line(1, id="aged"), headers=key("k")).content == first.content
    age(2)
    other = client.post("/v1/scores", json=line(2, id="other"), headers=key("k"))
    assert other.status_code == 201
    assert "idempotent-replayed" not in other.headers
    assert client.post("/v1/scores", json=line(2, id="other"), headers=key("k")).content == other.content
    age(8)
    assert kept() == 1
    monkeypatch.setattr("serving.upkeep.FORGET_SECONDS", 0.0)
    until(lambda: kept() == 0)
    store.close()
