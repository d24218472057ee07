"""The route that Prometheus reads, and the middleware that counts requests."""

from __future__ import annotations

import os
import time
from functools import lru_cache

from fastapi import APIRouter
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.measures import DIRECTORY, REQUESTS, SECONDS

router = APIRouter()


@router.get("/metrics", tags=["health"], summary="Metrics for Prometheus", response_class=Response)
async def metrics() -> Response:
    """Write every metric in Prometheus' text format."""
    registry = REGISTRY
    if os.environ.get(DIRECTORY):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class Measured:
    """Counts and times every request by its route, so that ids in addresses make no series of their own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note its route, status and seconds."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            requests, seconds = _series(scope["method"], getattr(scope.get("route"), "path", "other"), status)
            requests.inc()
            seconds.observe(time.perf_counter() - began)


@lru_cache(maxsize=1024)
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Return the series of a route, which labels would have to be looked up for."""
    method = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(method, route)
