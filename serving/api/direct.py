"""The busiest route without the framework's routing and dependencies, which cost more than its own work."""

from __future__ import annotations

from functools import cached_property

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from serving import dependencies
from serving.accounts import scopes
from serving.api.problems import problem_of
from serving.api.scores import score_lines


class _Once(Headers):
    """The headers of a request, decoded once instead of at every look; the first of a name counts."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        super().__init__(raw=raw)
        self._found = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(raw)}

    def __getitem__(self, key: str) -> str:
        return self._found[key.lower()]


class DirectRequest(Request):
    """A request whose headers and query are looked at often, and mostly hold little."""

    @cached_property
    def headers(self) -> Headers:
        """Return the headers."""
        return _Once(self.scope["headers"])

    @cached_property
    def query_params(self) -> QueryParams:
        """Return the query, which hardly any request has."""
        return QueryParams(self.scope["query_string"]) if self.scope["query_string"] else _NO_QUERY


_NO_QUERY = QueryParams()


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
        request = DirectRequest(scope, receive)
        try:
            services = await dependencies.services(request)
            caller = await dependencies.caller(request, services)
            dependencies.require(caller, scopes.Scope.SCORES_WRITE)
            language = await dependencies.language(request)
            response = await score_lines(request, services, caller, language)
        except Exception as error:
            response = await problem_of(request, error)
        await response(scope, receive, send)
