"""Explanations of stored scores: for an officer with the records behind them, or fit for the enterprise."""

from __future__ import annotations

import re

import msgspec
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from serving.accounts.scopes import Scope
from serving.api import explained
from serving.api.language import Language
from serving.api.openapi import READING, answers
from serving.dependencies import LanguageDep, ServicesDep, allowed
from serving.errors import NotFound
from serving.explaining import EvidenceBook, Explainer, Length
from serving.services import Services
from serving.storage.scores import StoredScore, find_score

router = APIRouter(
    prefix="/v1/scores/{score_id}",
    tags=["explanations"],
    dependencies=[Depends(allowed(Scope.SCORES_READ))],
)
_ID = re.compile(r"[0-9a-f]{32}")


@router.get(
    "/explanation",
    summary="Read why a score is what it is, down to the records that were counted",
    responses=answers(explained.OfficerExplanation, *READING, 404, 422),
)
async def explanation(
    services: ServicesDep, language: LanguageDep, score_id: str, length: Length = Length.PAGE
) -> Response:
    """Say a score for an officer in one line, as a page with the strongest of each family, or in full."""
    answer = await run_in_threadpool(_explained, services, score_id, language, length)
    return Response(msgspec.json.encode(answer), media_type="application/json")


def stored_score(services: Services, score_id: str) -> StoredScore:
    """Return a score by its id; raises NotFound."""
    score = find_score(services.store.engine, score_id) if _ID.fullmatch(score_id) else None
    if score is None:
        raise NotFound("no score has this id", "没有此编号的评分")
    return score


def book_of(services: Services, score: StoredScore) -> EvidenceBook:
    """Open the evidence of a score; another process may have made it from records not yet applied here."""
    history = services.scorer.history_to(score.sequence)
    return EvidenceBook.of(services.store, history, score)


def _explained(
    services: Services, score_id: str, language: Language, length: Length
) -> explained.OfficerExplanation:
    score = stored_score(services, score_id)
    model = services.score_model(score.fingerprint)
    return Explainer(score, model, book_of(services, score), language).explain(length)
