"""Turns a stored score into the answer a caller reads, in words of their language."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.catalog import CATALOG
from features.instants import Instant, show_instant
from features.wording import Language, say
from serving.api import schemas
from serving.notices import Notice
from serving.storage.scores import ScoreModel, StoredScore, from_bytes

REASONS = 5
NOTHING = 1e-6
"""Log-odds that move no probability by a ten-thousandth of a percent: no reason to give an officer."""
_NOTICES = msgspec.json.Decoder(list[Notice])


def full(score: StoredScore, model: ScoreModel, language: Language) -> schemas.Score:
    """Write a score with everything it rests on."""
    vector, contributions = from_bytes(score.vector), from_bytes(score.contributions)
    names, families = _columns(model.features)
    values, added = vector.tolist(), contributions.tolist()
    by_family: dict[str, float] = {}
    for family, log_odds in zip(families, added, strict=True):
        by_family[family] = by_family.get(family, 0.0) + log_odds
    return schemas.Score(
        id=score.id,
        line_id=score.line_id,
        scored_at=show_instant(score.scored_at),
        what_if=score.what_if,
        status=score.status,
        direction=score.direction,
        regime=score.regime,
        hs_code=score.hs_code,
        probability=score.probability,
        percentile=score.percentile,
        percentile_basis=score.percentile_basis,
        base=score.base,
        total=score.log_odds,
        by_family=by_family,
        reasons=_reasons(vector, contributions, model, language),
        warnings=[warning(notice, language) for notice in _NOTICES.decode(score.warnings)],
        contributions=list(map(schemas.FeatureContribution, names, families, values, added)),
        model=_model(model),
        as_of=show_instant(score.as_of),
        sequence=score.sequence,
        line_sequence=score.line_sequence,
    )


def summary(score: StoredScore) -> schemas.ScoreSummary:
    """Write a score without its contributions, for a list."""
    plain = {
        name: getattr(score, name)
        for name in schemas.ScoreSummary.__struct_fields__
        if name not in ("scored_at", "as_of")
    }
    return schemas.ScoreSummary(
        scored_at=show_instant(score.scored_at), as_of=show_instant(score.as_of), **plain
    )


def warning(notice: Notice, language: Language) -> schemas.Warning:
    """Write a notice in words."""
    return schemas.Warning(
        code=notice.code, field=notice.field, value=notice.value, text=notice.text(language)
    )


def instant(at: Instant) -> str:
    """Write an instant as ISO 8601 in Asia/Shanghai."""
    return show_instant(at)


def _reasons(
    vector: NDArray[np.float64], contributions: NDArray[np.float64], model: ScoreModel, language: Language
) -> list[schemas.Reason]:
    """Return the features that moved the score most, either way; what moved nothing is no reason."""
    order = np.argsort(-np.abs(contributions), kind="stable")[:REASONS]
    return [
        schemas.Reason(
            feature=model.features[at][0],
            family=model.features[at][1],
            text=_sentence(model, int(at), float(vector[at]), language),
            log_odds=float(contributions[at]),
        )
        for at in order
        if abs(contributions[at]) > NOTHING
    ]


def _sentence(model: ScoreModel, at: int, value: float, language: Language) -> str:
    name = model.features[at][0]
    feature = CATALOG.get(name)
    if feature is None:  # a score of an earlier version, whose feature the catalogue no longer has
        return f"{name} = {value:g}"
    return say(feature, value, language, model.vocabularies.get(name, ()))


@lru_cache(maxsize=64)
def _columns(features: tuple[tuple[str, str], ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(name for name, _ in features), tuple(family for _, family in features)


def _model(model: ScoreModel) -> schemas.Model:
    return schemas.Model(
        target=model.target,
        version=model.version,
        fingerprint=model.fingerprint,
        features=model.spec_fingerprint,
    )
