"""Scores: POST scores lines, GET reads what was said."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from features.records import Declaration
from serving import words
from serving.accounts.callers import Caller
from serving.accounts.scopes import Scope
from serving.api import schemas
from serving.api.bodies import read_body
from serving.api.language import Language
from serving.api.listing import Wanted, page_of
from serving.api.openapi import READING, WRITING, answers, takes
from serving.api.repeats import answered_once, earlier_answer, repeatable
from serving.api.scoring import ENVELOPE, ScoreOptions, Sender, answer, read_options
from serving.dependencies import LanguageDep, ServicesDep, allowed, no_parameters
from serving.errors import NotFound
from serving.services import Services
from serving.storage.scores import find_score

router = APIRouter(prefix="/v1/scores", tags=["scores"])
_ID = re.compile(r"[0-9a-f]{32}")


@router.post(
    "",
    status_code=201,
    summary="Score declaration lines, with reasons",
    responses=answers(
        schemas.Scores, *WRITING, status=201, meaning="Scores of the lines that could be scored"
    ),
    openapi_extra=takes(Declaration, also=ENVELOPE, options=ScoreOptions),
)
async def score_lines(
    request: Request,
    services: ServicesDep,
    caller: Annotated[Caller, Depends(allowed(Scope.SCORES_WRITE))],
    language: LanguageDep,
) -> Response:
    """Score one line or up to 1,000; lines are recorded with their scores unless `what_if`.

    Lines of one request do not see each other. A line that breaks a rule comes back in `rejects`.
    """
    options = read_options(request.query_params)
    body = await read_body(request, services.settings.body_limit)
    asked = repeatable(request, caller, body)
    earlier = await earlier_answer(services, asked)
    if earlier is not None:
        return earlier
    return await answered_once(
        services, asked, answer(services, Sender(caller, language, asked), options, body)
    )


@router.get(
    "",
    summary="List stored scores, newest first, or follow them from a position on",
    dependencies=[Depends(allowed(Scope.SCORES_READ))],
    responses=answers(schemas.ScorePage, *READING, 422),
)
async def list_stored(services: ServicesDep, wanted: Annotated[Wanted, Query()]) -> Response:
    """List scores that match every filter, in pages; `next` is the `cursor` of the page after.

    With `after` they come oldest first in the order of commits, what-ifs left out unless asked for, and
    `next` is the `after` of the next request.
    """
    return _json(await run_in_threadpool(page_of, services, wanted))


@router.get(
    "/{score_id}",
    summary="Read a stored score with all its contributions",
    dependencies=[Depends(allowed(Scope.SCORES_READ)), Depends(no_parameters)],
    responses=answers(schemas.Score, *READING, 404, 422),
)
async def read_score(services: ServicesDep, language: LanguageDep, score_id: str) -> Response:
    """Read a score as it was given: the same numbers, its words in the caller's language."""
    return _json(await run_in_threadpool(_stored, services, score_id, language))


def _stored(services: Services, score_id: str, language: Language) -> schemas.Score:
    score = find_score(services.store.engine, score_id) if _ID.fullmatch(score_id) else None
    if score is None:
        shown = repr(score_id)[:100]
        raise NotFound(f"no score has the id {shown}", f"没有编号为 {shown} 的评分")
    model = services.score_model(score.fingerprint)
    return words.told(score, model, services.policies, language, words.Length.AUDIT)


def _json(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
