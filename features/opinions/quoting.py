"""The sentences of an opinion that its reading rests on, with the places of the words that carried them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from features.opinions.reading import Reading

_ENDS = re.compile(r"[。！？；!?;\n]+|(?<=[a-z])\.(?=\s|$)")
_LONGEST = 240
"""A sentence that does not end is cut around its words."""


class Mark(NamedTuple):
    """Words at [start, end) of the text, and what they say: a hazard, an injury, goods or a party."""

    start: int
    end: int
    kind: str
    what: str


class Quote(NamedTuple):
    """A sentence at [start, end) of the text, with its marks in order."""

    start: int
    end: int
    text: str
    marks: tuple[Mark, ...]


def quotes(text: str, reading: Reading) -> list[Quote]:
    """Return the sentences of a stored text that carry its reading, in order."""
    marks = sorted(set(_marks(reading)))
    found = []
    for start, end in _sentences(text):
        inside = tuple(mark for mark in marks if start <= mark.start < end)
        if inside:
            begin = max(start, inside[0].start - _LONGEST // 2)
            stop = min(end, max(inside[-1].end, begin + _LONGEST))
            found.append(Quote(begin, stop, text[begin:stop], inside))
    return found


def _marks(reading: Reading) -> Iterator[Mark]:
    for hazard in reading.hazards:
        yield from (Mark(*span, "hazard", hazard.hazard) for span in hazard.spans)
    yield from (Mark(*span, "injury", str(reading.injury)) for span in reading.injury_spans)
    if reading.hs4 is not None:
        yield from (Mark(*span, "goods", reading.hs4) for span in reading.goods)
    for party in reading.parties:
        if getattr(reading, party.role) == party.value:
            yield Mark(*party.span, party.role, party.value)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for ending in _ENDS.finditer(text):
        if ending.start() > start:
            yield start, ending.end()
        start = ending.end()
    if start < len(text):
        yield start, len(text)
