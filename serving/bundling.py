"""The evidence of a score as one canonical JSON text, whose SHA-256 anybody can compute again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from features.evidence import Evidence
from features.goods.name_risk import Opened
from features.history import History
from features.instants import show_instant
from features.opinions.quoting import Quote, quotes
from features.opinions.reading import Reading
from features.records import Opinion
from features.schema import FeatureSpec
from features.store.database import Store
from features.store.reader import Revision
from features.text import TEXT_VERSION
from models.explain import Explanation
from models.wording import audit
from serving.explaining import EvidenceBook
from serving.storage.scores import ScoreModel, StoredScore
from serving.words import explanation_of

FORMAT = "customs-risk evidence 1"
_NUMBERS = ("base", "log_odds", "probability", "percentile", "percentile_basis")
_PLACES = (
    "id",
    "line_id",
    "what_if",
    "status",
    "direction",
    "regime",
    "hs_code",
    "sequence",
    "line_sequence",
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A score's evidence as canonical JSON (UTF-8, keys sorted, no spaces) and the SHA-256 of those bytes."""

    content: bytes
    sha256: str


def bundle_of(score: StoredScore, model: ScoreModel, book: EvidenceBook) -> Bundle:
    """Gather all that a score rests on: vector, contributions, words, grade, records counted, and versions.

    The same score gives the same bytes, whatever became known since; only a redaction takes something out.
    """
    found = explanation_of(score, model)
    gathered = {
        "format": FORMAT,
        "score": _score(score),
        **_grading(score),
        "line": None if book.line is None else msgspec.to_builtins(book.line),
        "model": {
            "target": model.target,
            "version": model.version,
            "fingerprint": model.fingerprint,
            "features": model.spec_fingerprint,
        },
        "contributions": [_contribution(one.feature, one.value, one.log_odds, one.family) for one in
                          found.contributions],
        "words": {
            "zh": audit(found, "zh", model.vocabularies),
            "en": audit(found, "en", model.vocabularies),
        },
        **_evidence(found, book),
    }  # fmt: skip
    content = msgspec.json.encode(gathered, order="sorted")
    return Bundle(content, hashlib.sha256(content).hexdigest())


def rebuilt_bundle(store: Store, score: StoredScore, model: ScoreModel, spec: FeatureSpec | None) -> Bundle:
    """Gather a score's evidence from the records up to its sequence alone."""
    version = TEXT_VERSION if spec is None else spec.text_version
    history = History.build(store, until_sequence=score.sequence, text_version=version)
    return bundle_of(score, model, EvidenceBook.of(store, history, score, spec))


def _score(score: StoredScore) -> dict[str, Any]:
    said = {name: getattr(score, name) for name in (*_PLACES, *_NUMBERS)}
    return {
        **said,
        "as_of": show_instant(score.as_of),
        "scored_at": show_instant(score.scored_at),
        "warnings": msgspec.json.decode(score.warnings),
    }


def _grading(score: StoredScore) -> dict[str, Any]:
    """Return the policy step as it was stored; scores from before it keep the bytes they had."""
    return {} if score.grading is None else {"grading": msgspec.json.decode(score.grading)}


def _contribution(feature: str, value: float | None, log_odds: float, family: str) -> dict[str, Any]:
    return {"feature": feature, "family": family, "value": value, "log_odds": log_odds}


def _evidence(found: Explanation, book: EvidenceBook) -> dict[str, Any]:
    """Return what each feature that moved the score counted or read, and each record once."""
    counts: dict[str, Any] = {}
    words: dict[str, Any] = {}
    revisions: dict[int, Revision] = {}
    readings: dict[int, Reading] = {}
    for reason in found.reasons(most=None):
        feature = reason.contribution.feature
        evidence = book.under(feature)
        if evidence is not None:
            counts[feature] = _count(evidence)
            revisions |= {revision.sequence: revision for revision in evidence.records}
            readings |= evidence.readings
        opened = book.words(reason.contribution)
        if opened is not None:
            words[feature] = _opened(opened)
    # Only where there are any: the evidence of earlier scores keeps its bytes.
    read: dict[str, Any] = {"declared_words": words} if words else {}
    if readings:
        read["opinions_read"] = _read(revisions, readings, book)
    return {"counted": counts, "records": _records(revisions.values()), **read}


def _read(
    revisions: Mapping[int, Revision], readings: Mapping[int, Reading], book: EvidenceBook
) -> dict[str, Any]:
    """Return what was understood of opinions, by sequence, and the sentences and words that carried it."""
    version = None if book.witness is None else book.witness.text_version
    return {
        "text_version": version,
        "opinions": {
            str(sequence): {
                "reading": msgspec.to_builtins(reading),
                "quotes": [_quote(quote) for quote in quotes(_text(revisions[sequence]), reading)],
            }
            for sequence, reading in readings.items()
        },
    }


def _text(revision: Revision) -> str:
    return revision.record.text if isinstance(revision.record, Opinion) else ""


def _quote(quote: Quote) -> dict[str, Any]:
    return {**quote._asdict(), "marks": [mark._asdict() for mark in quote.marks]}


def _opened(opened: Opened) -> dict[str, Any]:
    """Return the words behind a value: intercept and words add up to it, exactly."""
    return {
        "fitted_at": show_instant(opened.fitted_at),
        "intercept": opened.intercept,
        "value": opened.value,
        "words": [{**msgspec.to_builtins(part.run), "added": part.added} for part in opened.parts],
    }


def _count(evidence: Evidence) -> dict[str, Any]:
    counted = evidence.counted
    return {
        "tally": counted.tally,
        "entity": counted.entity,
        "window_days": counted.window,
        "among": str(counted.among),
        "total": evidence.total,
        "failed": evidence.failed,
        "newest": [revision.sequence for revision in evidence.records],
    }


def _records(revisions: Iterable[Revision]) -> dict[str, Any]:
    """Return records by the sequence of the revision that stood, with the hash of what was stored."""
    return {
        str(revision.sequence): {
            "kind": str(revision.kind),
            "id": revision.id,
            "revision": revision.revision,
            "known_at": show_instant(revision.visible_at),
            "content_hash": revision.content_hash.hex(),
            "record": msgspec.to_builtins(revision.record),
        }
        for revision in revisions
    }
