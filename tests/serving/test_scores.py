"""POST /v1/scores, and what can be read of scores afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from features.instants import DAY, now, show_instant

Line = Callable[..., dict[str, Any]]


def score(client: TestClient, body: object, **options: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/scores", json=body, params=options)
    assert answer.status_code == 201, answer.text
    found: list[dict[str, Any]] = answer.json()["scores"]
    return found


def test_contributions_add_up_to_the_probability(client: TestClient, line: Line) -> None:
    found = score(client, line(1, id="adds-up"))[0]
    total = found["base"] + math.fsum(one["log_odds"] for one in found["contributions"])
    assert total == pytest.approx(found["total"], abs=1e-9)
    assert 1 / (1 + math.exp(-found["total"])) == pytest.approx(found["probability"], abs=1e-12)
    assert math.fsum(found["by_family"].values()) + found["base"] == pytest.approx(found["total"], abs=1e-9)


def test_a_score_reads_back_as_it_was_given(client: TestClient, line: Line) -> None:
    for options in ({}, {"what_if": True}):
        given = score(client, line(2, id=f"read-back-{len(options)}"), **options)[0]
        assert client.get(f"/v1/scores/{given['id']}").json() == given


def test_a_shorter_answer_is_the_long_one_with_less(client: TestClient, line: Line) -> None:
    left_out = {"audit": set(), "page": {"contributions"}, "line": {"contributions", "reasons"}}
    for length, less in left_out.items():
        given = score(client, line(2, id=f"as-a-{length}"), length=length)[0]
        whole = client.get(f"/v1/scores/{given['id']}").json()
        assert set(whole) - set(given) == less
        assert {name: whole[name] for name in given} == given


def test_an_unknown_length_is_told_with_those_there_are(client: TestClient, line: Line) -> None:
    for body, query in (
        (line(1, id="long"), {"length": "book"}),
        ({"lines": [line(1)], "length": "book"}, {}),
    ):
        answer = client.post("/v1/scores", json=body, params=query)
        assert answer.status_code == 422, answer.text
        assert all(word in answer.text for word in ("length", "line", "page", "audit"))


def test_reasons_come_in_the_language_asked_for(client: TestClient, line: Line) -> None:
    body, what_if = line(5, id="words"), {"what_if": True}
    zh = client.post("/v1/scores", json=body, params=what_if, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    en = client.post("/v1/scores", json=body, params=what_if, headers={"Accept-Language": "en"})
    reasons_zh, reasons_en = (answer.json()["scores"][0]["reasons"] for answer in (zh, en))
    assert [one["feature"] for one in reasons_zh] == [one["feature"] for one in reasons_en]
    assert any("\u4e00" <= sign <= "\u9fff" for sign in reasons_zh[0]["text"])
    assert reasons_en[0]["text"] != reasons_zh[0]["text"]


def test_a_scored_line_is_recorded_with_its_score(client: TestClient, line: Line) -> None:
    given = score(client, line(1, id="recorded"))[0]
    again = client.post("/v1/declarations", json=line(1, id="recorded", happened_at="2024-01-01"))
    assert given["line_sequence"] == given["sequence"] + 1
    assert again.json()["receipts"][0]["revision"] == 2


def test_a_what_if_is_not_recorded_and_enters_no_count(client: TestClient, line: Line) -> None:
    before = score(client, line(1, id="probe"), what_if=True)[0]
    for _ in range(3):
        score(client, line(1, id="never-declared"), what_if=True)
    after = score(client, line(1, id="probe"), what_if=True)[0]
    assert after["sequence"] == before["sequence"]
    assert after["contributions"] == before["contributions"]
    assert after["line_sequence"] is None


def test_lines_of_one_request_do_not_see_each_other(client: TestClient, line: Line) -> None:
    alone = score(client, line(8, id="twin-a"), what_if=True)[0]
    together = score(client, [line(8, id=f"twin-{n}") for n in "abc"])
    assert [one["contributions"] for one in together] == [alone["contributions"]] * 3
    assert {one["sequence"] for one in together} == {alone["sequence"]}
    assert score(client, line(8, id="twin-d"), what_if=True)[0]["sequence"] == alone["sequence"] + 3


def test_a_result_is_in_the_next_score(client: TestClient, line: Line) -> None:
    consignee = {"consignee": "fresh-trader"}
    first = score(client, line(4, id="result-1", **consignee))[0]
    found = {"id": "result-1-i", "happened_at": show_instant(now()), "declaration_id": "result-1"}
    posted = client.post("/v1/inspections", json={**found, "outcome": "destroyed", "depth": "laboratory"})
    assert posted.status_code == 201, posted.text
    second = score(client, line(4, id="result-2", **consignee))[0]

    def value(given: dict[str, Any], name: str) -> float:
        return next(one["value"] for one in given["contributions"] if one["feature"] == name)

    changed = [
        one["feature"]
        for one, two in zip(first["contributions"], second["contributions"], strict=True)
        if one["value"] != two["value"]
    ]
    assert any("consignee" in name and "declared" not in name for name in changed)
    assert second["sequence"] == posted.json()["receipts"][0]["sequence"]


def test_a_bad_line_comes_back_with_its_reason_and_sinks_none(client: TestClient, line: Line) -> None:
    body = [line(1, id="good-1"), line(2, id="bad", hs_code=8516109000), "no line", line(3, id="good-2")]
    answer = client.post("/v1/scores", json=body).json()
    assert [one["line_id"] for one in answer["scores"]] == ["good-1", "good-2"]
    assert [(one["index"], one["id"], one["field"]) for one in answer["rejects"]] == [
        (1, "bad", "hs_code"),
        (2, None, "declaration"),
    ]
    assert "leading zeros" in answer["rejects"][0]["rule"]
    assert answer["rejects"][0]["remedy"]


def test_a_request_without_a_good_line_is_a_problem(client: TestClient, line: Line) -> None:
    for body in (line(1, id="alone", origin="Atlantis"), [line(1, id="alone", origin="Atlantis")] * 2):
        answer = client.post("/v1/scores", json=body)
        assert answer.status_code == 422
        assert answer.json()["rejects"][0]["field"] == "origin"
        assert "Atlantis" in answer.json()["detail"]


def test_an_id_that_stands_twice_is_scored_once(client: TestClient, line: Line) -> None:
    answer = client.post("/v1/scores", json=[line(1, id="same"), line(2, id="same")]).json()
    assert len(answer["scores"]) == 1
    assert answer["rejects"][0]["index"] == 1


def test_unseen_categories_and_odd_codes_are_warned_of(client: TestClient, line: Line) -> None:
    odd = line(1, id="odd", transport_mode="99", consignee="91110000600037341X", office="9901")
    warnings = {(one["code"], one["field"]) for one in score(client, odd, what_if=True)[0]["warnings"]}
    assert ("check_digit", "consignee") in warnings
    assert ("unknown_code", "office") in warnings
    assert any(code == "unseen_category" for code, _ in warnings)


def test_the_past_is_for_data_scientists(client: TestClient, line: Line, tokens: dict[str, str]) -> None:
    past = show_instant(now() - 60 * DAY)
    writer = {"Authorization": f"Bearer {tokens['scores:write']}"}
    refused = client.post("/v1/scores", json=line(1, id="past"), params={"as_of": past}, headers=writer)
    assert refused.status_code == 403
    assert refused.json()["scope"] == "data:scientist"
    then = score(client, line(1, id="past"), as_of=past)[0]
    assert then["what_if"] is True
    assert then["as_of"] == past
    assert then["percentile_basis"] == "training reference"


def test_the_future_cannot_be_asked_for(client: TestClient, line: Line) -> None:
    answer = client.post("/v1/scores", json=line(1, id="f"), params={"as_of": "2999-01-01"})
    assert answer.status_code == 422
    assert answer.json()["field"] == "as_of"


def test_an_instant_of_the_past_is_text_that_cannot_be_another_day(client: TestClient, line: Line) -> None:
    for as_of in (1_700_000_000, 1.5, "1700000000", "1700000000000000", "", [], "2026-01-31T08:00:00 08:00"):
        answer = client.post("/v1/scores", json={"lines": [line(1, id="a")], "as_of": as_of})
        assert answer.status_code == 422, answer.text
        assert answer.json()["field"] == "as_of"
        assert "2026-01-31" in answer.json()["remedy"]
    assert client.post("/v1/scores?as_of=1700000000", json=line(1, id="a")).status_code == 422
    for as_of in ("2026-01-31", "20260131", "2026-01-31T08:00:00+08:00"):
        body = {"lines": [line(1, id="a")], "as_of": as_of}
        given = client.post("/v1/scores", json=body).json()["scores"][0]
        assert given["as_of"].startswith("2026-01-31"), given["as_of"]


def test_an_instant_that_no_calendar_shows_is_refused(client: TestClient, line: Line) -> None:
    for far in ("0001-01-01", "9999-12-31T23:00:00-05:00"):
        scored = client.post("/v1/scores", json=line(1, id="a"), params={"as_of": far})
        listed = [client.get("/v1/scores", params={name: far}) for name in ("since", "until")]
        sent = client.post("/v1/declarations", json=line(1, id="a", happened_at=far))
        assert [answer.status_code for answer in (scored, *listed, sent)] == [422] * 4
        assert "0001-01-02" in scored.json()["detail"]
        assert scored.json()["remedy"]


def test_a_filter_that_nothing_can_match_is_refused(client: TestClient) -> None:
    for wanted in (
        "regime=foo",
        "line_id=",
        "since=2026-02-01&until=2026-01-31",
        "since=1700000000",
        "since=",
    ):
        answer = client.get(f"/v1/scores?{wanted}")
        assert answer.status_code == 422, answer.text
        assert answer.json()["field"] == wanted.partition("=")[0]
    unencoded = client.get("/v1/scores?since=2026-01-31T08:00:00+08:00").json()
    assert "%2B" in unencoded["remedy"]


def test_options_may_stand_beside_the_lines(client: TestClient, line: Line) -> None:
    enveloped = score(client, {"lines": [line(1, id="envelope")], "what_if": True})[0]
    assert enveloped["what_if"] is True
    for body in ({"lines": [line(1)], "whatif": True}, {"lines": [line(1)], "what_if": "yes"}):
        assert client.post("/v1/scores", json=body).status_code == 422


def test_percentiles_rank_among_recent_scores_once_there_are_enough(
    start: Callable[..., TestClient], line: Line
) -> None:
    client = start()
    assert score(client, line(0, id="few"))[0]["percentile_basis"] == "training reference"
    score(client, [line(3 * n, id=f"many-{n}") for n in range(60)])
    recent = [one["probability"] for one in client.get("/v1/scores?limit=1000").json()["scores"]]
    ranked = score(start(), line(0, id="ranked"))[0]
    below = sum(one < ranked["probability"] for one in recent)
    ties = recent.count(ranked["probability"])
    assert ranked["percentile_basis"] == "scores of the last 90 days"
    assert ranked["percentile"] == pytest.approx(100 * (below + ties / 2) / 61)


def test_pages_hold_every_score_once(client: TestClient, line: Line) -> None:
    ids = [
        one["id"] for one in score(client, [line(n, id=f"page-{n}", hs_code="90189099") for n in range(7)])
    ]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/scores", params={"hs_code": "901890", "limit": 3, **cursor}).json()
        seen += [one["id"] for one in page["scores"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == ids[::-1]


def test_filters_narrow_the_list(client: TestClient, line: Line) -> None:
    score(client, [line(1, id="narrow-1", direction="export"), line(2, id="narrow-2")])
    score(client, line(3, id="narrow-3"), what_if=True)

    def found(**wanted: Any) -> set[str]:
        page = client.get("/v1/scores", params={"limit": 1000, **wanted})
        assert page.status_code == 200, page.text
        return {one["line_id"] for one in page.json()["scores"] if one["line_id"].startswith("narrow")}

    assert found(direction="export") == {"narrow-1"}
    assert found(what_if=True) == {"narrow-3"}
    assert found(line_id="narrow-2") == {"narrow-2"}
    assert found(min_probability=1) == set()
    assert found(until="2020-01-01") == set()
    assert found(since=show_instant(now() - DAY)) == {"narrow-1", "narrow-2", "narrow-3"}
    assert found(regime="general", target="nonconforming") <= {"narrow-1", "narrow-2", "narrow-3"}


def test_a_score_nobody_gave_is_not_found(client: TestClient) -> None:
    for score_id, shown in (("0" * 32, "0" * 32), ("nonsense", "nonsense"), ("%00", "x00")):
        for address in (f"/v1/scores/{score_id}", f"/v1/scores/{score_id}/explanation"):
            answer = client.get(address)
            assert answer.status_code == 404
            assert shown in answer.json()["detail"]


def test_a_revised_line_is_scored_anew_and_a_cancelled_one_is_not(client: TestClient, line: Line) -> None:
    sent = line(2, id="life")
    first = score(client, sent)[0]
    amended = client.post("/v1/declarations", json={**sent, "total_price": 9.0, "status": "amended"}).json()
    anew = client.get(f"/v1/scores/{amended['receipts'][0]['score']}").json()
    assert anew["status"] == "amended"
    assert anew["line_sequence"] == amended["receipts"][0]["sequence"]
    assert anew["id"] > first["id"]
    again = client.post("/v1/declarations", json={**sent, "total_price": 9.0, "status": "amended"})
    assert again.status_code == 200
    assert again.json()["receipts"][0]["score"] is None
    cancelled = client.post("/v1/declarations", json={**sent, "status": "cancelled"}).json()
    assert cancelled["receipts"][0]["score"] is None
    listed = client.get("/v1/scores", params={"line_id": "life"}).json()["scores"]
    assert [one["status"] for one in listed] == ["amended", "declared"]


def test_a_restart_keeps_everything(start: Callable[..., TestClient], line: Line) -> None:
    first = start()
    given = score(first, line(1, id="kept"))[0]
    before = score(first, line(2, id="after"), what_if=True)[0]
    second = start()
    assert second.get(f"/v1/scores/{given['id']}").json() == given
    after = score(second, line(2, id="after"), what_if=True)[0]
    assert (after["sequence"], after["contributions"]) == (before["sequence"], before["contributions"])


def test_requests_scored_together_get_the_numbers_they_would_get_alone(
    client: TestClient, line: Line
) -> None:
    lines = [line(n, id=f"crowd-{n}", total_price=50.0 * n) for n in range(24)]
    alone = [score(client, one, what_if=True)[0] for one in lines]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda one: score(client, one, what_if=True)[0], lines))
    for one, other in zip(alone, together, strict=True):
        assert one["line_id"] == other["line_id"]
        assert one["contributions"] == other["contributions"]
        assert one["probability"] == other["probability"]
