"""Every error as an RFC 9457 problem document, in the caller's language; only here do errors meet HTTP."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from features.errors import FeaturesError, RecordError
from models.errors import BundleError, KeyFileError, ModelsError
from serving.api.language import Language, preferred
from serving.errors import (
    BodyTooLarge,
    Forbidden,
    InternalError,
    InvalidRequest,
    MalformedBody,
    MethodNotAllowed,
    ModelGone,
    NotFound,
    NotReady,
    ServingError,
    Unauthenticated,
    UnsupportedBody,
)
from serving.parameters import rule_zh

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:customs-risk:problem:"
_LOG = logging.getLogger("customs_risk.serving")
_BY_STATUS: dict[int, type[ServingError]] = {
    error.status: error
    for error in (Unauthenticated, Forbidden, NotFound, MethodNotAllowed, BodyTooLarge, UnsupportedBody)
}


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every exception that leaves a route with a problem document."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


async def problem_of(request: Request, error: Exception) -> Response:
    """Write an exception that left a route as a problem document, by its nearest handler."""
    handler = next(_HANDLERS[kind] for kind in type(error).__mro__ if kind in _HANDLERS)
    return await handler(request, error)


def problem(error: ServingError, language: Language, headers: dict[str, str] | None = None) -> Response:
    """Write an error as a problem document."""
    zh = language == "zh"
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + error.type,
        "title": error.title_zh if zh else error.title,
        "status": error.status,
        "detail": error.message_zh if zh else error.message,
        "instance": f"urn:uuid:{uuid.uuid4()}",
        "remedy": error.remedy_zh if zh else error.remedy,
        **error.extra,
    }
    if error.status >= 500:
        _LOG.error("%s %s: %s", document["instance"], error.type, error.message)
    sent = {"Content-Language": language, "Cache-Control": "no-store", **(headers or {})}
    if error.status == 401:
        sent["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(document), error.status, sent, MEDIA_TYPE)


def in_chinese(error: FeaturesError | ModelsError) -> str:
    """Say a record's error in Chinese: which field and value break which rule."""
    written: str | None = getattr(error, "message_zh", None)
    if written:
        return written
    field = getattr(error, "field", None)
    where = f"字段 {field}：" if field else ""
    return f"{where}{type(error).title_zh}（{error}）"


def _language(request: Request) -> Language:
    return preferred(request.headers.get("accept-language"))


async def _serving(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServingError)
    return problem(error, _language(request))


async def _domain(request: Request, error: Exception) -> Response:
    """A record that breaks a rule is the caller's; any other error of the rooms below is ours."""
    assert isinstance(error, FeaturesError | ModelsError)
    ours: ServingError
    if isinstance(error, RecordError):
        ours = InvalidRequest(str(error), in_chinese(error), field=error.field)
    elif isinstance(error, BundleError | KeyFileError):  # its message names the server's folders
        _LOG.error("%s", error, exc_info=error)
        ours = ModelGone(
            "the model that this rests on is not kept here as it was", "所依据的模型已不在此处，或已被改动"
        )
    else:
        _LOG.error("%s", error, exc_info=error)
        ours = NotReady(str(error), in_chinese(error))
    return problem(ours, _language(request))


async def _parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    value = str(first.get("input"))[:100]
    message = f"parameter {field}: {value!r} breaks the rule: {first['msg']}"
    message_zh = f"参数 {field} 的值 {value!r} 不合规则：{rule_zh(first)}"
    return problem(InvalidRequest(message, message_zh, field=field), _language(request))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, MalformedBody if error.status_code < 500 else InternalError)
    path = request.url.path
    ours = kind(f"{request.method} {path}: {error.detail}", f"{request.method} {path}：{kind.title_zh}")
    return problem(ours, _language(request), dict(error.headers or {}))


async def _gone(request: Request, error: Exception) -> Response:  # noqa: ARG001
    ours = MalformedBody("the caller left before the body was complete", "请求正文未发送完毕，连接已断开")
    return problem(ours, _language(request))


async def _fault(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    ours = InternalError("a fault of the server; its log names it", "服务器内部错误，日志中有记录")
    return problem(ours, _language(request))


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    ServingError: _serving,
    FeaturesError: _domain,
    ModelsError: _domain,
    RequestValidationError: _parameters,
    HTTPException: _http,
    ClientDisconnect: _gone,
    Exception: _fault,
}
