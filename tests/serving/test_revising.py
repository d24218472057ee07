"""Who may only score revises nothing, a cancelled line is not scored, and options say one thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from features.records import Declaration
from features.store.database import Store
from features.terms import Kind
from serving.accounts.callers import Caller
from serving.accounts.scopes import Scope
from serving.api.recording import prepare
from serving.cli import score as score_command
from serving.settings import ServingSettings
from serving.storage.scores import find_score

Line = Callable[..., dict[str, Any]]


def consignees(settings: ServingSettings, id: str) -> list[str | None]:
    """What the revisions of a line say."""
    store = Store.open(settings.database_url)
    said = [one.record for one in store.revisions(Kind.DECLARATION, [id]).get(id, [])]
    store.close()
    return [one.consignee for one in said if isinstance(one, Declaration)]


def test_a_token_that_may_only_score_brings_new_lines_and_unchanged_ones(
    start: Callable[..., TestClient], line: Line, tokens: dict[str, str], settings: ServingSettings
) -> None:
    client = start()
    scorer = {"Authorization": f"Bearer {tokens['scores:write']}"}
    ours = line(1, id="ours", consignee="A")
    assert client.post("/v1/scores", json=ours, headers=scorer).status_code == 201
    assert client.post("/v1/scores", json=ours, headers=scorer).status_code == 201
    changed = [line(2, id="beside"), {**ours, "consignee": "EVIL"}]
    for language, words in (("en", "stored with other content"), ("zh", "内容不同")):
        for key in ({}, {"Idempotency-Key": f"k-{language}"}):
            headers = {**scorer, "Accept-Language": language, **key}
            refused = client.post("/v1/scores", json=changed, headers=headers)
            problem = refused.json()
            assert (refused.status_code, problem["scope"]) == (403, "records:write")
            assert words in problem["detail"]
            assert "'ours'" in problem["detail"]
    assert (consignees(settings, "ours"), consignees(settings, "beside")) == (["A"], [])
    asked = client.post("/v1/scores", json=changed, headers=scorer, params={"what_if": True})
    assert asked.status_code == 201
    assert client.post("/v1/scores", json=changed).status_code == 201
    assert consignees(settings, "ours") == ["A", "EVIL"]
    listed = client.get("/v1/scores", params={"line_id": "beside", "what_if": False}).json()["scores"]
    assert len(listed) == 1


def test_of_two_who_bring_a_new_line_at_once_only_one_may_say_what_it_is(
    start: Callable[..., TestClient], line: Line, tokens: dict[str, str], settings: ServingSettings
) -> None:
    client = start()
    scorer = {"Authorization": f"Bearer {tokens['scores:write']}"}

    def ask(n: int) -> int:
        sent = line(1, id="raced", consignee=f"C{n}")
        return int(client.post("/v1/scores", json=sent, headers=scorer).status_code)

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(ask, range(6)))
    assert found == [201, 403, 403, 403, 403, 403]
    assert len(consignees(settings, "raced")) == 1


def test_a_cancelled_line_is_not_scored_and_the_answer_says_where_it_is_cancelled(
    start: Callable[..., TestClient], line: Line, settings: ServingSettings, home: Path, tmp_path: Path
) -> None:
    client = start()
    sent = [line(1, id="stays"), line(2, id="goes", status="cancelled")]
    answer = client.post("/v1/scores", json=sent)
    assert answer.status_code == 201
    assert [one["line_id"] for one in answer.json()["scores"]] == ["stays"]
    [rejected] = answer.json()["rejects"]
    assert (rejected["id"], rejected["field"]) == ("goes", "status")
    assert "POST /v1/declarations" in rejected["remedy"]
    assert client.post("/v1/scores", json=sent[1]).status_code == 422
    assert client.post("/v1/scores", json=sent[1], params={"what_if": True}).status_code == 422
    assert consignees(settings, "goes") == []
    file, out = tmp_path / "lines.jsonl", tmp_path / "out.parquet"
    file.write_text("\n".join(json.dumps(one) for one in sent), encoding="utf-8")
    asked = [str(file), "--out", str(out), "--home", str(home)]
    CliRunner().invoke(score_command, asked)
    assert pq.read_table(out, columns=["id"]).to_pylist() == [{"id": "stays"}]


@pytest.mark.parametrize(
    ("query", "beside"),
    [
        ("?what_if=false", {"what_if": True}),
        ("?what_if=true", {"what_if": False}),
        ("?what_if=true&what_if=false", {}),
        ("?what_if=true&what_if=true", {}),
        ("?length=page", {"length": "line"}),
        ("?target=critical", {"target": "nonconforming"}),
    ],
)
def test_options_that_contradict_each_other_are_refused_and_nothing_is_recorded(
    client: TestClient, line: Line, query: str, beside: dict[str, Any]
) -> None:
    answer = client.post(f"/v1/scores{query}", json={"lines": [line(1, id="torn")], **beside})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == query[1:].partition("=")[0]
    assert client.get("/v1/scores", params={"line_id": "torn"}).json()["scores"] == []


def test_options_that_agree_may_stand_in_both_places(client: TestClient, line: Line) -> None:
    body = {"lines": [line(1, id="same")], "what_if": True, "length": "line"}
    answer = client.post("/v1/scores?what_if=true&length=line", json=body)
    assert answer.status_code == 201
    assert answer.json()["scores"][0]["line_sequence"] is None


def test_what_ifs_are_never_ranked_among(start: Callable[..., TestClient], line: Line) -> None:
    lines = [line(1, id=f"rank-{n}") for n in range(60)]

    def basis() -> str:
        """Ask a server that has ranked nothing yet."""
        answer = start().post("/v1/scores", json=line(1, id="ranked"), params={"what_if": True})
        return str(answer.json()["scores"][0]["percentile_basis"])

    assert start().post("/v1/scores", json=lines, params={"what_if": True}).status_code == 201
    assert basis() == "training reference"
    assert start().post("/v1/scores", json=lines).status_code == 201
    assert basis() == "scores of the last 90 days"


def test_a_line_that_others_scored_while_its_revision_was_read_is_scored_anew(
    client: TestClient, line: Line
) -> None:
    services = client.app.state.services  # type: ignore[attr-defined]
    old, new = line(1, id="met"), line(1, id="met", total_price=77.5)
    assert client.post("/v1/declarations", json=old).status_code == 201
    caller = Caller("officer", frozenset({Scope.ADMIN}))
    work = prepare(services, caller, "en", Kind.DECLARATION, json.dumps(new).encode())
    before = client.post("/v1/scores", json=old).json()["scores"][0]
    status, body = services.writer.submit(work).result(30)
    [receipt] = json.loads(body)["receipts"]
    assert (status, receipt["status"]) == (201, "revised")
    newest = client.get("/v1/scores", params={"line_id": "met"}).json()["scores"][0]
    assert newest["id"] == receipt["score"] != before["id"]
    stored = find_score(services.store.engine, receipt["score"])
    assert stored is not None
    assert stored.line_sequence == receipt["sequence"]
