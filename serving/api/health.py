"""Whether the process lives, and whether it can answer."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from serving.api.openapi import answers
from serving.api.schemas import Liveness, Readiness
from serving.dependencies import ServicesDep

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", responses=answers(Liveness), summary="The process answers")
async def live() -> Response:
    """Say that the process answers; restart it when this fails."""
    return Response(msgspec.json.encode(Liveness(alive=True)), media_type="application/json")


@router.get("/ready", responses=answers(Readiness, 503), summary="Model, dictionary and migrations are ready")
async def ready(services: ServicesDep) -> Response:
    """Say whether this worker can score, and what is missing; send no traffic before this answers 200."""
    state = await run_in_threadpool(services.readiness)
    status = 200 if state.ready else 503
    return Response(msgspec.json.encode(state), status, media_type="application/json")
