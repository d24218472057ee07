"""Bodies of one record or a list of them, read by every route that takes records."""

from __future__ import annotations

from typing import Any

from serving.errors import InvalidRequest

_JSON = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


def as_list(sent: Any, limit: int, *, field: str | None = None) -> list[Any]:
    """Return the records of a body, or of its `field`: one object, or a list of 1 to `limit`.

    Raises InvalidRequest.
    """
    if isinstance(sent, dict):
        return [sent]
    if not isinstance(sent, list):
        kind = _JSON.get(type(sent), "null")
        where, where_zh = (f"`{field}`", f"字段 {field}") if field else ("the body", "请求正文")
        raise InvalidRequest(
            f"{where} is a JSON {kind}; send one object or a list of objects",
            f"{where_zh} 为 JSON {kind}；请提交一个对象或对象列表",
            **({"field": field} if field else {}),
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
