"""A promotion past closed gates says over HTTP which they were."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import update
from starlette.testclient import TestClient

from features.store.database import Store
from features.store.tables import promotions
from serving.settings import ServingSettings


def test_a_promotion_names_the_gates_that_it_was_forced_past(
    start: Callable[..., TestClient], settings: ServingSettings
) -> None:
    store = Store.open(settings.database_url)
    client = start()
    [open_gates] = client.get("/v1/models").json()["models"]
    assert (open_gates["closed"], open_gates["rolled_back"]) == ("", False)
    with store.engine.begin() as connection:
        connection.execute(update(promotions).values(closed="recall (lower)", forced=True, reason="drill"))
    [forced] = client.get("/v1/models").json()["models"]
    assert (forced["closed"], forced["reason"]) == ("recall (lower)", "drill")
    store.close()
