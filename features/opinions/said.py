"""What a text says by itself, whatever else is known: hazards, injuries, complaint or praise, its print."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from features.opinions.policy import policy
from features.opinions.reading import Span, ToldHazard
from features.text.duplicates import Print, print_of
from features.text.hazards import HazardReader
from features.text.injuries import Injury, injury_in
from features.text.lexicon import mentions
from features.text.normal import Places, normalise
from features.text.tokens import LONGEST, words_of_process


@dataclass(frozen=True, slots=True)
class Said:
    """A text in normal form with the place of each sign, and what it says.

    `complaint` is None where its words tell neither a complaint nor praise. `print` is None for a text too
    short to be recognised again.
    """

    normal: str
    places: Places
    hazards: tuple[ToldHazard, ...]
    injury: Injury
    complaint: bool | None
    print: Print | None


def said(text: str) -> Said:
    """Read a text; the last few thousand are remembered, so that reading before a lock is taken pays."""
    return _said(text[:LONGEST])


@lru_cache(maxsize=4096)
def _said(text: str) -> Said:
    normal, places = normalise(text)
    injury = injury_in(normal)
    found = _hazard_reader().read(text)
    hazards = tuple(
        ToldHazard(
            one.hazard,
            round(one.probability, 4),
            one.severity,
            tuple((word.start, word.end) for word in one.words),
        )
        for one in found.hazards
    )
    return Said(normal, places, hazards, injury, _complains(normal, hazards, injury), print_of(normal))


def as_written(places: Places, start: int, end: int) -> Span:
    """Return the place of [start, end) of the normal text in the text as it was written."""
    return places[start], places[end - 1] + 1


@cache
def _hazard_reader() -> HazardReader:
    return HazardReader(words_of_process())


def _complains(normal: str, hazards: tuple[ToldHazard, ...], injury: Injury) -> bool | None:
    if hazards or injury.severity:
        return True
    words = policy().words
    if any(word in normal for word in words.complaint):
        return True
    if any(word in normal for word in words.praise) or mentions(normal):  # all hazards named are denied
        return False
    return None
