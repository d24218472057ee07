"""The application: routes, errors and pages around one worker's services."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.api import codes, explanations, health, metrics, models, records, scores
from serving.api.openapi import describe
from serving.api.problems import add_problem_handlers
from serving.services import open_services
from serving.settings import ServingSettings

DESCRIPTION = """Quality and safety risk of import and export goods: calibrated probabilities that say why.

Send `Authorization: Bearer TOKEN`. Errors are problem documents (RFC 9457) in the language of `Accept-
Language` (`zh` or `en`). Codes are text with their leading zeros; times are ISO 8601, in Asia/Shanghai
where they name no offset."""


def create_app(settings: ServingSettings | None = None) -> FastAPI:
    """Make the application; settings come from the environment unless given.

    Store, history and models are opened when the server starts, in the worker that will answer.
    """
    chosen = settings or ServingSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = await run_in_threadpool(open_services, chosen)
        app.state.services = services
        try:
            yield
        finally:
            app.state.services = None
            await run_in_threadpool(services.close)

    app = FastAPI(
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
    app.add_middleware(metrics.Measured)
    return app


async def _home(request: object) -> RedirectResponse:  # noqa: ARG001
    return RedirectResponse("/docs")
