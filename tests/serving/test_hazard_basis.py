"""An answer says what its hazards rest on: trees, shares of like goods alone, or the taxonomy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, update
from starlette.testclient import TestClient

from features.instants import now
from features.store.database import Store
from models.bundle import store_bundle
from models.grading.words import HAZARD_BASES
from models.hazards import HazardCounts, HazardModel
from models.keys import signing_key
from models.promotions import Nomination, load_promoted, promote, standing
from serving.settings import ServingSettings
from serving.storage.tables import SCORES

Line = Callable[..., dict[str, Any]]


@pytest.fixture
def store(settings: ServingSettings) -> Iterator[Store]:
    opened = Store.open(settings.database_url)
    yield opened
    opened.close()


def test_answer_and_page_say_what_the_hazards_rest_on(
    start: Callable[..., TestClient], line: Line, store: Store, settings: ServingSettings
) -> None:
    bare = load_promoted(settings.home, standing(store.engine, "nonconforming"))
    taught = replace(bare, hazards=HazardModel(HazardCounts.of(["9503002100"], [0], [1.0])), fingerprint="")
    card = {"figures": {}, "period": {"learned_until": now()}}
    found = start().post("/v1/scores", json=line(1, id="untaught")).json()["scores"][0]
    assert found["grade"]["hazard_basis"] == "taxonomy"
    key = signing_key(settings.home)
    kept = store_bundle(taught, settings.home, {}, key, gates={"passed": True}, model_card=card)
    promote(store.engine, settings.home, Nomination("nonconforming", kept, "2", "tests"), now())
    client = start()
    found = client.post("/v1/scores", json=line(1, id="taught")).json()["scores"][0]
    assert found["grade"]["hazard_basis"] == "shares"
    for at, language in enumerate(("zh", "en")):
        headers = {"Accept-Language": language}
        path = f"/v1/scores/{found['id']}"
        said = client.get(path, headers=headers).json()["grade"]["hazard_text"]
        assert said == HAZARD_BASES["shares"][at]
        page = client.get(f"{path}/evidence", headers={**headers, "Accept": "text/html"}).text
        assert said in page


def test_a_score_from_before_says_nothing_of_it(
    start: Callable[..., TestClient], line: Line, store: Store
) -> None:
    client = start()
    found = client.post("/v1/scores", json=line(1, id="before")).json()["scores"][0]
    with store.engine.begin() as connection:
        without = func.json_remove(SCORES.c.grading, "$.hazard_basis")
        connection.execute(update(SCORES).where(SCORES.c.id == found["id"]).values(grading=without))
    again = client.get(f"/v1/scores/{found['id']}").json()["grade"]
    assert (again["hazard_basis"], again["hazard_text"]) == (None, None)
    assert again["grade"] == found["grade"]["grade"]
