"""Records: declarations and their events, inspections, nonconformities, opinions and parties."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from features.records import RECORD_TYPES
from features.store.errors import ErasedContent
from features.terms import Kind
from serving.accounts.callers import Caller
from serving.accounts.scopes import Scope
from serving.api import schemas
from serving.api.bodies import read_body
from serving.api.openapi import WRITING, answers, takes
from serving.api.recording import prepare
from serving.api.repeats import commit, earlier_answer, repeatable
from serving.dependencies import LanguageDep, ServicesDep, allowed, no_parameters

router = APIRouter(prefix="/v1", tags=["records"])
PATHS: dict[str, Kind] = {
    "declarations": Kind.DECLARATION,
    "inspections": Kind.INSPECTION,
    "nonconformities": Kind.NONCONFORMITY,
    "opinions": Kind.OPINION,
    "parties": Kind.PARTY,
}
"""Last part of each address to the kind of record it takes."""


async def _post(
    request: Request,
    services: ServicesDep,
    caller: Annotated[Caller, Depends(allowed(Scope.RECORDS_WRITE))],
    language: LanguageDep,
) -> Response:
    """Record one or up to 1,000; known content changes nothing, other content under an id is a revision.

    A record that breaks a rule comes back in `rejects`. A declaration that was scored before is scored anew
    when it is revised, unless it is cancelled; its receipt names the score. The receipt of an opinion says
    what was understood of it.
    """
    kind = PATHS[request.url.path.rsplit("/", 1)[1]]
    body = await read_body(request, services.settings.body_limit)
    asked = repeatable(request, caller, body)
    earlier = await earlier_answer(services, asked)
    if earlier is not None:
        return earlier
    work = await services.in_thread(prepare, services, caller, language, kind, body)
    try:
        return await commit(services, asked, work)
    except ErasedContent:
        work = await services.in_thread(prepare, services, caller, language, kind, body, careful=True)
        return await commit(services, asked, work)


def _receipts(kind: Kind) -> type:
    return schemas.OpinionReceipts if kind == Kind.OPINION else schemas.Receipts


for _path, _kind in PATHS.items():
    router.add_api_route(
        f"/{_path}",
        _post,
        methods=["POST"],
        name=f"post_{_path}",
        status_code=201,
        summary=f"Record {_path}",
        dependencies=[Depends(no_parameters)],
        responses={
            **answers(_receipts(_kind), *WRITING, status=201, meaning="Stored; something was new or revised"),
            **answers(_receipts(_kind), status=200, meaning="Known already; nothing changed"),
        },
        openapi_extra=takes(RECORD_TYPES[_kind]),
    )
