"""Models: what was promoted, and what answers now."""

from __future__ import annotations

import json

import msgspec
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from features.instants import show_instant
from models.bundle import bundles_folder, verified_contents
from models.errors import BundleError, KeyFileError
from models.keys import public_keys
from models.promotions import Promotion, history
from serving.accounts.scopes import Scope
from serving.api import schemas
from serving.api.openapi import READING, answers
from serving.dependencies import ServicesDep, allowed, no_parameters
from serving.services import Services

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get(
    "",
    summary="List promoted models, newest first",
    dependencies=[Depends(allowed(Scope.MODELS_READ)), Depends(no_parameters)],
    responses=answers(schemas.Models, *READING, 422),
)
async def list_models(services: ServicesDep) -> Response:
    """List every promotion with its model's card, and say which one answers."""
    listed = await run_in_threadpool(_list, services)
    return Response(msgspec.json.encode(listed), media_type="application/json")


def _list(services: Services) -> schemas.Models:
    used = {champion.promotion.sequence for champion in services.champions.all()}
    promotions = sorted(history(services.store.engine), key=lambda one: one.sequence, reverse=True)
    cards = {one.fingerprint: _card(services, one) for one in promotions}
    return schemas.Models(
        models=[
            schemas.PromotedModel(
                target=one.target,
                version=one.version,
                fingerprint=one.fingerprint,
                promoted_at=show_instant(one.promoted_at),
                promoted_by=one.promoted_by,
                reason=one.reason,
                forced=one.forced,
                closed=one.closed,
                rolled_back=one.rolled_back,
                gates_passed=one.gates_passed,
                in_use=one.sequence in used,
                card=cards[one.fingerprint],
            )
            for one in promotions
        ]
    )


def _card(services: Services, promotion: Promotion) -> dict[str, object] | None:
    """Return a bundle's card, None where the bundle is no longer there or not to be trusted."""
    home = services.settings.home
    try:
        contents = verified_contents(bundles_folder(home) / promotion.fingerprint, public_keys(home))
    except (BundleError, KeyFileError):
        return None
    card: dict[str, object] = json.loads(contents["model_card.json"])
    return card
