"""Which hazard words stand in a text, and which of them are denied: 不漏电, 漏电保护器, 甲醛未检出."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from features.text.denial import denied_by
from features.text.dictionary import lexicon_rows, near_words
from features.text.normal import LEXICONS, normalise

__all__ = ["Hazard", "Mention", "denied_by", "hazards", "mentions"]

_NEAR, _BESIDE = 14, 8
"""Signs between a word and what must stand near it: in the sentence, and in the clause; ours."""
_SENTENCE, _CLAUSE = re.compile(r"[。;!?\n]"), re.compile(r"[,。;!?\n]")


@dataclass(frozen=True, slots=True)
class Hazard:
    """One of the 20 hazard classes; severities 1 to 4 are ours, not a national standard."""

    id: str
    zh: str
    en: str
    severity_low: int
    severity_high: int
    chapters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A hazard word at [start, end) of a normal text, and whether what surrounds it denies it."""

    hazards: frozenset[str]
    start: int
    end: int
    denied: bool


@dataclass(frozen=True, slots=True)
class _Sense:
    """What a term means: a hazard, a near miss of one, one whose lack is the hazard, or something else."""

    hazard: str
    kind: str
    near: re.Pattern[str] | None


_Terms: TypeAlias = dict[str, list[tuple[str, tuple[_Sense, ...]]]]


@cache
def hazards() -> dict[str, Hazard]:
    """Return the hazard classes by id, in the taxonomy's order."""
    rows: list[dict[str, Any]] = json.loads((LEXICONS / "hazards.json").read_text(encoding="utf-8"))[
        "hazards"
    ]
    return {
        row["id"]: Hazard(
            row["id"], row["zh"], row["en"], row["severity_low"], row["severity_high"], tuple(row["chapters"])
        )
        for row in rows
    }


@cache
def _terms() -> _Terms:
    """Return terms by their first two signs, longest first, with all that each may mean."""
    near = {
        name: re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)))
        for name, words in near_words().items()
    }
    senses: dict[str, list[_Sense]] = defaultdict(list)
    for row in lexicon_rows():
        senses[normalise(row.term)[0]].append(_Sense(row.hazard, row.kind, near.get(row.near)))
    found: _Terms = defaultdict(list)
    for term in sorted(senses, key=lambda word: (-len(word), word)):
        found[term[:2]].append((term, tuple(senses[term])))
    return dict(found)


def mentions(normal: str) -> list[Mention]:
    """Find hazard words from left to right, the longest that means something at each place.

    A near miss counts as denied, and so does a word whose every neighbour that it needs is denied.
    """
    found, place, terms = [], 0, _terms()
    while place < len(normal):
        sign = normal[place]
        for term, senses in (*terms.get(normal[place : place + 2], ()), *terms.get(sign, ())):
            if not normal.startswith(term, place) or not _stands_alone(normal, place, term):
                continue
            if mention := _meant(normal, place, place + len(term), senses):
                found += [mention] if mention.hazards else []
                place = mention.end - 1
                break
        place += 1
    return found


def _meant(normal: str, start: int, end: int, senses: tuple[_Sense, ...]) -> Mention | None:
    """Return what a term at a place says: hazards, else hazards denied, else nothing.

    A mention without hazards is another word (麻烦 is no 麻): what stands in it says nothing.
    """
    said, missed = set(), set()
    for sense in senses:
        if sense.kind == "negation":
            missed.add(sense.hazard)
        elif sense.kind != "other" and sense.near is None:
            said.add(sense.hazard)
        elif sense.near and (witnesses := _witnesses(normal, start, end, sense, sense.near)):
            lacking = sense.kind == "missing"  # here a denial is the hazard: 没有中文标签
            sound = lacking or any(not denied_by(normal, *span) for span in witnesses)
            (said if sound else missed).add(sense.hazard)
    lacked = {sense.hazard for sense in senses if sense.kind == "missing"} & said
    if said and not lacked and denied_by(normal, start, end):
        said, missed = set(), said | missed
    another = any(sense.kind == "other" for sense in senses)
    return Mention(frozenset(said or missed), start, end, not said) if said or missed or another else None


def _witnesses(
    normal: str, start: int, end: int, sense: _Sense, near: re.Pattern[str]
) -> list[tuple[int, int]]:
    """Return where words that the sense needs stand near [start, end)."""
    reach, stop = (_BESIDE, _CLAUSE) if sense.kind == "missing" else (_NEAR, _SENTENCE)
    low = max(0, start - reach)
    low = max([low, *(found.end() for found in stop.finditer(normal, low, start))])
    ended = stop.search(normal, end, end + reach)
    high = ended.start() if ended else end + reach
    sides = [*near.finditer(normal, low, start), *near.finditer(normal, end, high)]
    return [found.span() for found in sides]


def _stands_alone(normal: str, place: int, term: str) -> bool:
    """A Latin term is a word of its own: lead, not leader."""
    if not term.isascii():
        return True
    end = place + len(term)
    sides = normal[place - 1 : place] + normal[end : end + 1]
    return not any(sign.isascii() and sign.isalpha() for sign in sides)
