"""Explanations of stored scores: for an officer with the records behind them, or fit for the enterprise."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from serving.accounts.scopes import Scope
from serving.api import explained
from serving.api.language import Language
from serving.api.openapi import READING, answers
from serving.bundling import Bundle, bundle_of
from serving.changing import changes_of
from serving.dependencies import LanguageDep, ServicesDep, allowed, no_parameters
from serving.errors import NotFound
from serving.explaining import EvidenceBook, Explainer
from serving.grades import GradeWords
from serving.pages.evidence_page import EvidencePage
from serving.services import Services
from serving.specs import spec_of
from serving.storage.scores import StoredScore, find_score
from serving.telling import Teller
from serving.words import Length, explanation_of

router = APIRouter(
    prefix="/v1/scores/{score_id}",
    tags=["explanations"],
    dependencies=[Depends(allowed(Scope.SCORES_READ))],
)
_ID = re.compile(r"[0-9a-f]{32}")
_ALLOWED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Audience(StrEnum):
    """Who is to read an explanation."""

    OFFICER = "officer"
    ENTERPRISE = "enterprise"


class Asked(BaseModel):
    """How a score is to be explained."""

    model_config = ConfigDict(extra="forbid")

    audience: Audience = Audience.OFFICER
    length: Length = Field(Length.PAGE, description="For the officer: line, page or audit")


@router.get(
    "/explanation",
    summary="Read why a score is what it is, down to the records that were counted",
    responses=answers(explained.OfficerExplanation, *READING, 404, 410, 422),
)
async def explanation(
    services: ServicesDep, language: LanguageDep, score_id: str, asked: Annotated[Asked, Query()]
) -> Response:
    """Say a score for an officer in one line, as a page with the strongest of each family, or in full.

    For the audience `enterprise`: what may be handed to it, its own shipments and what to put right.
    """
    say = _told if asked.audience is Audience.ENTERPRISE else _explained
    answer = await run_in_threadpool(say, services, score_id, language, asked.length)
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get(
    "/evidence",
    summary="Read the evidence of a score as canonical JSON, or as a page to print",
    response_class=Response,
    dependencies=[Depends(no_parameters)],
    responses={
        **answers(dict, *READING, 404, 422),
        200: {
            "description": "Canonical JSON whose SHA-256 is in the header Evidence-SHA256; HTML if preferred",
            "content": {"application/json": {"schema": {"type": "object"}}, "text/html": {}},
        },
    },
)
async def evidence(request: Request, services: ServicesDep, language: LanguageDep, score_id: str) -> Response:
    """Give vector, contributions, words, the records counted and versions.

    The same score gives the same bytes, whatever became known since; only a redaction takes something out.
    """
    if prefers_page(request.headers.get("accept", "")):
        return await evidence_page(services, language, score_id)
    bundle = await run_in_threadpool(_bundle, services, score_id)
    return Response(bundle.content, media_type="application/json", headers=_hashed(bundle))


@router.get(
    "/changes",
    summary="Read what would bring a scored line to the next milder grade",
    dependencies=[Depends(no_parameters)],
    responses=answers(explained.Changes, *READING, 404, 410, 422),
)
async def changes(services: ServicesDep, language: LanguageDep, score_id: str) -> Response:
    """Search the smallest set of admissible changes with the model itself; honest where there is none."""
    score = await run_in_threadpool(stored_score, services, score_id)
    answer = await run_in_threadpool(changes_of, services, score, language)
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/evidence.html", include_in_schema=False, dependencies=[Depends(no_parameters)])
async def evidence_page(services: ServicesDep, language: LanguageDep, score_id: str) -> Response:
    """Give the evidence as a page to print, in the caller's language."""
    page, bundle = await run_in_threadpool(_page, services, score_id, language)
    headers = {**_hashed(bundle), "Content-Security-Policy": _ALLOWED, "Vary": "Accept, Accept-Language"}
    return Response(page, media_type="text/html", headers=headers)


def prefers_page(accept: str) -> bool:
    """Say whether an Accept header names HTML, and before JSON."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return "text/html" in kinds and "application/json" not in kinds[: kinds.index("text/html")]


def _hashed(bundle: Bundle) -> dict[str, str]:
    return {"Evidence-SHA256": bundle.sha256, "Vary": "Accept"}


def stored_score(services: Services, score_id: str) -> StoredScore:
    """Return a score by its id; raises NotFound."""
    score = find_score(services.store.engine, score_id) if _ID.fullmatch(score_id) else None
    if score is None:
        shown = repr(score_id)[:100]
        raise NotFound(f"no score has the id {shown}", f"没有编号为 {shown} 的评分")
    return score


def book_of(services: Services, score: StoredScore) -> EvidenceBook:
    """Open the evidence of a score; another process may have made it from records not yet applied here."""
    history = services.scorer.history_to(score.sequence)
    spec = spec_of(services.settings.home, score.fingerprint)
    return EvidenceBook.of(services.store, history, score, spec)


def _bundle(services: Services, score_id: str) -> Bundle:
    score = stored_score(services, score_id)
    return bundle_of(score, services.score_model(score.fingerprint), book_of(services, score))


def _page(services: Services, score_id: str, language: Language) -> tuple[str, Bundle]:
    score = stored_score(services, score_id)
    model, book = services.score_model(score.fingerprint), book_of(services, score)
    bundle = bundle_of(score, model, book)
    graded = GradeWords.of(score, services.policies, language)
    told = Explainer(score, model, book, graded, language).explain(Length.PAGE)
    found = explanation_of(score, model)
    return EvidencePage(score, model, book.line, found, told, bundle.sha256, language).html(), bundle


def _explained(
    services: Services, score_id: str, language: Language, length: Length
) -> explained.OfficerExplanation:
    score = stored_score(services, score_id)
    model = services.score_model(score.fingerprint)
    graded = GradeWords.of(score, services.policies, language)
    return Explainer(score, model, book_of(services, score), graded, language).explain(length)


def _told(
    services: Services, score_id: str, language: Language, _length: Length
) -> explained.EnterpriseExplanation:
    score = stored_score(services, score_id)
    history = services.scorer.history_to(score.sequence)
    return Teller(services.store, history, language).tell(score)
