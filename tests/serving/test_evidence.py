"""Evidence bundles: stable bytes with a hash anybody can check, and a page to print."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from features.instants import DAY, now, show_instant
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Kind
from serving.api.explanations import prefers_page
from serving.cli import replay
from serving.pages.waterfall import Step, waterfall
from serving.pages.words import WORDS
from serving.settings import ServingSettings

Line = Callable[..., dict[str, Any]]
Start = Callable[..., TestClient]


def scored(client: TestClient, body: object, **options: Any) -> str:
    given: str = client.post("/v1/scores", json=body, params=options).json()["scores"][0]["id"]
    return given


def test_the_hash_is_that_of_the_bytes_given(client: TestClient, line: Line) -> None:
    score_id = scored(client, line(2, id="hashed"))
    answer = client.get(f"/v1/scores/{score_id}/evidence")
    assert hashlib.sha256(answer.content).hexdigest() == answer.headers["Evidence-SHA256"]
    bundle = answer.json()
    assert bundle["score"]["id"] == score_id
    assert bundle["line"]["id"] == "hashed"
    assert len(bundle["words"]["zh"]) == len(bundle["words"]["en"])
    assert all(
        str(sequence) in bundle["records"]
        for counted in bundle["counted"].values()
        for sequence in counted["newest"]
    )


def test_the_bytes_stay_whatever_becomes_known_and_whoever_asks(start: Start, line: Line) -> None:
    client = start()
    score_id = scored(client, line(2, id="stable"))
    before = client.get(f"/v1/scores/{score_id}/evidence").content
    late = {"id": "late", "happened_at": show_instant(now()), "declaration_id": "stable"}
    assert client.post("/v1/inspections", json={**late, "outcome": "destroyed"}).status_code == 201
    assert client.post("/v1/declarations", json=line(2, id="stable", origin="US")).status_code == 201
    assert client.get(f"/v1/scores/{score_id}/evidence").content == before
    again = start().get(f"/v1/scores/{score_id}/evidence", headers={"Accept-Language": "zh"})
    assert again.content == before


def test_replay_gathers_the_same_bytes_from_the_records(start: Start, line: Line, home: Path) -> None:
    client = start()
    past = show_instant(now() - 90 * DAY)
    for options in ({}, {"what_if": True}, {"as_of": past}):
        score_id = scored(client, line(3, id=f"verified-{'-'.join(options)}"), **options)
        sha256 = client.get(f"/v1/scores/{score_id}/evidence").headers["Evidence-SHA256"]
        scored(client, line(3, id="noise"))
        ran = CliRunner().invoke(replay, [score_id, "--evidence-hash", sha256, "--home", str(home)])
        assert ran.exit_code == 0, ran.output
        assert "the same bytes" in ran.output
    bundle = client.get(f"/v1/scores/{score_id}/evidence").json()
    assert bundle["records"]
    assert all(record["known_at"] < past for record in bundle["records"].values())
    wrong = CliRunner().invoke(replay, [score_id, "--evidence-hash", "0" * 64, "--home", str(home)])
    assert wrong.exit_code == 1
    assert "other bytes" in wrong.output


def test_a_redaction_takes_its_record_out(start: Start, line: Line, settings: ServingSettings) -> None:
    client = start()
    scored(client, line(2, id="to-erase"))
    score_id = scored(client, line(2, id="kept"))
    store = Store.open(settings.database_url)
    store.append([Entry.redact(Kind.DECLARATION, "to-erase")])
    store.close()
    scored(client, line(2, id="one-more"))
    assert b'"to-erase"' not in client.get(f"/v1/scores/{score_id}/evidence").content


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize(("language", "title"), [("zh-CN", "风险评分说明"), ("en", "Why this score")])
def test_the_page_needs_no_script_and_nothing_from_elsewhere(
    client: TestClient, line: Line, language: str, title: str
) -> None:
    hostile = {"goods_name": "<script>alert(1)</script>", "goods_model": '"><img src=x onerror=alert(2)>'}
    score_id = scored(client, line(5, id=f"page-{language}", **hostile))
    page = client.get(f"/v1/scores/{score_id}/evidence.html", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert title in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    parser = _Tags()
    parser.feed(page.text)
    names = {tag for tag, _ in parser.tags}
    assert "svg" in names
    assert not names & {"script", "img", "link", "iframe", "object", "a"}
    assert not any(name.startswith("on") or name in ("src", "href") for _, a in parser.tags for name in a)
    assert not re.search(r"url\(|@import", page.text)
    assert page.headers["Evidence-SHA256"] in page.text


def test_html_is_given_to_those_who_prefer_it(client: TestClient, line: Line) -> None:
    score_id = scored(client, line(1, id="prefers"))
    browser = client.get(f"/v1/scores/{score_id}/evidence", headers={"Accept": "text/html,*/*;q=0.8"})
    assert browser.headers["content-type"].startswith("text/html")
    assert not prefers_page("*/*")
    assert not prefers_page("application/json, text/html")


@given(base=st.floats(-9, 9), added=st.lists(st.floats(-6, 6), max_size=12), name=st.text(max_size=80))
def test_a_waterfall_stays_within_its_frame_and_escapes_names(
    base: float, added: list[float], name: str
) -> None:
    drawn = waterfall(Step(name, base), [Step(name, one) for one in added], Step("=", base + sum(added)))
    assert "NaN" not in drawn.replace(name, "")
    for start, width in re.findall(r'<rect x="([-\d.]+)" y="[^"]+" width="([\d.]+)"', drawn):
        assert 390 <= float(start) <= 860
        assert float(start) + float(width) <= 862
    assert drawn.count("<rect") == len(added)
    _Tags().feed(drawn)


def test_every_word_of_the_page_has_both_languages() -> None:
    assert all(zh.strip() and en.strip() and zh != en for zh, en in WORDS.values())
