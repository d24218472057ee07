"""Shapes of the answers; encoded by msgspec, and the source of their part of the API's description."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from serving.api.graded import Grade, HazardChance
from serving.api.understood import Understood


class Model(Struct, frozen=True, kw_only=True):
    """The trained model that gave a score."""

    target: str
    version: str | None
    fingerprint: str
    features: str
    """Fingerprint of the feature specification."""


class FeatureContribution(Struct, frozen=True, gc=False):
    """What one feature adds to the log-odds; `value` is null where the feature is missing."""

    feature: str
    family: str
    value: float | None
    log_odds: float


class Reason(Struct, frozen=True, kw_only=True):
    """One of the features that moved the score most, in words.

    `effect` is the change of the probability when this reason is added to those before it in the list.
    """

    feature: str
    family: str
    text: str
    log_odds: float
    effect: float


class Warning(Struct, frozen=True, kw_only=True):
    """Something to know about a score: an unseen category, a stale model, an unknown code."""

    code: str
    field: str | None
    value: str | None
    text: str


class Score(Struct, frozen=True, kw_only=True):
    """A calibrated probability and the contributions that add up to it.

    `total` is the log-odds of `probability`: `base` plus all `contributions`. `percentile` ranks the line
    from 0 to 100 among those of its direction and regime, never of others: it is null where these are too
    few. `percentile_basis` says among which or why not, `percentile_text` both in a sentence. `sequence` is
    the last record that could count, `as_of` the instant before which it had to be visible, `line_sequence`
    the revision scored.
    """

    id: str
    line_id: str
    scored_at: str
    what_if: bool
    status: str
    direction: str
    regime: str
    hs_code: str
    probability: float
    percentile: float | None
    percentile_basis: str
    percentile_text: str
    base: float
    total: float
    by_family: dict[str, float]
    hazards: list[HazardChance]
    grade: Grade | None
    """Null in scores from before grades."""
    line: str
    """The score in one line, for a list."""
    reasons: list[Reason] | UnsetType = UNSET
    """Left out at the length `line`."""
    effects: str
    """How the effects of reasons are to be read."""
    warnings: list[Warning]
    contributions: list[FeatureContribution] | UnsetType = UNSET
    """Left out at the lengths `line` and `page`."""
    model: Model
    as_of: str
    sequence: int
    line_sequence: int | None


class Fault(Struct, frozen=True, kw_only=True):
    """One broken rule: which field and value break it, and what to do."""

    field: str | None
    value: str | None
    rule: str
    remedy: str


class Reject(Struct, frozen=True, kw_only=True):
    """A line or record that was not used, its place in the request, and the first rule it breaks.

    `others` has the further rules that it breaks.
    """

    index: int
    id: str | None
    field: str | None
    value: str | None
    rule: str
    remedy: str
    others: list[Fault] = []


class Scores(Struct, frozen=True, kw_only=True):
    """Scores of the lines of one request, in their order, and the lines that could not be scored."""

    scores: list[Score]
    rejects: list[Reject]


class ScoreSummary(Struct, frozen=True, kw_only=True):
    """A stored score without its contributions; `grade` is null in scores from before grades."""

    id: str
    line_id: str
    scored_at: str
    what_if: bool
    status: str
    direction: str
    regime: str
    hs_code: str
    probability: float
    percentile: float | None
    percentile_basis: str
    grade: str | None
    target: str
    fingerprint: str
    as_of: str
    sequence: int


class ScorePage(Struct, frozen=True, kw_only=True):
    """One page of stored scores; `next` goes into `cursor` for the following page, or into `after`."""

    scores: list[ScoreSummary]
    next: str | None


class RecordReceipt(Struct, frozen=True, kw_only=True):
    """What became of a posted record; `score` is the id of the score that a revised line was given anew."""

    kind: str
    id: str
    status: str
    revision: int
    sequence: int
    known_at: str
    score: str | None = None
    warnings: list[Warning] = []


class OpinionReceipt(RecordReceipt, frozen=True, kw_only=True):
    """What became of a posted opinion, and what was understood of it."""

    understood: Understood | None


class OpinionReceipts(Struct, frozen=True, kw_only=True):
    """Receipts of the opinions of one request, in their order, and those that could not be stored."""

    receipts: list[OpinionReceipt]
    rejects: list[Reject]


class Receipts(Struct, frozen=True, kw_only=True):
    """Receipts of the records of one request, in their order, and the records that could not be stored."""

    receipts: list[RecordReceipt]
    rejects: list[Reject]


class PromotedModel(Struct, frozen=True, kw_only=True):
    """A model that was promoted; `in_use` says whether this server answers with it now.

    `closed` are the gates that it was forced past, with what was seen; empty where all were open.
    """

    target: str
    version: str
    fingerprint: str
    promoted_at: str
    promoted_by: str
    reason: str
    forced: bool
    closed: str
    rolled_back: bool
    gates_passed: bool
    in_use: bool
    card: dict[str, Any] | None


class Models(Struct, frozen=True, kw_only=True):
    """Promotions, newest first."""

    models: list[PromotedModel]


class CodeTable(Struct, frozen=True, kw_only=True):
    """One table of codes; codes are text with their leading zeros."""

    table: str
    columns: list[str]
    rows: list[list[str]]


class CodeTables(Struct, frozen=True, kw_only=True):
    """The names of the code tables."""

    tables: list[str]


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether the server can answer, and each part's state: `ready` or what is missing."""

    ready: bool
    parts: dict[str, str]
    warnings: list[str]


class Liveness(Struct, frozen=True, kw_only=True):
    """The process answers."""

    alive: bool


class Problem(Struct, frozen=True, kw_only=True):
    """An error after RFC 9457, in the caller's language, with its remedy."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    remedy: str
    field: str | None = None
    scope: str | None = None
    limit: int | None = None
    rejects: list[Reject] | None = None
