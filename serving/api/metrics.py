"""Prometheus metrics, summed over the workers of one server where there are several."""

from __future__ import annotations

import os
import time

from fastapi import APIRouter
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which the client library shares values between processes; `customs-risk serve` sets it."""

REQUESTS = Counter("customs_risk_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "customs_risk_request_seconds",
    "Seconds from request to answer.",
    ["method", "route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
SCORES = Counter("customs_risk_scores_total", "Lines scored.", ["target", "direction", "what_if"])
REJECTS = Counter("customs_risk_rejects_total", "Lines and records rejected.", ["kind"])
RECORDS = Counter("customs_risk_records_total", "Records received.", ["kind", "status"])
SEQUENCE = Gauge("customs_risk_sequence", "Last record applied.", multiprocess_mode="livemin")
MODEL_PROMOTION = Gauge(
    "customs_risk_model_promotion", "Promotion in use.", ["target"], multiprocess_mode="livemin"
)
MODEL_FAULTS = Gauge(
    "customs_risk_model_faults",
    "1 while a promoted model cannot be used.",
    ["target"],
    multiprocess_mode="livemax",
)

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
            method, route = Request(scope).method, getattr(scope.get("route"), "path", "other")
            method = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
            REQUESTS.labels(method, route, str(status)).inc()
            SECONDS.labels(method, route).observe(time.perf_counter() - began)
