"""A stored score laid out for an officer: families, features, and the very records that were counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from features.catalog import CATALOG
from features.evidence import Evidence, Witness
from features.feature import Counted
from features.goods.features import NAME_RISK
from features.goods.name_risk import Opened
from features.history import History
from features.instants import show_instant
from features.lines import Lines
from features.opinions.reading import Reading
from features.records import Declaration
from features.schema import FeatureSpec
from features.store.database import Store
from features.store.reader import Revision
from features.text import TEXT_VERSION
from features.wording import Language
from models.explain import NOTHING, Explanation, Heading
from models.scores import Contribution
from models.wording import audit, heading_text, one_line, page, sentence_of, steps_note
from models.wording.records import brief_total, failed_of, record_text, total_text
from models.wording.words import brief_words, words_text
from serving.api import explained
from serving.errors import CannotReplay
from serving.grades import GradeWords
from serving.quoted import quoted
from serving.replay import scored_line
from serving.storage.scores import ScoreModel, StoredScore
from serving.words import Length, explanation_of

FEW_FEATURES = 3
"""Features under a family on a page."""


@dataclass(slots=True, eq=False)
class EvidenceBook:
    """The evidence of one score, each count looked up once.

    `line` and `witness` are None where the line was redacted, and then `missing` says so; `spec` is None
    where the model's bundle is gone.
    """

    line: Declaration | None
    witness: Witness | None
    spec: FeatureSpec | None
    missing: CannotReplay | None = None
    _found: dict[Counted, Evidence] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, history: History, score: StoredScore, spec: FeatureSpec | None) -> EvidenceBook:
        """Open the book of a score: what was known before its `as_of`, as its own history had it."""
        try:
            line = scored_line(store, score)
        except CannotReplay as error:
            return cls(None, None, spec, error)
        version = TEXT_VERSION if spec is None else spec.text_version
        return cls(line, Witness(store, history, Lines.of([line]), score.as_of, version), spec)

    def under(self, feature: str) -> Evidence | None:
        """Return the records that a feature counted; None for one that counts none."""
        known = CATALOG.get(feature)
        counted = None if known is None else known.counted
        if counted is None or self.witness is None:
            return None
        if counted not in self._found:
            self._found[counted] = self.witness.evidence(counted)
        return self._found[counted]

    def words(self, found: Contribution) -> Opened | None:
        """Return the words behind a feature's value; None for one that reads none.

        None, too, where they cannot be had any more: the line was redacted, the model's bundle is gone, or
        the dictionary has changed since.
        """
        if found.feature != NAME_RISK or self.line is None or self.witness is None or self.spec is None:
            return None
        as_of = self.witness.as_of
        opened = self.spec.name_risk.opened(self.line.goods_name, self.line.goods_model, as_of)
        same = opened is not None and self.spec.text_version == TEXT_VERSION and opened.value == found.value
        return opened if same else None


@dataclass(frozen=True, slots=True, eq=False)
class Explainer:
    """Explains one stored score in one language."""

    score: StoredScore
    model: ScoreModel
    book: EvidenceBook
    graded: GradeWords
    language: Language

    def explain(self, length: Length) -> explained.OfficerExplanation:
        """Say a score in one line, on a page with its strongest features, or in full."""
        found = explanation_of(self.score, self.model)
        missing = self.book.missing
        note = None if missing is None else missing.message_zh if self.language == "zh" else missing.message
        return explained.OfficerExplanation(
            score=self.score.id,
            line_id=self.score.line_id,
            length=str(length),
            probability=self.score.probability,
            text=self._text(found, length),
            families=[] if length is Length.LINE else self._families(found, length),
            effects=steps_note(self.language),
            as_of=show_instant(self.score.as_of),
            sequence=self.score.sequence,
            hazards=self.graded.hazards,
            grade=self.graded.grade,
            evidence_note=note,
        )

    def _text(self, found: Explanation, length: Length) -> list[str]:
        if length is Length.LINE:
            line = one_line(found, self.language, self.model.vocabularies)
            return [self.graded.prefixed(line, self.language)]
        if length is Length.AUDIT:
            return audit(found, self.language, self.model.vocabularies)
        return page(found, self.language, self.model.vocabularies, self.counts(found))

    def counts(self, found: Explanation) -> dict[str, str]:
        """Say how many records, or which words, the reasons of a page rest on, by feature."""
        said: dict[str, str] = {}
        for reason in found.reasons():
            name, count = reason.contribution.feature, None
            evidence = self.book.under(name)
            opened = self.book.words(reason.contribution)
            if evidence is not None:
                count = brief_total(CATALOG[name], evidence, self.language)
            elif opened is not None and opened.parts:
                count = brief_words(opened, self.language)
            if count is not None:
                said[name] = count
        return said

    def _families(self, found: Explanation, length: Length) -> list[explained.ExplainedFamily]:
        most = FEW_FEATURES if length is Length.PAGE else None
        return [self._family(heading, most) for heading in found.headings()]

    def _family(self, heading: Heading, most: int | None) -> explained.ExplainedFamily:
        moved = [found for found in heading.contributions if abs(found.log_odds) > NOTHING][:most]
        return explained.ExplainedFamily(
            family=heading.family,
            text=heading_text(heading, self.language),
            log_odds=heading.log_odds,
            effect=heading.step,
            features=[self._feature(found) for found in moved],
        )

    def _feature(self, found: Contribution) -> explained.ExplainedFeature:
        evidence, opened = self.book.under(found.feature), self.book.words(found)
        return explained.ExplainedFeature(
            feature=found.feature,
            text=sentence_of(found, self.language, self.model.vocabularies),
            value=found.value,
            log_odds=found.log_odds,
            evidence=None if evidence is None else self._counted(evidence),
            words=None if opened is None else self._opened(opened),
        )

    def _opened(self, opened: Opened) -> explained.OpenedWords:
        return explained.OpenedWords(
            text=words_text(opened, self.language),
            fitted_at=show_instant(opened.fitted_at),
            intercept=opened.intercept,
            value=opened.value,
            words=[
                explained.Word(
                    word=part.run.text,
                    field=part.run.field,
                    start=part.run.start,
                    end=part.run.end,
                    added=part.added,
                )
                for part in opened.parts
            ],
        )

    def _counted(self, evidence: Evidence) -> explained.Counted:
        counted = evidence.counted
        return explained.Counted(
            tally=counted.tally,
            entity=counted.entity,
            window_days=counted.window,
            among=str(counted.among),
            total=evidence.total,
            failed=evidence.failed,
            text=total_text(evidence, self.language),
            records=[
                self._record(revision, evidence.readings.get(revision.sequence))
                for revision in evidence.records
            ],
        )

    def _record(self, revision: Revision, reading: Reading | None) -> explained.CountedRecord:
        assert revision.record is not None
        return explained.CountedRecord(
            kind=str(revision.kind),
            id=revision.id,
            happened_at=show_instant(revision.happened_at),
            known_at=show_instant(revision.visible_at),
            sequence=revision.sequence,
            failed=failed_of(revision.record),
            text=record_text(revision.record, self.language),
            quotes=quoted(revision.record, reading, self.language),
            duplicate_of=None if reading is None else reading.duplicate_of,
        )
