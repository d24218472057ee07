"""The busiest route reads headers as the framework does."""

from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from serving.api.direct import DirectRequest

NAMES = st.sampled_from(["authorization", "accept-language", "content-type", "idempotency-key", "x"])
HEADERS = st.lists(st.tuples(NAMES, st.text(st.characters(max_codepoint=255), max_size=5)), max_size=6)


@given(headers=HEADERS, query=st.sampled_from([b"", b"what_if=true", b"a=1&a=2&b="]))
def test_headers_and_query_are_those_of_the_framework(headers, query):
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    scope = {"type": "http", "headers": raw, "query_string": query}
    ours, theirs = DirectRequest(scope), Request(scope)
    for name in ("authorization", "Content-Type", "idempotency-key", "accept-language", "missing", "X"):
        assert ours.headers.get(name) == theirs.headers.get(name)
        assert (name in ours.headers) == (name in theirs.headers)
    assert ours.query_params == theirs.query_params
    assert dict(ours.headers) == dict(theirs.headers)
