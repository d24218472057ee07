"""Request bodies: bounded, JSON in UTF-8, and every unusable value told apart from an unusable body."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.requests import Request

from serving.errors import BodyTooLarge, MalformedBody, UnsupportedBody

_DRAINED = 8
"""A body is read and dropped up to so many limits, so that its sender gets to read the answer."""


async def read_body(request: Request, limit: int) -> bytes:
    """Read a JSON body of at most `limit` bytes, announced or chunked.

    Raises UnsupportedBody, BodyTooLarge.
    """
    _check_media_type(request)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit * _DRAINED:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > limit * _DRAINED:
            break
    if size > limit:
        raise _too_large(limit)
    return b"".join(chunks)


def parse_json(body: bytes) -> Any:
    """Decode a JSON body into plain values.

    Numbers that JSON cannot hold (NaN, Infinity, 1e999) come back as such, for the line's check to reject:
    one bad line must not sink a batch. Raises MalformedBody.
    """
    if not body.strip():
        raise MalformedBody("the body is empty", "请求正文为空")
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parse_leniently(body)


def _parse_leniently(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = f"byte {error.start} (0x{body[error.start]:02x}) is not UTF-8"
        message_zh = f"第 {error.start} 字节（0x{body[error.start]:02x}）不是 UTF-8"
        raise MalformedBody(message, message_zh) from error
    except RecursionError as error:
        raise MalformedBody("the body is nested too deeply", "请求正文嵌套过深") from error
    except ValueError as error:
        raise MalformedBody(f"the body is not JSON: {error}", f"请求正文不是有效的 JSON:{error}") from error


def _check_media_type(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    kind = media_type.strip()
    charset = parameters.replace('"', "").strip()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedBody(f"content type {kind or 'missing'!r}", f"内容类型 {kind or '缺失'!r}")
    if charset.startswith("charset=") and charset not in ("charset=utf-8", "charset=utf8"):
        raise UnsupportedBody(f"{charset}: only UTF-8 is read", f"{charset}：仅支持 UTF-8")
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity"):
        raise UnsupportedBody(f"content encoding {encoding!r}", f"内容编码 {encoding!r}")


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body exceeds {limit:,} bytes", f"请求正文超过 {limit:,} 字节", limit=limit)
