"""Idempotency-Key: what is repeated is answered again and done once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.testclient import TestClient

Line = Callable[..., dict[str, Any]]


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


def test_the_same_request_under_a_key_gets_the_first_answer(client: TestClient, line: Line) -> None:
    first = client.post("/v1/scores", json=line(1, id="once"), headers=key("a"))
    again = client.post("/v1/scores", json=line(1, id="once"), headers=key("a"))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(client.get("/v1/scores", params={"line_id": "once"}).json()["scores"]) == 1


def test_another_request_under_a_used_key_is_a_conflict(client: TestClient, line: Line) -> None:
    client.post("/v1/inspections", json=_inspection("i-1"), headers=key("b"))
    for path, body in (("/v1/inspections", _inspection("i-2")), ("/v1/scores", line(1))):
        answer = client.post(path, json=body, headers=key("b"))
        assert answer.status_code == 409
        assert answer.json()["field"] == "Idempotency-Key"


def test_a_key_is_its_callers_own(client: TestClient, tokens: dict[str, str]) -> None:
    other = {"Authorization": f"Bearer {tokens['records:write']}"}
    mine = client.post("/v1/inspections", json=_inspection("mine"), headers=key("c"))
    theirs = client.post("/v1/inspections", json=_inspection("theirs"), headers=key("c") | other)
    assert (mine.status_code, theirs.status_code) == (201, 201)


def test_concurrent_repeats_are_done_once(client: TestClient, line: Line) -> None:
    def send(_: int) -> tuple[int, bytes]:
        answer = client.post("/v1/scores", json=[line(n, id=f"race-{n}") for n in range(3)], headers=key("d"))
        return answer.status_code, answer.content

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(24)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    assert len(client.get("/v1/scores", params={"line_id": "race-0"}).json()["scores"]) == 1


def test_what_was_refused_may_be_corrected_under_the_same_key(client: TestClient, line: Line) -> None:
    refused = client.post("/v1/scores", json=line(1, id="fix", hs_code="1"), headers=key("e"))
    assert refused.status_code == 422
    assert client.post("/v1/scores", json=line(1, id="fix"), headers=key("e")).status_code == 201


def test_answers_are_kept_over_a_restart(start: Callable[..., TestClient], line: Line) -> None:
    first = start().post("/v1/scores", json=line(1, id="kept"), headers=key("f"))
    again = start().post("/v1/scores", json=line(1, id="kept"), headers=key("f"))
    assert again.content == first.content


def _inspection(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "happened_at": "2026-01-05T09:00:00+08:00",
        "declaration_id": "L000001",
        "outcome": "pass",
    }
