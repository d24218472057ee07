"""Scores: POST scores lines, GET reads what was said."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from features.instants import SHANGHAI
from features.readers import instant_reader
from features.records import Declaration
from features.terms import Direction
from models.scores import RiskGrade
from models.spec import Target
from serving import words
from serving.accounts.callers import Caller
from serving.accounts.scopes import Scope
from serving.api import schemas
from serving.api.bodies import read_body
from serving.api.language import Language
from serving.api.openapi import READING, WRITING, answers, takes
from serving.api.repeats import answered_once, earlier_answer, repeatable
from serving.api.scoring import ENVELOPE, ScoreOptions, Sender, answer, read_options
from serving.dependencies import LanguageDep, ServicesDep, allowed
from serving.errors import NotFound
from serving.services import Services
from serving.storage.scores import ScoreFilter, find_score, list_scores

router = APIRouter(prefix="/v1/scores", tags=["scores"])
_ID = re.compile(r"[0-9a-f]{32}")
_TEXT = r"^[^\x00]*$"


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


class Wanted(BaseModel):
    """Filters of the list of scores; each narrows it."""

    model_config = ConfigDict(extra="forbid")

    line_id: str | None = Field(None, max_length=128, pattern=_TEXT)
    target: Target | None = None
    direction: Direction | None = None
    regime: str | None = Field(None, max_length=32, pattern=_TEXT)
    hs_code: str | None = Field(None, pattern=r"^[0-9]{2,10}$", description="An HS code or its beginning")
    model: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="Fingerprint of a model")
    what_if: bool | None = None
    grade: RiskGrade | None = Field(None, description="A grade of the grading policy, I the gravest")
    since: str | None = Field(None, max_length=64, description="Scored at or after, ISO 8601")
    until: str | None = Field(None, max_length=64, description="Scored before, ISO 8601")
    min_probability: float | None = Field(None, ge=0, le=1)
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, pattern=r"^[0-9a-f]{32}$", description="`next` of the page before")

    def to_filter(self) -> ScoreFilter:
        """Return what to ask of the store; raises NotInstant for an instant that is none."""
        return ScoreFilter(
            line_id=self.line_id,
            target=self.target,
            direction=self.direction,
            regime=self.regime,
            hs_prefix=self.hs_code,
            fingerprint=self.model,
            what_if=self.what_if,
            grade=self.grade,
            since=None if self.since is None else instant_reader("since", SHANGHAI)(self.since),
            until=None if self.until is None else instant_reader("until", SHANGHAI)(self.until),
            min_probability=self.min_probability,
            before=self.cursor,
        )


@router.get(
    "",
    summary="List stored scores, newest first",
    dependencies=[Depends(allowed(Scope.SCORES_READ))],
    responses=answers(schemas.ScorePage, *READING, 422),
)
async def list_stored(services: ServicesDep, wanted: Annotated[Wanted, Query()]) -> Response:
    """List scores that match every filter, in pages; `next` is the cursor of the page after."""
    return _json(await run_in_threadpool(_page, services, wanted))


@router.get(
    "/{score_id}",
    summary="Read a stored score with all its contributions",
    dependencies=[Depends(allowed(Scope.SCORES_READ))],
    responses=answers(schemas.Score, *READING, 404),
)
async def read_score(services: ServicesDep, language: LanguageDep, score_id: str) -> Response:
    """Read a score as it was given: the same numbers, its words in the caller's language."""
    return _json(await run_in_threadpool(_stored, services, score_id, language))


def _page(services: Services, wanted: Wanted) -> schemas.ScorePage:
    found = list_scores(services.store.engine, wanted.to_filter(), wanted.limit)
    following = found[-1].id if len(found) == wanted.limit else None
    return schemas.ScorePage(scores=[words.summary(score) for score in found], next=following)


def _stored(services: Services, score_id: str, language: Language) -> schemas.Score:
    score = find_score(services.store.engine, score_id) if _ID.fullmatch(score_id) else None
    if score is None:
        raise NotFound("no score has this id", "没有此编号的评分")
    model = services.score_model(score.fingerprint)
    return words.told(score, model, services.policies, language, words.Length.AUDIT)


def _json(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
