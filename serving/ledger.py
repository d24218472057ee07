"""Makes rows of what was said: scores, each with the revision of the declaration it is of."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from features.store.entries import Receipt
from serving.scorer import ScoredLine, Scoring
from serving.storage.ids import new_id
from serving.storage.scores import StoredScore, to_bytes


def to_stored(scoring: Scoring, caller: str) -> list[StoredScore]:
    """Make the rows of a scoring; the revision scored is filled in when it is recorded."""
    return [_row(scoring, line, caller) for line in scoring.lines]


def recorded(rows: Sequence[StoredScore], receipts: Sequence[Receipt]) -> Sequence[StoredScore]:
    """Fill in which revisions were scored, by the receipts of their declarations; what-ifs have none."""
    if not receipts:
        return rows
    return [
        msgspec.structs.replace(row, line_sequence=receipt.sequence)
        for row, receipt in zip(rows, receipts, strict=True)
    ]


def _row(scoring: Scoring, scored: ScoredLine, caller: str) -> StoredScore:
    line, promotion = scored.line, scoring.champion.promotion
    return StoredScore(
        id=new_id(scoring.scored_at),
        line_id=line.id,
        target=promotion.target,
        fingerprint=promotion.fingerprint,
        spec_fingerprint=scoring.champion.model.feature_spec.fingerprint,
        scored_at=scoring.scored_at,
        as_of=scored.as_of,
        sequence=scoring.sequence,
        line_sequence=None,
        line=msgspec.json.encode(line).decode() if scoring.ask.what_if else None,
        what_if=scoring.ask.what_if,
        status=str(line.status),
        direction=str(line.direction),
        regime=scored.regime,
        hs_code=line.hs_code,
        base=scored.base,
        log_odds=scored.log_odds,
        probability=scored.probability,
        percentile=scored.percentile.value,
        percentile_basis=scored.percentile.basis,
        vector=to_bytes(scored.vector),
        contributions=to_bytes(scored.contributions),
        warnings=msgspec.json.encode(scored.notices).decode(),
        caller=caller,
        event=None if scored.grading.event is None else scored.grading.event.key,
        grade=str(scored.grading.cell.grade),
        grading=msgspec.json.encode(scored.grading).decode(),
    )
