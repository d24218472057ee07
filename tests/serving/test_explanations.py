"""Explanations of stored scores: they add up, rest on the records counted, and learn nothing later."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from features.evidence import Witness
from features.feature import Among, Counted
from features.history import History
from features.instants import now, show_instant
from features.lines import Lines
from features.records import Inspection
from features.store.database import Store
from features.store.entries import Entry
from features.terms import FAILED_OUTCOMES, Kind, Selection
from serving.replay import scored_line
from serving.settings import ServingSettings
from serving.storage.scores import find_score

Line = Callable[..., dict[str, Any]]
Start = Callable[..., TestClient]


def scored(client: TestClient, body: object, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post("/v1/scores", json=body, params=options).json()["scores"][0]
    return found


def explained(client: TestClient, score_id: str, length: str = "audit", language: str = "en") -> Any:
    answer = client.get(
        f"/v1/scores/{score_id}/explanation",
        params={"length": length},
        headers={"Accept-Language": language},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def evidence_of(explanation: dict[str, Any]) -> list[dict[str, Any]]:
    features = [one for family in explanation["families"] for one in family["features"]]
    return [one["evidence"] for one in features if one["evidence"] is not None]


def test_families_come_first_and_add_up(client: TestClient, line: Line) -> None:
    score = scored(client, line(5, id="families"))
    whole = explained(client, score["id"])
    total = score["base"] + math.fsum(family["log_odds"] for family in whole["families"])
    assert total == pytest.approx(score["total"], abs=1e-9)
    steps = 1 / (1 + math.exp(-score["base"])) + math.fsum(one["effect"] for one in whole["families"])
    assert steps == pytest.approx(score["probability"], abs=1e-9)
    for family in whole["families"]:
        inside = math.fsum(one["log_odds"] for one in family["features"])
        assert inside == pytest.approx(family["log_odds"], abs=1e-4)


def test_reasons_of_a_score_are_cumulative_steps_and_say_so(client: TestClient, line: Line) -> None:
    score = scored(client, line(5, id="steps"))
    at = score["base"]
    for reason in score["reasons"]:
        step = 1 / (1 + math.exp(-at - reason["log_odds"])) - 1 / (1 + math.exp(-at))
        assert reason["effect"] == pytest.approx(step, abs=1e-12)
        at += reason["log_odds"]
    assert "order" in score["effects"]
    assert score["reasons"][0]["text"] in score["line"]


def test_the_three_lengths_grow(client: TestClient, line: Line) -> None:
    score = scored(client, line(3, id="lengths"))
    texts = [explained(client, score["id"], length)["text"] for length in ("line", "page", "audit")]
    assert len(texts[0]) == 1
    assert len(texts[0]) < len(texts[1]) < len(texts[2])
    assert texts[0][0] == score["line"]


def test_evidence_is_the_newest_records_with_their_total(client: TestClient, line: Line) -> None:
    for found in evidence_of(explained(client, scored(client, line(2, id="newest"))["id"])):
        known = [one["known_at"] for one in found["records"]]
        assert known == sorted(known, reverse=True)
        assert len(known) == min(20, found["total"]) or found["among"] != "all"
        assert f"{found['total']:,}" in found["text"]
        assert all(one["id"] in one["text"] for one in found["records"])


@pytest.mark.parametrize("what_if", [False, True])
def test_what_became_known_later_is_never_evidence(
    start: Start, line: Line, settings: ServingSettings, what_if: bool
) -> None:
    client = start()
    score = scored(client, line(2, id="before"), what_if=what_if)
    before = explained(client, score["id"])
    late = {"happened_at": show_instant(now()), "declaration_id": "L000002", "outcome": "destroyed"}
    assert client.post("/v1/inspections", json={"id": "late", **late}).status_code == 201
    changed = {**late, "id": "I9", "declaration_id": "L000009", "outcome": "pass"}
    assert client.post("/v1/inspections", json=changed).status_code == 201
    scored(client, line(2, id="after"))
    assert explained(client, score["id"]) == before
    again = scored(client, line(2, id="again"))
    ids = {one["id"] for found in evidence_of(explained(client, again["id"])) for one in found["records"]}
    assert "late" in ids


def test_a_live_history_and_one_rebuilt_for_the_score_hold_the_same_evidence(
    start: Start, line: Line, settings: ServingSettings
) -> None:
    client = start()
    score_id = scored(client, line(4, id="rebuilt"))["id"]
    for number in range(30):
        scored(client, line(number, id=f"noise-{number}"))
    store = Store.open(settings.database_url)
    stored = find_score(store.engine, score_id)
    assert stored is not None
    lines = Lines.of([scored_line(store, stored)])
    rebuilt = Witness(store, History.build(store, stored.sequence), lines, stored.as_of)
    live = Witness(store, History.build(store), lines, stored.as_of)
    for among in Among:
        for window in (30, 365, None):
            for entity in ("consignee", "hs4"):
                counted = Counted("inspected", entity, window, among)
                assert rebuilt.evidence(counted) == live.evidence(counted)
    store.close()


def test_only_the_events_a_feature_is_about_are_its_evidence(settings: ServingSettings) -> None:
    store = Store.open(settings.database_url)
    entries = []
    for number in range(40):
        chosen = Selection.RANDOM if number % 3 == 0 else Selection.TARGETING
        found = Inspection(
            id=f"drawn-{number}",
            happened_at=now(),
            declaration_id="L000002",
            outcome=("rectified" if number % 5 == 0 else "pass"),  # type: ignore[arg-type]
            selected_by=chosen,
        )
        entries.append(Entry(found))
    store.append(entries)
    history = History.build(store)
    newest = store.revisions(Kind.DECLARATION, ["L000002"])["L000002"][-1].record
    witness = Witness(store, history, Lines.of([newest]), history.watermark + 1)  # type: ignore[list-item]
    random = witness.evidence(Counted("inspected", "hs10", None, Among.RANDOM))
    failed = witness.evidence(Counted("inspected", "hs10", None, Among.FAILED))
    both = witness.evidence(Counted("inspected", "hs10", None, Among.TARGETED))
    every = witness.evidence(Counted("inspected", "hs10", None))
    assert [one.record.selected_by for one in random.records if isinstance(one.record, Inspection)] == [
        Selection.RANDOM
    ] * 14
    assert random.total == 14
    assert random.total + both.total == every.total
    assert failed.total == every.failed
    assert all(one.record.outcome in FAILED_OUTCOMES for one in failed.records)  # type: ignore[union-attr]
    store.close()


def test_complaints_are_shown_in_their_own_masked_words(
    start: Start, line: Line, settings: ServingSettings
) -> None:
    client = start()
    told = {"happened_at": show_instant(now()), "channel": "12315", "hs_code": "9503002100"}
    told |= {"text": "玩具小零件脱落,孩子差点吞下,联系我13812345678", "manufacturer": "M2"}
    assert client.post("/v1/opinions", json={"id": "told", **told}).status_code == 201
    score = scored(client, line(2, id="told-of"))
    store = Store.open(settings.database_url)
    stored = find_score(store.engine, score["id"])
    assert stored is not None
    witness = Witness(store, History.build(store), Lines.of([scored_line(store, stored)]), stored.as_of)
    found = witness.evidence(Counted("complained", "manufacturer", 365))
    store.close()
    assert [one.id for one in found.records] == ["told"]
    text = getattr(found.records[0].record, "text", "")
    assert "零件脱落" in text
    assert "13812345678" not in text


def test_a_redacted_line_is_explained_without_records(
    start: Start, line: Line, settings: ServingSettings, home: Path
) -> None:
    client = start()
    score = scored(client, line(1, id="erased"))
    store = Store.open(settings.database_url)
    store.append([Entry.redact(Kind.DECLARATION, "erased")])
    store.close()
    found = explained(client, score["id"])
    assert "redacted" in found["evidence_note"]
    assert evidence_of(found) == []
    assert found["text"]


def test_an_unknown_score_has_no_explanation(client: TestClient) -> None:
    for score_id in ("0" * 32, "..", "x"):
        assert client.get(f"/v1/scores/{score_id}/explanation").status_code == 404


def test_what_would_change_a_score_is_asked_of_its_own_model(client: TestClient, line: Line) -> None:
    score = scored(client, line(5, id="changed", total_price=90_000.0))
    for language in ("zh", "en"):
        answer = client.get(f"/v1/scores/{score['id']}/changes", headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["probability"] == score["probability"]
        assert found["policy"]
        if found["threshold"] is not None:
            assert found["found"] == (found["reached"] < found["threshold"])
            assert all(one["text"] in found["text"] for one in found["changes"])
