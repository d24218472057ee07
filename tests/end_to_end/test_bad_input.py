"""Whatever is sent, the answer is a clear one: never a fault of the server, and nothing good is lost."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[1] / "serving"))

from serving_port import bearer, client_of, declared, fill, settings_of

from features.records import RECORD_TYPES
from features.terms import Kind

JSON = {"Content-Type": "application/json"}
PATHS = {
    "scores": Kind.DECLARATION,
    "declarations": Kind.DECLARATION,
    "inspections": Kind.INSPECTION,
    "nonconformities": Kind.NONCONFORMITY,
    "opinions": Kind.OPINION,
    "parties": Kind.PARTY,
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server on a small port of its own."""
    home = tmp_path_factory.mktemp("bad-input")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.champions.try_bundle", lambda folder, home: {})
        tokens = fill(f"sqlite:///{home / 'customs-risk.db'}", home)
        with client_of(settings_of(home), tokens) as opened:
            yield opened
    shutil.rmtree(home)


def post(client: TestClient, path: str, body: Any) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(f"/v1/{path}", content=content, headers=JSON)


def is_clear(answer: Any) -> None:
    """An answer is either a success or a problem that says what to do."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["detail"]
        assert problem["remedy"]


BAD_FIELDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a code without its leading zero": ({"hs_code": "402100000"}, "hs_code", "leading zero"),
    "a code as a number": ({"hs_code": 402100000}, "hs_code", "leading zeros"),
    "a code of letters": ({"hs_code": "ABCDEF"}, "hs_code", "digits"),
    "an office as a number": ({"office": 101}, "office", "leading zeros"),
    "a country that is none": ({"origin": "Atlantis"}, "origin", "country"),
    "a direction that is none": ({"direction": "sideways"}, "direction", "import, export"),
    "an unknown field": ({"colour": "red"}, "colour", "no field"),
    "a date in the future": ({"happened_at": "2999-01-01"}, "happened_at", "future"),
    "a date before its time": ({"happened_at": 1_700_000_000}, "happened_at", "1980"),
    "a date that is none": ({"happened_at": "31 February"}, "happened_at", "ISO 8601"),
    "NaN": ({"total_price": math.nan}, "total_price", "finite"),
    "infinity": ({"quantity": math.inf}, "quantity", "finite"),
    "a negative price": ({"total_price": -1}, "total_price", "below zero"),
    "a number as words": ({"quantity": "a dozen"}, "quantity", "number"),
    "a list for a text": ({"goods_name": ["milk"]}, "goods_name", "text"),
    "an object for a number": ({"quantity": {"value": 3}}, "quantity", "number"),
    "a NUL": ({"goods_name": "milk\x00"}, "goods_name", ""),
    "half a character": ({"goods_name": "\ud800"}, "goods_name", ""),
    "an endless name": ({"goods_name": "奶" * 10_000}, "goods_name", "length"),
    "an endless number": ({"packages": 10**400}, "packages", ""),
    "a missing code": ({"hs_code": None}, "hs_code", "required"),
    "an empty id": ({"id": " "}, "id", "required"),
}


@pytest.mark.parametrize("name", BAD_FIELDS)
@pytest.mark.parametrize("path", ["scores", "declarations"])
def test_a_bad_field_is_named_and_the_good_lines_are_kept(client: TestClient, path: str, name: str) -> None:
    changes, field, rule = BAD_FIELDS[name]
    good = declared(1, id=f"good-{path}-{name}"[:64])
    answer = post(client, path, [declared(2, **{"id": "bad", **changes}), good])
    assert answer.status_code == 201, answer.text
    (reject,) = answer.json()["rejects"]
    assert (reject["index"], reject["field"]) == (0, field)
    assert rule in reject["rule"]
    assert reject["remedy"]
    kept = answer.json()["scores" if path == "scores" else "receipts"]
    assert [one.get("line_id", one["id"]) for one in kept] == [good["id"]]
    alone = post(client, path, declared(2, **{"id": "bad", **changes}))
    assert alone.status_code == 422
    assert alone.json()["rejects"][0]["field"] == field


def test_a_large_batch_with_bad_lines_loses_none(client: TestClient) -> None:
    lines = [declared(n, id=f"large-{n}", **({"origin": "??"} if n % 10 == 0 else {})) for n in range(1000)]
    before = client.app.state.services.store.head().sequence  # type: ignore[attr-defined]
    answer = post(client, "declarations", lines).json()
    assert (len(answer["receipts"]), len(answer["rejects"])) == (900, 100)
    assert client.app.state.services.store.head().sequence == before + 900  # type: ignore[attr-defined]


def test_a_body_just_under_the_limit_is_taken(client: TestClient) -> None:
    lines = [declared(n, id=f"long-{n}", goods_model="x" * 4_000) for n in range(1000)]
    body = json.dumps(lines).encode()
    assert 4_000_000 < len(body) < 5_000_000
    assert len(post(client, "declarations", body).json()["receipts"]) == 1000


BROKEN_BODIES = {
    "GBK": '{"goods_name": "奶粉"}'.encode("gbk"),
    "half a UTF-8 character": b'{"goods_name": "\xe5\xa5"}',
    "UTF-16": '{"id": 1}'.encode("utf-16"),
    "half a body": b'[{"id": "a"',
    "nothing": b"",
    "an empty list": b"[]",
    "null": b"null",
    "a text": b'"line"',
    "endless nesting": b'{"a":' * 50_000,
    "ten megabytes": b'[{"id": "' + b"x" * 10_000_000 + b'"}]',
    "a huge batch": b"[" + b"{}," * 100_000 + b"{}]",
    "two values": b"{} {}",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_a_broken_body_is_refused_with_a_reason(client: TestClient, path: str, name: str) -> None:
    answer = post(client, path, BROKEN_BODIES[name])
    assert 400 <= answer.status_code < 500
    is_clear(answer)


def test_an_unknown_token_learns_nothing(client: TestClient) -> None:
    for headers in (
        {"Authorization": ""},
        bearer("cr_" + "A" * 43),
        {"Authorization": b"Bearer \xff"},
        {"Authorization": "Bearer"},
    ):
        for path in PATHS:
            answer = client.post(f"/v1/{path}", json=declared(1), headers={**headers, **JSON})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
    | st.sampled_from(["import", "8516109000", "CN", "2026-01-01", "1e400", "\ud800", "-0", "١٢٣", "𠀀"])
    | st.integers(-(2**70), 2**70)
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@st.composite
def bodies(draw: st.DrawFn, path: str) -> Any:
    fields = st.sampled_from([*RECORD_TYPES[PATHS[path]].__struct_fields__, "what_if", "lines", "unknown"])
    record = st.dictionaries(fields, values, max_size=8)
    almost = record.map(lambda changes: {**declared(3, id="fuzz"), **changes}) if path == "scores" else record
    return draw(st.one_of(record, almost, st.lists(almost | values, max_size=4), values))


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=40)
@given(data=st.data())
def test_no_body_breaks_the_server(client: TestClient, path: str, data: st.DataObject) -> None:
    is_clear(post(client, path, data.draw(bodies(path))))


@settings(max_examples=60)
@given(content=st.binary(max_size=200))
def test_no_bytes_break_the_server(client: TestClient, content: bytes) -> None:
    is_clear(post(client, "scores", content))


options = st.sampled_from(
    ["what_if", "as_of", "target", "limit", "cursor", "since", "hs_code", "line_id", "x"]
)


@settings(max_examples=60)
@given(query=st.dictionaries(options, st.text(st.characters(codec="utf-8"), max_size=12), max_size=3))
def test_no_query_breaks_the_server(client: TestClient, query: dict[str, str]) -> None:
    is_clear(client.get("/v1/scores", params=query))
    is_clear(client.post("/v1/scores", params=query, json=declared(1, id="query")))


@settings(max_examples=60)
@given(
    header=st.binary(min_size=1, max_size=30),
    name=st.sampled_from(["Idempotency-Key", "Authorization", "Accept-Language", "Content-Type"]),
)
def test_no_header_breaks_the_server(client: TestClient, header: bytes, name: str) -> None:
    headers = {**JSON, name: header}
    is_clear(
        client.post("/v1/scores", content=json.dumps(declared(1, id="header")).encode(), headers=headers)
    )


@settings(max_examples=40)
@given(name=st.text(st.characters(codec="utf-8", exclude_characters="/?#\\"), min_size=1, max_size=20))
def test_no_address_breaks_the_server(client: TestClient, name: str) -> None:
    for noun in ("scores", "codes"):
        is_clear(client.get(f"http://testserver/v1/{noun}/{quote(name, safe='')}"))


def test_the_server_still_answers(client: TestClient) -> None:
    assert client.get("/health/ready").status_code == 200
    assert post(client, "scores", declared(1, id="after-all")).status_code == 201
