"""Following scores: whoever asks for what was committed after a position misses none and sees none twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from serving_port import client_of, declared, fill, settings_of
from sqlalchemy import text
from starlette.testclient import TestClient
from test_storage import START, stored

from features.instants import SECOND
from features.store.database import Store
from serving.services import LARGE
from serving.storage import migrate as migrating
from serving.storage.ids import new_id
from serving.storage.migrate import migrate
from serving.storage.positions import last_position, position_before
from serving.storage.scores import ScoreFilter, add_scores, follow_scores, list_scores
from serving.storage.transactions import writing

Line = Callable[..., dict[str, Any]]


@pytest.fixture
def two_servers(store_url: str, tmp_path: Path) -> Iterator[list[TestClient]]:
    """Two applications on one database."""
    tokens = fill(store_url, tmp_path)
    settings = settings_of(tmp_path).model_copy(update={"database_url": store_url})
    with ExitStack() as running:
        yield [running.enter_context(client_of(settings, tokens)) for _ in range(2)]


def follow(client: TestClient, after: str, **wanted: Any) -> tuple[list[str], str]:
    """Read on as docs/api.md tells the alerting layer to, until nothing more is there."""
    seen: list[str] = []
    while True:
        answer = client.get("/v1/scores", params={"after": after, "limit": 7, **wanted})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [one["id"] for one in page["scores"]]
        after = page["next"]
        if len(page["scores"]) < 7:
            return seen, after


def test_whoever_follows_beside_large_and_small_requests_sees_each_score_once(
    two_servers: list[TestClient],
) -> None:
    given: list[str] = []
    seen: list[str] = []
    ended = threading.Event()

    def send(client: TestClient, lines: list[dict[str, Any]], **options: Any) -> None:
        answer = client.post("/v1/scores", json=lines, params=options)
        assert answer.status_code == 201, answer.text
        if not options:
            given.extend(one["id"] for one in answer.json()["scores"])

    def listen() -> None:
        after = "0"
        while True:
            last = ended.is_set()
            ids, after = follow(two_servers[1], after)
            seen.extend(ids)
            if last:
                return

    def large(client: TestClient, number: int) -> None:
        lines = [declared(n, id=f"large-{number}-{n}") for n in range(120)]
        assert len(str(lines)) > LARGE
        send(client, lines)

    def small(client: TestClient, number: int) -> None:
        for n in range(15):
            send(client, [declared(n, id=f"small-{number}-{n}")])
        send(client, [declared(1, id="what-if")], what_if=True)

    with ThreadPoolExecutor(7) as pool:
        follower = pool.submit(listen)
        works = [
            pool.submit(work, client, number)
            for number, client in enumerate(two_servers * 2)
            for work in (large, small)[number // 2 : number // 2 + 1] * 2
        ]
        try:
            for work in works:
                work.result(120)
        finally:
            ended.set()
        follower.result(60)
    assert sorted(seen) == sorted(set(given))


def test_a_score_that_commits_late_with_an_early_id_comes_after_what_was_seen(store: Store) -> None:
    migrate(store.engine)
    late = stored(1, id=new_id(START))
    early = [stored(number) for number in (2, 3)]
    with writing(store.engine) as connection:
        add_scores(connection, early)
    assert follow_scores(store.engine, ScoreFilter(), 0, 2) == (early, 2)
    with writing(store.engine) as connection:
        add_scores(connection, [late])
    assert list_scores(store.engine, ScoreFilter(), 9)[-1] == late
    assert follow_scores(store.engine, ScoreFilter(), 2, 9) == ([late], 3)
    assert follow_scores(store.engine, ScoreFilter(line_id="nobody"), 0, 9) == ([], 3)
    assert position_before(store.engine, START + 2 * SECOND) == 0
    assert position_before(store.engine, START + 9 * SECOND) == 3


def test_no_position_is_seen_before_every_lower_one(store: Store) -> None:
    """One that has its positions holds up whoever wants later ones until it is committed."""
    migrate(store.engine)
    began, may_end = threading.Event(), threading.Event()

    def slowly() -> None:
        with writing(store.engine) as connection:
            add_scores(connection, [stored(1)])
            began.set()
            assert may_end.wait(30)

    def quickly() -> None:
        with writing(store.engine) as connection:
            add_scores(connection, [stored(2)])

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(slowly)
        assert began.wait(30)
        quick = pool.submit(quickly)
        try:
            assert follow_scores(store.engine, ScoreFilter(), 0, 9) == ([], 0)
            with pytest.raises(TimeoutError):
                quick.result(0.3)
            assert last_position(store.engine) == 0
        finally:
            may_end.set()
        slow.result(30)
        quick.result(30)
    found, following = follow_scores(store.engine, ScoreFilter(), 0, 9)
    assert ([one.line_id for one in found], following) == (["line-1", "line-2"], 2)


def test_scores_from_before_positions_get_theirs_by_id(store: Store) -> None:
    migrate(store.engine)
    scores = [stored(number) for number in range(5)]
    with writing(store.engine) as connection:
        add_scores(connection, scores[::-1])
    with writing(store.engine) as connection:
        command.downgrade(migrating._config(connection), "0002")
    migrate(store.engine)
    assert follow_scores(store.engine, ScoreFilter(), 0, 9) == (scores, 5)
    with writing(store.engine) as connection:
        add_scores(connection, [stored(9)])
        places = connection.execute(text("SELECT position FROM scores ORDER BY position")).scalars().all()
    assert places == [1, 2, 3, 4, 5, 6]


def test_what_ifs_are_followed_only_where_asked_for(client: TestClient, line: Line) -> None:
    _, here = follow(client, "0")
    recorded = client.post("/v1/scores", json=line(1, id="real")).json()["scores"][0]["id"]
    asked = client.post("/v1/scores?what_if=true", json=line(2, id="if")).json()["scores"][0]["id"]
    assert follow(client, here)[0] == [recorded]
    assert follow(client, here, what_if=True)[0] == [asked]
    assert follow(client, here, line_id="real")[0] == [recorded]
    beyond = follow(client, here, line_id="nobody")
    assert beyond[0] == []
    assert follow(client, beyond[1]) == ([], beyond[1])


def test_a_position_that_no_score_has_reached_is_refused(client: TestClient) -> None:
    for wanted in (f"after={10**9}", "after=-1", f"after=0&cursor={'0' * 32}", "after=x"):
        answer = client.get(f"/v1/scores?{wanted}")
        assert answer.status_code == 422, answer.text
        assert answer.json()["field"] in ("after", "cursor")
