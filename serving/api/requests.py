"""Bodies of one record or a list of them, read by every route that takes records."""

from __future__ import annotations

from typing import Any

from serving.errors import InvalidRequest


def as_list(sent: Any, limit: int) -> list[Any]:
    """Return the records of a body: one object, or a list of 1 to `limit`; raises InvalidRequest."""
    if isinstance(sent, dict):
        return [sent]
    if not isinstance(sent, list):
        kind = type(sent).__name__
        raise InvalidRequest(
            f"the body is a JSON {kind}; send one object or a list of objects",
            f"请求正文为 JSON {kind}；请提交一个对象或对象列表",
        )
    if not sent:
        raise InvalidRequest("the list is empty; send at least one object", "列表为空；请至少提交一个对象")
    if len(sent) > limit:
        raise InvalidRequest(
            f"the list has {len(sent):,} entries; at most {limit:,} are taken in one request",
            f"列表有 {len(sent):,} 项；每次请求最多 {limit:,} 项",
            limit=limit,
        )
    return sent
