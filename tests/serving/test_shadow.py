"""A challenger in shadow: scored and stored beside the champion, shown to nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from features.instants import SECOND, now
from features.store.database import Store
from features.store.errors import UnreachableDatabase
from features.store.tables import promotions as promotion_rows
from models import promotions
from models.bundle import bundles_folder, read_bundle
from models.challengers import (
    NOBODY,
    Challenger,
    ShadowScore,
    add_shadow_scores,
    challenger,
    choose,
    shadowed,
)
from models.errors import PromotionError
from models.keys import public_keys
from serving.replay import rebuilt
from serving.storage.scores import add_scores, find_score
from serving.storage.transactions import writing

Start = Callable[..., TestClient]
Line = Callable[..., dict[str, Any]]


@pytest.fixture
def store(home: Path) -> Store:
    return Store.open(f"sqlite:///{home / 'customs-risk.db'}")


@pytest.fixture
def other(store: Store, home: Path, train: Callable[..., str]) -> str:
    """A second model that is in its bundle and not in use."""
    fingerprint = train(store, home, seed=5, version="2")
    with store.engine.begin() as connection:
        connection.execute(delete(promotion_rows).where(promotion_rows.c.fingerprint == fingerprint))
    return fingerprint


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.shadow.try_bundle", lambda folder, home: {})


def chosen(fingerprint: str, version: str = "nonconforming/2", target: str = "nonconforming") -> Challenger:
    return Challenger(target, fingerprint, version, now(), "tests", "to see")


def wait(store: Store, fingerprint: str, count: int) -> None:
    for _ in range(200):
        if len(shadowed(store.engine, fingerprint)) >= count:
            return
        time.sleep(0.05)


def test_the_challenger_is_scored_beside_the_champion_and_never_answers(
    start: Callable[..., TestClient],
    line: Callable[..., dict[str, Any]],
    store: Store,
    home: Path,
    other: str,
) -> None:
    choose(store.engine, home, chosen(other))
    client = start()
    sent = [line(900_000 + number) for number in range(3)]
    scores = client.post("/v1/scores", json={"lines": sent}).json()["scores"]
    what_if = client.post("/v1/scores?what_if=true", json=[line(900_100)])
    assert what_if.status_code == 201
    wait(store, other, 3)
    said = shadowed(store.engine, other)
    assert sorted(said.line_ids) == sorted(each["id"] for each in sent)
    champion = promotions.champion(store.engine, "nonconforming")
    assert champion is not None
    assert set(said.champions) == {champion.fingerprint}
    told = {score["line_id"]: score["probability"] for score in scores}
    assert [told[id] for id in said.line_ids] == said.champion.tolist()
    assert said.challenger.tolist() != said.champion.tolist()
    listed = client.get("/v1/scores").json()["scores"]
    assert {each["model"]["fingerprint"] if "model" in each else each["fingerprint"] for each in listed} == {
        champion.fingerprint
    }
    model = read_bundle(bundles_folder(home) / other, public_keys(home))
    for score in scores:
        stored = find_score(store.engine, score["id"])
        assert stored is not None
        vector, _ = rebuilt(store, model, stored)
        alone = model.probability(vector[np.newaxis, :], ["import"])[0]
        assert said.challenger[said.line_ids.index(stored.line_id)] == pytest.approx(alone, abs=1e-12)


def test_a_restarted_server_goes_on_where_the_last_one_stopped(
    start: Callable[..., TestClient],
    line: Callable[..., dict[str, Any]],
    store: Store,
    home: Path,
    other: str,
) -> None:
    choose(store.engine, home, chosen(other))
    start().post("/v1/scores", json=[line(910_000)])
    wait(store, other, 1)
    start().post("/v1/scores", json=[line(910_001)])
    wait(store, other, 2)
    assert len(shadowed(store.engine, other)) == 2


def test_without_a_challenger_nothing_is_scored_twice(
    start: Callable[..., TestClient],
    line: Callable[..., dict[str, Any]],
    store: Store,
    home: Path,
    other: str,
) -> None:
    choose(store.engine, home, chosen(other))
    choose(store.engine, home, chosen(NOBODY, ""))
    assert challenger(store.engine, "nonconforming") is None
    start().post("/v1/scores", json=[line(920_000)])
    time.sleep(0.4)
    assert len(shadowed(store.engine, other)) == 0


def test_a_bundle_of_another_target_cannot_be_put_in_shadow(store: Store, home: Path, other: str) -> None:
    with pytest.raises(PromotionError, match="predicts nonconforming, not critical"):
        choose(store.engine, home, chosen(other, target="critical"))


def test_a_challenger_whose_bundle_was_altered_leaves_the_server_answering(
    start: Callable[..., TestClient],
    line: Callable[..., dict[str, Any]],
    store: Store,
    home: Path,
    other: str,
) -> None:
    choose(store.engine, home, chosen(other))
    (bundles_folder(home) / other / "model.txt").write_text("tree")
    client = start()
    assert client.post("/v1/scores", json=[line(930_000)]).status_code == 201
    for _ in range(200):
        if warnings := client.get("/health/ready").json()["warnings"]:
            break
        time.sleep(0.05)
    assert "nonconforming/2 cannot be scored in shadow" in warnings[0]
    assert 'customs_risk_shadow_faults{target="nonconforming"} 1.0' in client.get("/metrics").text
    assert client.post("/v1/scores", json=[line(930_001)]).status_code == 201
    assert len(shadowed(store.engine, other)) == 0


def test_a_score_that_commits_late_with_an_early_id_is_scored_in_shadow(
    start: Start, line: Line, store: Store, home: Path, other: str
) -> None:
    choose(store.engine, home, chosen(other))
    client = start()
    given = client.post("/v1/scores", json=[line(940_000)]).json()["scores"][0]
    wait(store, other, 1)
    stored = find_score(store.engine, given["id"])
    assert stored is not None
    for at in (stored.scored_at - SECOND, stored.scored_at - 60 * SECOND):
        late = msgspec.structs.replace(stored, id=f"{at // 1_000 << 80:032x}", scored_at=at)
        with writing(store.engine) as connection:
            add_scores(connection, [late])
    wait(store, other, 3)
    assert len(shadowed(store.engine, other)) == 3


def test_the_shadow_goes_on_after_a_hiccup_of_the_database(
    start: Start, line: Line, store: Store, home: Path, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(store.engine, home, chosen(other))
    well, failing = Store.at_sequences, [True]

    def at_sequences(self: Store, sequences: list[int]) -> Any:
        if failing:
            raise UnreachableDatabase("The database does not answer: a hiccup")
        return well(self, sequences)

    monkeypatch.setattr(Store, "at_sequences", at_sequences)
    client = start()
    client.post("/v1/scores", json=[line(950_000 + number) for number in range(5)])
    for _ in range(200):
        ready = client.get("/health/ready")
        if ready.json()["warnings"]:
            break
        time.sleep(0.05)
    assert ready.status_code == 200
    assert "a hiccup" in ready.json()["warnings"][0]
    failing.clear()
    wait(store, other, 5)
    assert len(shadowed(store.engine, other)) == 5
    for _ in range(200):
        if not client.get("/health/ready").json()["warnings"]:
            return
        time.sleep(0.05)
    pytest.fail("the warning stays")


def test_a_challenger_chosen_again_is_not_put_beside_what_was_scored_without_it(
    start: Start, line: Line, store: Store, home: Path, other: str
) -> None:
    client = start()
    choose(store.engine, home, chosen(other))
    client.post("/v1/scores", json=[line(940_000)])
    wait(store, other, 1)
    choose(store.engine, home, chosen(NOBODY, ""))
    time.sleep(0.4)
    client.post("/v1/scores", json=[line(number) for number in (940_001, 940_002)])
    time.sleep(0.4)
    choose(store.engine, home, chosen(other))
    last = line(940_003)
    client.post("/v1/scores", json=[last])
    wait(store, other, 2)
    time.sleep(0.4)
    assert shadowed(store.engine, other).line_ids == (line(940_000)["id"], last["id"])


def test_of_two_machines_none_drops_what_the_other_has_not(store: Store) -> None:
    def said(*numbers: int) -> list[ShadowScore]:
        return [ShadowScore(str(n), "c", "nonconforming", f"L{n}", "champion", n, 0.1, 0.2) for n in numbers]

    for scores in (said(1, 2), said(1, 2, 3, 4), said(), said(3, 5)):
        with writing(store.engine) as connection:
            add_shadow_scores(connection, scores)
    assert shadowed(store.engine, "c").line_ids == ("L1", "L2", "L3", "L4", "L5")
