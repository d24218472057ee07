"""Idempotency-Key: a repeated request gets the first answer again and changes nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from features.instants import DAY, Instant, now
from serving.accounts.callers import Caller
from serving.errors import Conflict, InvalidRequest, Redacted
from serving.giving import Keep
from serving.services import Services
from serving.storage.answers import Answer, find_answer, keep_answer
from serving.storage.erasing import ERASED

_LONGEST = 255
Work = Callable[[Connection], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request that its caller may repeat under a key; `request_hash` tells it from any other."""

    caller: str
    key: str
    request_hash: str


def repeatable(request: Request, caller: Caller, body: bytes) -> Repeatable | None:
    """Read the Idempotency-Key of a request; None where it has none. Raises InvalidRequest."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= _LONGEST or not key.isascii() or not key.isprintable():
        raise InvalidRequest(
            f"Idempotency-Key must be 1 to {_LONGEST} printable ASCII characters",
            f"Idempotency-Key 须为 1 至 {_LONGEST} 个可打印的 ASCII 字符",
            field="Idempotency-Key",
        )
    told = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + body
    return Repeatable(caller.name, key, hashlib.sha256(told).hexdigest())


async def earlier_answer(services: Services, asked: Repeatable | None) -> Response | None:
    """Return the answer this very request was given before.

    Raises Conflict where another had the key, Redacted where it spoke of what was redacted since.
    """
    if asked is None:
        return None
    engine, since = services.store.engine, _since(services)
    answer = await run_in_threadpool(find_answer, engine, asked.caller, asked.key, since)
    if answer is None:
        return None
    if answer.request_hash != asked.request_hash:
        raise Conflict(
            f"Idempotency-Key {asked.key!r} was used for another request",
            f"Idempotency-Key {asked.key!r} 已用于另一请求",
            field="Idempotency-Key",
        )
    if answer.status == ERASED:
        raise Redacted(
            f"the answer under Idempotency-Key {asked.key!r} spoke of a record that was redacted since",
            f"Idempotency-Key {asked.key!r} 下的回答涉及其后被删除的记录",
        )
    return _json(answer.status, answer.body, replayed=True)


def _since(services: Services) -> Instant:
    """Return from when on answers are kept; older ones may still wait to be dropped."""
    return now() - services.settings.answers_kept_days * DAY


def keeping(services: Services, asked: Repeatable | None) -> Keep | None:
    """Return how to keep the answer of a repeatable request; None for any other."""
    if asked is None:
        return None

    def keep(connection: Connection, status: int, body: bytes) -> None:
        answer = Answer(asked.caller, asked.key, asked.request_hash, status, body, now())
        keep_answer(connection, answer, _since(services))

    return keep


async def commit(services: Services, asked: Repeatable | None, work: Work) -> Response:
    """Run `work` in a transaction and answer with its status and body, once they are committed.

    A repeatable answer is kept in the same transaction.
    """
    keep = keeping(services, asked)

    def kept(connection: Connection) -> tuple[int, bytes]:
        status, body = work(connection)
        if keep is not None:
            keep(connection, status, body)
        return status, body

    return await answered_once(services, asked, asyncio.wrap_future(services.writer.submit(kept)))


async def answered_once(
    services: Services, asked: Repeatable | None, answer: Awaitable[tuple[int, bytes]]
) -> Response:
    """Wait for an answer that is kept in the transaction of what it reports.

    Of two that run at once the later one finds the key taken, is undone as a whole, and gets the first one's
    answer.
    """
    try:
        status, body = await answer
    except IntegrityError:
        earlier = await earlier_answer(services, asked)
        if earlier is None:
            raise
        return earlier
    return _json(status, body)


def _json(status: int, body: bytes, *, replayed: bool = False) -> Response:
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(body, status, headers, "application/json")
