"""What would change a stored score: asked of the model that gave it, on what was known then."""

from __future__ import annotations

import logging

import numpy as np

from features.wording import Language
from models.bundle import bundles_folder, read_bundle
from models.counterfactual import Situation, WayDown, way_down
from models.errors import ModelsError
from models.grading.tables import Boundary
from models.keys import public_keys
from models.policy import change_policy
from models.risk_model import RiskModel
from models.wording.changes import way_down_text
from serving.api import explained
from serving.errors import ModelGone
from serving.grades import grading_of
from serving.replay import scored_line
from serving.services import Services
from serving.storage.scores import StoredScore, from_bytes

_LOG = logging.getLogger("customs_risk.serving")


def changes_of(services: Services, score: StoredScore, language: Language) -> explained.Changes:
    """Search what would bring a scored line under the boundary of the next milder grade.

    Raises Redacted where the line was, ModelGone where the model's bundle is gone or altered.
    """
    history = services.scorer.history_to(score.sequence)
    line = scored_line(services.store, score)
    situation = Situation(line, history, score.as_of, _model_of(services, score))
    way = way_down(situation, change_policy(), _boundary(services, score, situation.model))
    return _answer(score, way, language)


def _boundary(services: Services, score: StoredScore, model: RiskModel) -> Boundary | None:
    """Return under which probability the line's own grade is milder, by the policy that graded it."""
    grading = grading_of(score)
    read = services.policies.current if grading is None else services.policies.of(grading.policy)
    shares = model.hazards.probabilities(from_bytes(score.vector)[np.newaxis, :], [score.hs_code])[0]
    raised = 0 if grading is None else grading.raised
    return read.grader.boundary(score.regime, score.hs_code, shares.tolist(), raised, score.probability)


def _model_of(services: Services, score: StoredScore) -> RiskModel:
    for champion in services.champions.all():
        if champion.promotion.fingerprint == score.fingerprint:
            return champion.model
    home = services.settings.home
    folder = bundles_folder(home) / score.fingerprint
    try:
        return read_bundle(folder, public_keys(home), fingerprint=score.fingerprint)
    except (ModelsError, OSError) as error:
        _LOG.warning("the model of score %s cannot be read: %s", score.id, error)
        shown = score.fingerprint[:12]
        raise ModelGone(
            f"the model {shown}… that gave this score is not kept here any more, or not as it was",
            f"给出该评分的模型 {shown}… 已不在此处，或已被改动",
        ) from error


def _answer(score: StoredScore, way: WayDown, language: Language) -> explained.Changes:
    return explained.Changes(
        score=score.id,
        line_id=score.line_id,
        probability=score.probability,
        threshold=way.threshold,
        grade=None if way.grade is None else str(way.grade),
        found=way.found,
        text=way_down_text(way, language),
        changes=[
            explained.Changed(code=one.change.code, value=one.value, text=one.says(language))
            for one in way.steps
        ],
        reached=way.reached,
        tried=way.tried,
        policy=way.policy,
    )
