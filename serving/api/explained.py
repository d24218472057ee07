"""Shapes of explanations: families, under them features, under those the records that were counted."""

from __future__ import annotations

from msgspec import Struct

from serving.api.graded import Grade, HazardChance


class QuoteMark(Struct, frozen=True):
    """Words that carried an opinion's reading: `text[start:end]` of the opinion, and what they say.

    `kind` is hazard, injury, goods, brand, manufacturer or consignee; `name` says `what` in words.
    """

    start: int
    end: int
    kind: str
    what: str
    name: str


class Quote(Struct, frozen=True):
    """A sentence of an opinion's stored text, at [start, end), with the words that carried its reading."""

    start: int
    end: int
    text: str
    marks: list[QuoteMark]


class CountedRecord(Struct, frozen=True, kw_only=True):
    """A record as it stood at the score's instant; `known_at` is when this revision became visible.

    `failed` says whether an inspection found goods that do not conform; null for other records. `quotes` are
    the sentences that an opinion was read by; [] for other records. `duplicate_of` is what it repeats.
    """

    kind: str
    id: str
    happened_at: str
    known_at: str
    sequence: int
    failed: bool | None
    text: str
    quotes: list[Quote] = []
    duplicate_of: str | None = None


class Counted(Struct, frozen=True, kw_only=True):
    """What a feature counts of which entity over how many days; null for all days.

    `total` records were counted, `failed` of them (inspections only); `records` are the newest, at most 20.
    """

    tally: str
    entity: str
    window_days: int | None
    among: str
    total: int
    failed: int | None
    text: str
    records: list[CountedRecord]


class Word(Struct, frozen=True, kw_only=True):
    """A word, or a pair of words, in normal form: its place in the declared field, and what it adds."""

    word: str
    field: str
    start: int
    end: int
    added: float


class OpenedWords(Struct, frozen=True, kw_only=True):
    """A feature's value by its words: `intercept` and what the words add are `value`, exactly.

    They are log-odds of the value, which is what the model reads, not of the score. They were learned from
    results known before `fitted_at`.
    """

    text: str
    fitted_at: str
    intercept: float
    value: float
    words: list[Word]


class ExplainedFeature(Struct, frozen=True, kw_only=True):
    """One feature's sentence, what it adds to the log-odds, and the records or words it rests on."""

    feature: str
    text: str
    value: float | None
    log_odds: float
    evidence: Counted | None
    words: OpenedWords | None


class ExplainedFamily(Struct, frozen=True, kw_only=True):
    """A family: the sum of its features, and its step of the probability from the families before it."""

    family: str
    text: str
    log_odds: float
    effect: float
    features: list[ExplainedFeature]


class OfficerExplanation(Struct, frozen=True, kw_only=True, tag_field="audience", tag="officer"):
    """Everything that adds up to a score, the strongest first.

    `text` has it in one line, as a page of five reasons, or for an audit in full. `hazards` and `grade` are
    the policy step after it, no part of the sum. `evidence_note` says why records are missing, if they are.
    """

    score: str
    line_id: str
    length: str
    probability: float
    text: list[str]
    families: list[ExplainedFamily]
    effects: str
    as_of: str
    sequence: int
    hazards: list[HazardChance]
    grade: Grade | None
    evidence_note: str | None = None


class Changed(Struct, frozen=True, kw_only=True):
    """One admissible change, and the code or unit price that it comes to."""

    code: str
    value: str | float | None
    text: str


class Changes(Struct, frozen=True, kw_only=True):
    """What would bring a line to the next milder grade.

    `threshold` is the probability under which that `grade` begins, for these goods and hazards; both are null
    where no lower probability has a milder grade. Where `found` is false no set that was tried
    does, and `changes` are those that come nearest; `tried` sets were scored by the model.
    """

    score: str
    line_id: str
    probability: float
    threshold: float | None
    grade: str | None
    found: bool
    text: str
    changes: list[Changed]
    reached: float
    tried: int
    policy: str


class EnterpriseExplanation(Struct, frozen=True, kw_only=True, tag_field="audience", tag="enterprise"):
    """What the enterprise may be told: its own shipments that failed, and what to put right.

    It is made without the score's numbers and names nobody else; `text` is the whole as a letter.
    """

    line_id: str
    entry_id: str | None
    text: list[str]
    shipments: list[str]
    steps: list[str]
