"""The busiest route without the framework's routing and dependencies, which cost more than its own work."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from serving import dependencies
from serving.accounts import scopes
from serving.api.problems import problem_of
from serving.api.scores import score_lines


class Direct:
    """Hands requests to score straight to their function; all others, and this route's page, stay where they
    were.

    The function, its dependencies and its errors are those of the declared route.
    """

    path = "/v1/scores"
    """The route's, as metrics name it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to score, or pass the request on."""
        if scope["type"] != "http" or scope["path"] != self.path or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope["route"] = self
        request = Request(scope, receive)
        try:
            services = await dependencies.services(request)
            caller = await dependencies.caller(request, services)
            dependencies.require(caller, scopes.Scope.SCORES_WRITE)
            language = await dependencies.language(request)
            response = await score_lines(request, services, caller, language)
        except Exception as error:
            response = await problem_of(request, error)
        await response(scope, receive, send)
