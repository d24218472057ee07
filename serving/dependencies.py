"""What routes ask for: the services, the caller with the scope they need, the language, the repeat key."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from serving.accounts.callers import Caller
from serving.accounts.scopes import Scope
from serving.api.language import Language, preferred
from serving.errors import Forbidden, InvalidRequest, NotReady, Unauthenticated
from serving.services import Services


async def services(request: Request) -> Services:
    """Return this worker's services."""
    found: Services | None = getattr(request.app.state, "services", None)
    if found is None:
        raise NotReady("this worker is still starting", "服务正在启动")
    return found


ServicesDep = Annotated[Services, Depends(services)]


async def language(request: Request) -> Language:
    """Return the language the caller reads."""
    return preferred(request.headers.get("accept-language"))


LanguageDep = Annotated[Language, Depends(language)]


async def caller(request: Request, services: ServicesDep) -> Caller:
    """Return who asks; raises Unauthenticated."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise Unauthenticated("no bearer token was sent", "未提交 Bearer 令牌")
    found = services.callers.remembered(secret) or await run_in_threadpool(services.callers.find, secret)
    if found is None:
        raise Unauthenticated("the token is unknown or revoked", "令牌未知或已撤销")
    return found


CallerDep = Annotated[Caller, Depends(caller)]


def allowed(scope: Scope) -> Callable[[Caller], Coroutine[Any, Any, Caller]]:
    """Return a dependency on a caller who holds `scope`; raises Forbidden."""

    async def holder(caller: CallerDep) -> Caller:
        require(caller, scope)
        return caller

    return holder


async def no_parameters(request: Request) -> None:
    """Refuse what is asked of an address that takes no parameters, where it would be passed over in silence.

    Raises InvalidRequest.
    """
    for name in request.query_params:
        shown = repr(name)[:100]
        raise InvalidRequest(
            f"parameter {shown}: this address takes none", f"参数 {shown}：此接口不接受参数", field=name[:100]
        )


def require(caller: Caller, scope: Scope) -> None:
    """Raise Forbidden unless the caller holds `scope`."""
    if not caller.may(scope):
        raise Forbidden(
            f"token {caller.name!r} lacks the scope {scope}",
            f"令牌 {caller.name!r} 没有权限 {scope}",
            scope=scope,
        )
