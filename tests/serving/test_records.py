"""POST of records: receipts, revisions, rejects, and what is masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from features.store.tables import record_revisions

Line = Callable[..., dict[str, Any]]
AT = "2026-02-03T10:00:00+08:00"
RECORDS: dict[str, dict[str, Any]] = {
    "declarations": {"id": "r", "happened_at": AT, "direction": "export", "hs_code": "0402100000"},
    "inspections": {"id": "r", "happened_at": AT, "declaration_id": "L000001", "outcome": "returned"},
    "nonconformities": {"id": "r", "happened_at": AT, "source": "overseas_notice", "category": "safety"},
    "opinions": {"id": "r", "happened_at": AT, "channel": "12315", "text": "水壶漏电"},
    "parties": {"id": "r", "happened_at": AT, "name": "商行", "roles": ["consignee"]},
}


@pytest.mark.parametrize("path", RECORDS)
def test_a_record_is_accepted_once_and_revised_by_new_content(client: TestClient, path: str) -> None:
    sent = RECORDS[path]
    first = client.post(f"/v1/{path}", json=sent)
    again = client.post(f"/v1/{path}", json=[sent])
    revised = client.post(f"/v1/{path}", json={**sent, "happened_at": "2026-02-04"})
    statuses = [answer.json()["receipts"][0]["status"] for answer in (first, again, revised)]
    assert statuses == ["accepted", "unchanged", "revised"]
    assert [answer.status_code for answer in (first, again, revised)] == [201, 200, 201]
    sequences = [answer.json()["receipts"][0]["sequence"] for answer in (first, again, revised)]
    assert sequences[0] == sequences[1] < sequences[2]


def test_bad_records_come_back_and_the_others_are_stored(client: TestClient) -> None:
    good, bad = (
        RECORDS["inspections"] | {"id": "good"},
        RECORDS["inspections"] | {"id": "bad", "outcome": "好"},
    )
    answer = client.post("/v1/inspections", json=[bad, good, {"id": "worse"}]).json()
    assert [one["id"] for one in answer["receipts"]] == ["good"]
    assert [(one["index"], one["field"]) for one in answer["rejects"]] == [(0, "outcome"), (2, "happened_at")]
    assert [one["field"] for one in answer["rejects"][1]["others"]] == ["declaration_id"]


def test_telephone_numbers_of_complainants_are_not_stored(client: TestClient) -> None:
    text = "奶粉结块,请回电 13812345678 或 zhang.san@example.com,身份证 11010519491231002X"
    sent = RECORDS["opinions"] | {"id": "masked", "text": text}
    assert client.post("/v1/opinions", json=sent).status_code == 201
    engine = client.app.state.services.store.engine  # type: ignore[attr-defined]
    with engine.connect() as connection:
        body = connection.execute(
            select(record_revisions.c.body).where(record_revisions.c.id == "masked")
        ).scalar_one()
    assert "奶粉结块" in body
    for secret in ("13812345678", "zhang.san", "11010519491231002X"):
        assert secret not in body


def test_records_need_their_own_scope(client: TestClient, tokens: dict[str, str]) -> None:
    scorer = {"Authorization": f"Bearer {tokens['scores:write']}"}
    assert client.post("/v1/parties", json=RECORDS["parties"], headers=scorer).status_code == 403


def test_a_doubtful_code_is_taken_with_a_warning(client: TestClient) -> None:
    sent = RECORDS["parties"] | {"id": "doubt", "uscc": "91110000600037341X"}
    warnings = client.post("/v1/parties", json=sent).json()["receipts"][0]["warnings"]
    assert [(one["code"], one["field"]) for one in warnings] == [("check_digit", "uscc")]


def test_a_result_of_a_line_that_nobody_declared_is_taken_with_a_warning(client: TestClient) -> None:
    sent = {"id": "lone", "happened_at": "2021-03-04", "declaration_id": "NOSUCH", "outcome": "pass"}
    answer = client.post("/v1/inspections", json=sent)
    assert answer.status_code == 201
    [warning] = answer.json()["receipts"][0]["warnings"]
    assert (warning["code"], warning["field"], warning["value"]) == (
        "unknown_line",
        "declaration_id",
        "NOSUCH",
    )


def test_a_price_without_a_currency_is_taken_with_a_warning(
    client: TestClient, line: Callable[..., dict[str, object]]
) -> None:
    sent = line(1, id="free") | {"currency": None, "total_price": 5.0}
    chinese = {"Accept-Language": "zh"}
    answer = client.post("/v1/declarations", json=sent, headers=chinese)
    warnings = answer.json()["receipts"][0]["warnings"]
    assert [one["code"] for one in warnings] == ["no_currency"]
    assert "币制" in warnings[0]["text"]


def test_records_are_taken_before_there_is_a_model(
    start: Callable[..., TestClient], line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.champions.champion", lambda engine, target: None)
    client = start()
    assert client.post("/v1/declarations", json=line(1, id="early")).status_code == 201
    assert client.post("/v1/scores", json=line(1, id="early")).status_code == 503
    assert client.get("/health/ready").status_code == 503
