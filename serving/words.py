"""Turns a stored score into the answer a caller reads, in words of their language."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Self

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from features.instants import Instant, show_instant
from features.wording import Language
from models.explain import Columns, Explanation, Floats, Reason, contributions_of, strongest_reasons
from models.wording import line_of, reason_text, steps_note
from serving.api import schemas
from serving.grades import GradeWords, Policies
from serving.notices import Notice
from serving.rank_words import rank_text
from serving.storage.scores import ScoreModel, StoredScore, from_bytes

_NOTICES = msgspec.json.Decoder(list[Notice])


class Length(StrEnum):
    """How much of an explanation to say."""

    LINE = "line"
    PAGE = "page"
    AUDIT = "audit"


def told(
    score: StoredScore, model: ScoreModel, policies: Policies, language: Language, length: Length
) -> schemas.Score:
    """Write a score and its grade: with reasons on a page, and with every contribution for an audit."""
    graded, laid = GradeWords.of(score, policies, language), _Laid.of(score, model)
    reasons = [_reason(reason, model, language) for reason in laid.strongest(length)]
    line = line_of(score.probability, [reason.text for reason in reasons], language)
    return schemas.Score(
        id=score.id,
        line_id=score.line_id,
        scored_at=instant(score.scored_at),
        what_if=score.what_if,
        status=score.status,
        direction=score.direction,
        regime=score.regime,
        hs_code=score.hs_code,
        probability=score.probability,
        percentile=score.percentile,
        percentile_basis=score.percentile_basis,
        percentile_text=rank_text(score.percentile, score.regime, language),
        base=score.base,
        total=score.log_odds,
        by_family=laid.by_family(),
        hazards=graded.hazards,
        grade=graded.grade,
        line=graded.prefixed(line, language),
        reasons=UNSET if length is Length.LINE else reasons,
        effects=steps_note(language),
        warnings=[warning(notice, language) for notice in _NOTICES.decode(score.warnings)],
        contributions=laid.contributions() if length is Length.AUDIT else UNSET,
        model=_model(model),
        as_of=instant(score.as_of),
        sequence=score.sequence,
        line_sequence=score.line_sequence,
    )


class _Layout(NamedTuple):
    """A model's columns: their names and families, the distinct families, and where among them each is."""

    names: tuple[str, ...]
    families: tuple[str, ...]
    headings: tuple[str, ...]
    places: NDArray[np.intp]


class _Laid(NamedTuple):
    """What adds up to a score: its base, and by column the values and what they add to the log-odds."""

    layout: _Layout
    base: float
    values: Floats
    added: Floats

    @classmethod
    def of(cls, score: StoredScore, model: ScoreModel) -> Self:
        return cls(
            _layout(model.features), score.base, from_bytes(score.vector), from_bytes(score.contributions)
        )

    def strongest(self, length: Length) -> list[Reason]:
        """Return the reasons of a page, or the one of a line."""
        columns = self.layout.names, self.layout.families
        found = strongest_reasons(self.base, columns, self.values, self.added)
        return found[:1] if length is Length.LINE else found

    def by_family(self) -> dict[str, float]:
        """Return what each family adds."""
        headings = self.layout.headings
        sums = np.bincount(self.layout.places, self.added, len(headings)).tolist()
        return dict(zip(headings, sums, strict=True))

    def contributions(self) -> list[schemas.FeatureContribution]:
        """Return what each feature adds."""
        names, families = self.layout.names, self.layout.families
        told = map(schemas.FeatureContribution, names, families, self.values.tolist(), self.added.tolist())
        return list(told)


_LAYOUTS: dict[int, tuple[Columns, _Layout]] = {}
"""Layouts by the identity of a model's columns: to hash a hundred names costs more than all that is kept."""
_MOST_LAYOUTS = 64


def _layout(features: Columns) -> _Layout:
    found = _LAYOUTS.get(id(features))
    if found is None or found[0] is not features:
        names, families = tuple(name for name, _ in features), tuple(family for _, family in features)
        headings = tuple(dict.fromkeys(families))
        places = np.array([headings.index(family) for family in families], dtype=np.intp)
        if len(_LAYOUTS) >= _MOST_LAYOUTS:
            _LAYOUTS.clear()
        found = _LAYOUTS[id(features)] = features, _Layout(names, families, headings, places)
    return found[1]


def explanation_of(score: StoredScore, model: ScoreModel) -> Explanation:
    """Lay out everything that adds up to a stored score."""
    values, added = from_bytes(score.vector).tolist(), from_bytes(score.contributions).tolist()
    found = contributions_of(model.features, values, added)
    return Explanation(score.base, score.log_odds, score.probability, found)


def summary(score: StoredScore) -> schemas.ScoreSummary:
    """Write a score without its contributions, for a list."""
    plain = {
        name: getattr(score, name)
        for name in schemas.ScoreSummary.__struct_fields__
        if name not in ("scored_at", "as_of")
    }
    return schemas.ScoreSummary(scored_at=instant(score.scored_at), as_of=instant(score.as_of), **plain)


def warning(notice: Notice, language: Language) -> schemas.Warning:
    """Write a notice in words."""
    return schemas.Warning(
        code=notice.code, field=notice.field, value=notice.value, text=notice.text(language)
    )


@lru_cache(maxsize=256)
def instant(at: Instant) -> str:
    """Write an instant as ISO 8601 in Asia/Shanghai; the scores of a block share theirs."""
    return show_instant(at)


def _reason(reason: Reason, model: ScoreModel, language: Language) -> schemas.Reason:
    moved = reason.contribution
    text = reason_text(reason, language, model.vocabularies)
    return schemas.Reason(
        feature=moved.feature, family=moved.family, text=text, log_odds=moved.log_odds, effect=reason.step
    )


def _model(model: ScoreModel) -> schemas.Model:
    return schemas.Model(
        target=model.target,
        version=model.version,
        fingerprint=model.fingerprint,
        features=model.spec_fingerprint,
    )
