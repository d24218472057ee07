"""Every error is a problem document after RFC 9457, whatever went wrong and wherever."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from customs_risk import main
from features.store.database import Store
from models.bundle import bundles_folder
from serving.app import create_app
from serving.services import Services
from serving.settings import ServingSettings

Line = Callable[..., dict[str, Any]]
JSON = {"Content-Type": "application/json"}
PACKED = JSON | {"Content-Encoding": "gzip"}
GBK = {"Content-Type": "application/json; charset=gbk"}

CASES: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "no such address": ("GET", "/v1/nothing", {}, 404),
    "no such score": ("GET", "/v1/scores/" + "0" * 32, {}, 404),
    "no such table": ("GET", "/v1/codes/nothing", {}, 404),
    "a method that is not there": ("DELETE", "/v1/scores", {}, 405),
    "no token": ("GET", "/v1/scores", {"headers": {"Authorization": ""}}, 401),
    "an unknown token": ("GET", "/v1/scores", {"headers": {"Authorization": "Bearer cr_nobody"}}, 401),
    "another scheme": ("GET", "/v1/scores", {"headers": {"Authorization": "Basic YTpi"}}, 401),
    "no media type": ("POST", "/v1/scores", {"content": b"{}", "headers": {"Content-Type": ""}}, 415),
    "a form": ("POST", "/v1/scores", {"data": {"a": "b"}}, 415),
    "a packed body": ("POST", "/v1/scores", {"content": b"{}", "headers": PACKED}, 415),
    "another charset": ("POST", "/v1/scores", {"content": b"{}", "headers": GBK}, 415),
    "no body": ("POST", "/v1/scores", {"content": b"", "headers": JSON}, 400),
    "half a body": ("POST", "/v1/scores", {"content": b'{"id": "a"', "headers": JSON}, 400),
    "broken UTF-8": ("POST", "/v1/scores", {"content": b'{"id": "\xc3\x28"}', "headers": JSON}, 400),
    "GBK": ("POST", "/v1/scores", {"content": '{"goods_name": "奶粉"}'.encode("gbk"), "headers": JSON}, 400),
    "endless nesting": ("POST", "/v1/scores", {"content": b"[" * 100_000, "headers": JSON}, 400),
    "an empty list": ("POST", "/v1/scores", {"json": []}, 422),
    "a number": ("POST", "/v1/scores", {"json": 7}, 422),
    "too many lines": ("POST", "/v1/scores", {"json": [{}] * 1001}, 422),
    "an empty line": ("POST", "/v1/scores", {"json": {}}, 422),
    "an unknown option": ("POST", "/v1/scores?whatif=true", {"json": {}}, 422),
    "an unknown filter": ("GET", "/v1/scores?colour=red", {}, 422),
    "a filter of the wrong type": ("GET", "/v1/scores?limit=many", {}, 422),
    "a body of null": ("POST", "/v1/scores", {"content": b"null", "headers": JSON}, 422),
    "lines of null": ("POST", "/v1/scores", {"json": {"lines": None}}, 422),
    "a parameter where there is none": ("GET", "/v1/models?target=critical", {}, 422),
    "a parameter of the evidence": ("GET", "/v1/scores/" + "0" * 32 + "/evidence?x=1", {}, 422),
    "an option of scores beside records": ("POST", "/v1/declarations?what_if=true", {"json": {}}, 422),
    "a limit too high": ("GET", "/v1/scores?limit=1001", {}, 422),
    "a regime that is none": ("GET", "/v1/scores?regime=foo", {}, 422),
    "a filter with NUL": ("GET", "/v1/scores?line_id=%00", {}, 422),
    "a time that is none": ("GET", "/v1/scores?since=yesterday", {}, 422),
    "an unknown target": ("POST", "/v1/scores?target=weather", {"json": {}}, 422),
    "a long repeat key": ("POST", "/v1/scores", {"json": {}, "headers": {"Idempotency-Key": "k" * 256}}, 422),
    "a target without a model": ("POST", "/v1/scores?target=critical", {"json": {}}, 503),
}  # fmt: skip


def check_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance", "remedy"} <= set(problem)
    assert problem["status"] == status
    assert problem["type"].startswith("urn:customs-risk:problem:")
    assert all(problem[name] for name in ("title", "detail", "instance", "remedy"))
    return problem


@pytest.mark.parametrize("name", CASES)
def test_every_error_has_one_shape(client: TestClient, name: str) -> None:
    method, path, request, status = CASES[name]
    check_problem(client.request(method, path, **request), status)


@pytest.mark.parametrize("name", CASES)
def test_every_error_speaks_chinese_to_who_asks_for_it(client: TestClient, name: str) -> None:
    method, path, request, status = CASES[name]
    headers = {**request.get("headers", {}), "Accept-Language": "zh-CN"}
    answer = client.request(method, path, **{**request, "headers": headers})
    problem = check_problem(answer, status)
    assert answer.headers["content-language"] == "zh"
    for member in ("title", "detail", "remedy"):
        assert any("\u4e00" <= sign <= "\u9fff" for sign in problem[member]), problem[member]
    assert not re.search(r"[Ii]nput should|[Ee]xtra inputs|must be", problem["detail"]), problem["detail"]


def test_a_body_over_the_limit_is_refused_announced_or_in_chunks(client: TestClient) -> None:
    ten_megabytes = b'["' + b"x" * 10_000_000 + b'"]'
    check_problem(client.post("/v1/scores", content=ten_megabytes, headers=JSON), 413)

    def chunks() -> Any:
        for start in range(0, len(ten_megabytes), 1 << 16):
            yield ten_megabytes[start : start + (1 << 16)]

    problem = check_problem(client.post("/v1/opinions", content=chunks(), headers=JSON), 413)
    assert problem["limit"] == 5_000_000


def test_a_forbidden_caller_is_told_which_scope_is_missing(
    client: TestClient, line: Line, tokens: dict[str, str]
) -> None:
    reader = {"Authorization": f"Bearer {tokens['scores:read']}"}
    problem = check_problem(client.post("/v1/scores", json=line(1), headers=reader), 403)
    assert problem["scope"] == "scores:write"
    assert client.get("/v1/scores", headers=reader).status_code == 200
    admin = {"Authorization": f"Bearer {tokens['admin']}"}
    assert client.post("/v1/scores", json=line(1, id="by-admin"), headers=admin).status_code == 201


def test_a_fault_of_ours_is_a_problem_without_its_secrets(
    start: Callable[..., TestClient], line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start()

    def broken(*_: object) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(Services, "champion", broken)
    problem = check_problem(client.post("/v1/scores", json=line(1)), 500)
    assert "1234" not in str(problem)


def test_a_worker_that_is_not_started_yet_says_so(home: Path) -> None:
    unstarted = TestClient(create_app(ServingSettings(home=home)), raise_server_exceptions=False)
    check_problem(unstarted.get("/health/ready"), 503)


def test_a_body_that_is_none_is_named_for_what_it_is(client: TestClient) -> None:
    null = check_problem(client.post("/v1/scores", content=b"null", headers=JSON), 422)
    assert "the body is a JSON null" in null["detail"]
    lines = check_problem(client.post("/v1/scores", json={"lines": None}), 422)
    assert ("`lines` is a JSON null" in lines["detail"], lines["field"]) == (True, "lines")
    text = check_problem(client.post("/v1/parties", json="text"), 422)
    assert "the body is a JSON string" in text["detail"]


def test_a_target_without_a_model_is_told_what_to_do_about_it(client: TestClient, line: Line) -> None:
    assert client.get("/health/ready").status_code == 200
    problem = check_problem(client.post("/v1/scores?target=critical", json=line(1)), 503)
    assert "/v1/models" in problem["remedy"]
    assert "/health/ready" not in problem["remedy"]


def test_changes_of_a_score_whose_model_is_gone_show_no_path(
    start: Callable[..., TestClient], line: Line, home: Path, train: Callable[..., str]
) -> None:
    client = start()
    score = client.post("/v1/scores", json=line(1, id="gone")).json()["scores"][0]
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    later = train(store, home, seed=5, version="2")
    store.close()
    for _ in range(200):
        used = [one["fingerprint"] for one in client.get("/v1/models").json()["models"] if one["in_use"]]
        if used == [later]:
            break
        time.sleep(0.05)
    assert client.get(f"/v1/scores/{score['id']}/changes").status_code == 200
    folder = bundles_folder(home) / score["model"]["fingerprint"]
    (folder / "model_card.json").write_text("{}")
    for address in ("changes", "explanation", "evidence"):
        problem = check_problem(client.get(f"/v1/scores/{score['id']}/{address}"), 410)
        assert str(home) not in str(problem)
    shutil.rmtree(folder)
    problem = check_problem(client.get(f"/v1/scores/{score['id']}/changes"), 410)
    assert str(home) not in str(problem)
    assert "bundle" in problem["remedy"]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("WORKERS", "abc", "CUSTOMS_RISK_WORKERS 'abc'"),
        ("BODY_LIMIT", "-1", "CUSTOMS_RISK_BODY_LIMIT '-1'"),
        ("TARGET", "foo", "nonconforming, critical"),
        ("TARGET", "critical", "train --target"),
    ],
)
def test_a_setting_that_breaks_a_rule_is_named_with_its_remedy(
    variable: str, value: str, said: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CUSTOMS_RISK_{variable}", value)
    ran = CliRunner().invoke(main, ["serve", "--home", str(home)])
    assert (ran.exit_code, said in ran.output) == (2, True), ran.output
    assert isinstance(ran.exception, SystemExit)


def test_commands_say_how_to_serve_by_several_and_by_another_target(home: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        ran = CliRunner().invoke(main, [*arguments, "--home", str(home)])
        assert ran.exit_code == 2, ran.output
        return ran.output

    assert "PostgreSQL" in run("serve", "--workers", "2").splitlines()[-1]
    source = tmp_path / "lines.jsonl"
    source.write_text("{}")
    scored = "score", str(source), "--out", str(tmp_path / "out.parquet"), "--target"
    assert "--target" in run(*scored, "critical").splitlines()[-1]
    assert "nonconforming, critical" in run(*scored, "foo")
