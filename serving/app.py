"""The application: routes, errors and pages around one worker's services."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.types import Receive, Scope, Send

from serving.api import codes, explanations, health, metrics, models, records, scores
from serving.api.direct import Direct
from serving.api.openapi import describe
from serving.api.problems import add_problem_handlers
from serving.services import open_services
from serving.settings import ServingSettings

DESCRIPTION = """Quality and safety risk of import and export goods: calibrated probabilities that say why.

Send `Authorization: Bearer TOKEN`. Errors are problem documents (RFC 9457) in the language of `Accept-
Language` (`zh` or `en`). Codes are text with their leading zeros; times are ISO 8601, in Asia/Shanghai
where they name no offset."""


class Application(FastAPI):
    """The application, whose busiest route is taken before the framework looks at a request."""

    def __init__(self, **described: Any) -> None:
        super().__init__(**described)
        self._measured = metrics.Measured(Direct(super().__call__))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        scope["app"] = self
        await self._measured(scope, receive, send)


def create_app(settings: ServingSettings | None = None) -> FastAPI:
    """Make the application; settings come from the environment unless given.

    Store, history and models are opened when the server starts, in the worker that will answer.
    """
    chosen = settings or ServingSettings.read()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = await run_in_threadpool(open_services, chosen)
        app.state.services = services
        try:
            if settings is None:
                await run_in_threadpool(services.rehearse)
                settle_memory()
            yield
        finally:
            app.state.services = None
            await run_in_threadpool(services.close)

    app = Application(
        title="customs-risk",
        version=version("customs-risk"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    add_problem_handlers(app)
    for noun in (scores, explanations, records, models, codes, health, metrics):
        app.include_router(noun.router)
    app.add_route("/", _home, include_in_schema=False)
    describe(app)
    return app


def settle_memory() -> None:
    """Leave what was opened at start out of every later search for cycles, and search more rarely.

    Models, code tables and the history live as long as the process, and requests leave hardly a cycle behind.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _home(request: object) -> RedirectResponse:  # noqa: ARG001
    return RedirectResponse("/docs")
