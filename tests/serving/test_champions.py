"""A new champion is taken up while the old one answers; a broken one is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from features.store.database import Store
from features.store.tables import promotions
from models.bundle import bundles_folder
from models.errors import BundleError
from serving.settings import ServingSettings

Line = Callable[..., dict[str, Any]]
Train = Callable[..., str]


def wait_for(happened: Callable[[], bool], seconds: float = 120.0) -> None:  # a first frame compiles
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.fixture
def store(settings: ServingSettings) -> Store:
    return Store.open(settings.database_url)


def in_use(client: TestClient) -> str:
    models = client.get("/v1/models").json()["models"]
    return next(one["fingerprint"] for one in models if one["in_use"])


def test_a_new_champion_is_taken_up_without_a_failed_request(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path, train: Train
) -> None:
    client = start()
    answered: list[tuple[int, str]] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answer = client.post("/v1/scores", json=line(1, id="steady"), params={"what_if": True})
            answered.append((answer.status_code, answer.json()["scores"][0]["model"]["fingerprint"]))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        fresh = train(store, home, seed=9, version="2")
        wait_for(lambda: in_use(client) == fresh)
        wait_for(lambda: bool(answered) and answered[-1][1] == fresh)
    finally:
        done.set()
        asking.join()
    assert {status for status, _ in answered} == {201}
    assert len({fingerprint for _, fingerprint in answered}) == 2


def test_a_broken_bundle_leaves_the_old_one_and_is_reported(
    start: Callable[..., TestClient], line: Line, store: Store
) -> None:
    client = start()
    old = in_use(client)
    with store.engine.begin() as connection:
        broken = {"target": "nonconforming", "fingerprint": "f" * 64, "version": "3", "promoted_at": 1}
        broken |= {"promoted_by": "x", "reason": "", "forced": False, "gates_passed": True}
        connection.execute(insert(promotions).values(broken))
    wait_for(lambda: bool(client.get("/health/ready").json()["warnings"]))
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert "version 3" in ready.json()["warnings"][0]
    assert 'customs_risk_model_faults{target="nonconforming"} 1.0' in client.get("/metrics").text
    assert in_use(client) == old
    scored = client.post("/v1/scores", json=line(1, id="old-model"), params={"what_if": True})
    assert scored.json()["scores"][0]["model"]["fingerprint"] == old


def test_a_bundle_that_kills_its_trial_is_not_taken_up(
    start: Callable[..., TestClient],
    store: Store,
    home: Path,
    train: Train,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = start()
    old = in_use(client)

    def killed(folder: Path, home: Path) -> None:
        raise BundleError(f"{folder} cannot be used: its process ended with -11")

    monkeypatch.setattr("serving.champions.try_bundle", killed)
    train(store, home, seed=5, version="4")
    wait_for(lambda: bool(client.get("/health/ready").json()["warnings"]))
    assert "ended with -11" in client.get("/health/ready").json()["warnings"][0]
    assert in_use(client) == old


def test_an_altered_bundle_is_not_taken_up_at_start(
    start: Callable[..., TestClient], line: Line, home: Path
) -> None:
    model = next(bundles_folder(home).glob("*/model.txt"))
    model.write_bytes(model.read_bytes().replace(b"tree", b"trEe", 1))
    client = start()
    assert client.get("/health/ready").status_code == 503
    assert "altered" in client.get("/health/ready").json()["parts"]["model"]
    assert client.post("/v1/scores", json=line(1)).status_code == 503
    assert client.get("/v1/models").json()["models"][0]["card"] is None


def test_scores_of_an_earlier_model_are_still_read(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path, train: Train
) -> None:
    client = start()
    given = client.post("/v1/scores", json=line(1, id="earlier")).json()["scores"][0]
    fresh = train(store, home, seed=4, version="2")
    wait_for(lambda: in_use(client) == fresh)
    assert start().get(f"/v1/scores/{given['id']}").json() == given


def test_a_model_that_learned_long_ago_warns_with_every_score(
    start: Callable[..., TestClient], line: Line
) -> None:
    for days, warned in ((60, False), (40, True)):
        client = start(stale_model_days=days)
        given = client.post("/v1/scores", json=line(1, id="stale"), params={"what_if": True}).json()[
            "scores"
        ][0]
        assert ("stale_model" in {one["code"] for one in given["warnings"]}) is warned
