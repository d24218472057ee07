"""What would change a stored score: asked of the model that gave it, on what was known then."""

from __future__ import annotations

from features.wording import Language
from models.bundle import bundles_folder, read_bundle
from models.counterfactual import Situation, WayDown, way_down
from models.keys import public_keys
from models.policy import change_policy
from models.risk_model import RiskModel
from models.wording.changes import way_down_text
from serving.api import explained
from serving.replay import scored_line
from serving.services import Services
from serving.storage.scores import StoredScore


def changes_of(services: Services, score: StoredScore, language: Language) -> explained.Changes:
    """Search what would bring a scored line under the next threshold.

    Raises CannotReplay where the line was redacted, BundleError where the model's bundle is gone or altered.
    """
    history = services.scorer.history_to(score.sequence)
    line = scored_line(services.store, score)
    situation = Situation(line, history, score.as_of, _model_of(services, score))
    way = way_down(situation, change_policy())
    return _answer(score, way, language)


def _model_of(services: Services, score: StoredScore) -> RiskModel:
    for champion in services.champions.all():
        if champion.promotion.fingerprint == score.fingerprint:
            return champion.model
    home = services.settings.home
    folder = bundles_folder(home) / score.fingerprint
    return read_bundle(folder, public_keys(home), fingerprint=score.fingerprint)


def _answer(score: StoredScore, way: WayDown, language: Language) -> explained.Changes:
    return explained.Changes(
        score=score.id,
        line_id=score.line_id,
        probability=score.probability,
        threshold=way.threshold,
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
