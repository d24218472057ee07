"""Which hazard words stand in a text, and which of them are denied: 不漏电, 漏电保护器, 甲醛未检出."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

from features.text.dictionary import hazard_terms
from features.text.normal import LEXICONS, normalise


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
def _terms() -> dict[str, list[tuple[str, frozenset[str], bool]]]:
    """Return terms by first sign, longest first: term, its hazards, whether it is a near miss."""
    by_term: dict[str, dict[bool, set[str]]] = defaultdict(lambda: {False: set(), True: set()})
    for hazard, kind, term in hazard_terms():
        by_term[normalise(term)[0]][kind == "negation"].add(hazard)
    found: dict[str, list[tuple[str, frozenset[str], bool]]] = defaultdict(list)
    for term in sorted(by_term, key=lambda word: (-len(word), word)):
        meant, missed = by_term[term][False], by_term[term][True]
        found[term[0]].append((term, frozenset(meant or missed), not meant))
    return dict(found)


_STOP = ",。;!?,.;!?\n、"
_BEFORE = re.compile(
    r"(?:不|没|未|无|免|零|杜绝|避免|防止|非)(?!但|仅|小心|知|停|久|到|想|几|合|符|多|行|稳|满|过|能|止|法|论|愧|疑|良|奈|像)"
    rf"[^{_STOP}]{{0,5}}$"
)
_ALSO = re.compile(rf"(?:没有|未曾|从未|从没|不会|不含|并非|未见|不怕|不用担心)[^{_STOP}]{{0,7}}$")
_AFTER = re.compile(
    rf"^[^{_STOP}]{{0,5}}(?<!不)(?:均?未检出|不超标|未超标|没有超标|没超标|没有问题|没问题|合格|达标|正常|齐全|未发现|没有发生)"
)
_CLEARED = re.compile(r"^[^。!?\n]{0,12}(?:没有问题|没问题|一切正常|检测合格)")
_WORRY = re.compile(rf"(?:担心|怕|怀疑|以为)[^{_STOP}]{{0,12}}$")


def denied_by(normal: str, start: int, end: int) -> bool:
    """Tell whether what stands around [start, end) denies it, within its clause."""
    before, after = normal[max(0, start - 14) : start], normal[end : end + 20]
    if _BEFORE.search(before) or _ALSO.search(before) or _AFTER.search(after):
        return True
    return bool(_WORRY.search(before) and _CLEARED.search(after))


def mentions(normal: str) -> list[Mention]:
    """Find hazard words from left to right, the longest at each place; near misses count as denied."""
    found, place, terms = [], 0, _terms()
    while place < len(normal):
        for term, meant, missed in terms.get(normal[place], ()):
            if normal.startswith(term, place) and _stands_alone(normal, place, term):
                end = place + len(term)
                found.append(Mention(meant, place, end, missed or denied_by(normal, place, end)))
                place = end - 1
                break
        place += 1
    return found


def _stands_alone(normal: str, place: int, term: str) -> bool:
    """A Latin term is a word of its own: lead, not leader."""
    if not term.isascii():
        return True
    end = place + len(term)
    sides = normal[place - 1 : place] + normal[end : end + 1]
    return not any(sign.isascii() and sign.isalpha() for sign in sides)
