"""What was understood of an opinion, as the answer to its posting says it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection

from features.code_tables import tariff_name
from features.instants import Instant
from features.opinions.reading import Reading, Span
from features.records import Opinion
from features.store.entries import Receipt
from features.store.readings.readings import Readings
from features.text import TEXT_VERSION
from serving.api.language import Language


class Word(Struct, frozen=True):
    """A word: `text[start:end]` of the stored text."""

    word: str
    start: int
    end: int


class UnderstoodHazard(Struct, frozen=True, kw_only=True):
    """A hazard that the text names, with the words that carry it; severity 1 to 4."""

    hazard: str
    name: str
    probability: float
    severity: int
    words: list[Word]


class UnderstoodGoods(Struct, frozen=True, kw_only=True):
    """The heading, whether the source stated it, and the goods names in the text."""

    hs4: str | None
    name: str | None
    confidence: float
    stated: bool
    words: list[Word]


class UnderstoodParty(Struct, frozen=True, kw_only=True):
    """A brand, manufacturer or consignee; `words` is empty where only the source names it.

    `counted` says whether the opinion counts as being about it: where several go by one name, none does.
    """

    role: str
    value: str
    confidence: float
    stated: bool
    counted: bool
    words: list[Word]


class UnderstoodInjury(Struct, frozen=True, kw_only=True):
    """Whether someone was hurt, 0 to 4, how many, and the words that say so."""

    severity: int
    injured: int
    words: list[Word]


class UnderstoodBurst(Struct, frozen=True, kw_only=True):
    """Complaints of one hazard about the heading in the last days, this one counted; what was expected."""

    hazard: str
    days: int
    observed: int
    expected: float
    p_value: float


class Understood(Struct, frozen=True, kw_only=True):
    """An opinion as it counts: its stored text, its words, and what they and the source say."""

    text_version: str
    text: str
    tokens: list[Word]
    complaint: bool
    severity: int
    hazards: list[UnderstoodHazard]
    injury: UnderstoodInjury
    goods: UnderstoodGoods
    parties: list[UnderstoodParty]
    duplicate_of: str | None
    likeness: float
    first_time: bool
    weight: float
    burst: list[UnderstoodBurst]


def tokens_of(opinion: Opinion) -> list[Word]:
    """Cut an opinion's text into words."""
    from features.text.tokens import words_of_process

    return [Word(token.word, token.start, token.end) for token in words_of_process().tokens(opinion.text)]


def understood(
    connection: Connection,
    readings: Readings,
    stored: Sequence[tuple[Receipt, Opinion]],
    tokens: Sequence[list[Word]],
    language: Language,
) -> list[Understood | None]:
    """Say what was understood of opinions just stored; None for one that this version has not read."""
    found = readings.of_in(connection, [receipt.sequence for receipt, _ in stored])
    said: list[Understood | None] = []
    for (receipt, opinion), words in zip(stored, tokens, strict=True):
        reading = found.get(receipt.sequence)
        if reading is None:
            said.append(None)
        else:
            more = _burst(connection, readings, reading, receipt.known_at)
            said.append(_understood(opinion, reading, (words, more), language))
    return said


def _burst(
    connection: Connection, readings: Readings, reading: Reading, at: Instant
) -> list[UnderstoodBurst]:
    return [
        UnderstoodBurst(
            hazard=one.hazard,
            days=one.days,
            observed=one.observed,
            expected=one.expected,
            p_value=one.p_value,
        )
        for one in readings.heard_more(connection, reading, at)
    ]


def _understood(
    opinion: Opinion,
    reading: Reading,
    beside: tuple[list[Word], list[UnderstoodBurst]],
    language: Language,
) -> Understood:
    return Understood(
        text_version=TEXT_VERSION,
        text=opinion.text,
        tokens=beside[0],
        complaint=reading.complaint,
        severity=reading.severity,
        hazards=_hazards(opinion, reading, language),
        injury=UnderstoodInjury(
            severity=reading.injury, injured=reading.injured, words=_words(opinion, reading.injury_spans)
        ),
        goods=UnderstoodGoods(
            hs4=reading.hs4,
            name=None if reading.hs4 is None else tariff_name(reading.hs4),
            confidence=reading.confidence,
            stated="hs_code" in reading.stated,
            words=_words(opinion, reading.goods),
        ),
        parties=_parties(opinion, reading),
        duplicate_of=reading.duplicate_of,
        likeness=reading.likeness,
        first_time=reading.first_time,
        weight=reading.weight,
        burst=beside[1],
    )


def _hazards(opinion: Opinion, reading: Reading, language: Language) -> list[UnderstoodHazard]:
    from features.text.lexicon import hazards

    return [
        UnderstoodHazard(
            hazard=told.hazard,
            name=hazards()[told.hazard].zh if language == "zh" else hazards()[told.hazard].en,
            probability=told.probability,
            severity=told.severity,
            words=_words(opinion, told.spans),
        )
        for told in reading.hazards
    ]


def _parties(opinion: Opinion, reading: Reading) -> list[UnderstoodParty]:
    named = [
        UnderstoodParty(
            role=party.role,
            value=party.value,
            confidence=party.confidence,
            stated=party.role in reading.stated and getattr(reading, party.role) == party.value,
            counted=getattr(reading, party.role) == party.value,
            words=_words(opinion, [party.span]),
        )
        for party in reading.parties
    ]
    said = {(party.role, party.value) for party in named}
    only_stated = [
        UnderstoodParty(role=role, value=value, confidence=1.0, stated=True, counted=True, words=[])
        for role in ("brand", "manufacturer", "consignee")
        if (value := getattr(reading, role)) is not None and (role, value) not in said
    ]
    return named + only_stated


def _words(opinion: Opinion, spans: Sequence[Span]) -> list[Word]:
    return [Word(opinion.text[start:end], start, end) for start, end in spans]
