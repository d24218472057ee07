"""Known names found in texts: goods, brands and enterprises, the longest at each place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from features.text.normal import normalise

_LEAST = 2
"""Shorter names say nothing."""


@dataclass(frozen=True, slots=True)
class Named:
    """A known name at [start, end) of a normal text, and how often each owner goes by it."""

    name: str
    start: int
    end: int
    owners: Counter[str]


class NameIndex:
    """Names with their owners (headings, parties), in normal form; immutable once built.

    `entries` are pairs, each as often as it was seen, or pairs with how often.
    """

    def __init__(self, entries: Iterable[tuple[str, str]] | Mapping[tuple[str, str], int]) -> None:
        self._owners: dict[str, Counter[str]] = defaultdict(Counter)
        for (name, owner), times in Counter(entries).items():
            normal = normalise(name)[0].strip()
            if len(normal) >= _LEAST and not normal.isdigit():
                self._owners[normal][owner] += times
        self._lengths: dict[str, list[int]] = defaultdict(list)
        for name in self._owners:
            self._lengths[name[:_LEAST]].append(len(name))
        for head, lengths in self._lengths.items():
            self._lengths[head] = sorted(set(lengths), reverse=True)

    def __len__(self) -> int:
        return len(self._owners)

    def find(self, normal: str) -> list[Named]:
        """Return the known names in a normal text from left to right; Latin ones only as whole words."""
        found, place = [], 0
        while place < len(normal):
            end = self._longest_at(normal, place)
            if end:
                name = normal[place:end]
                found.append(Named(name, place, end, self._owners[name]))
            place = end or place + 1
        return found

    def _longest_at(self, normal: str, place: int) -> int:
        for length in self._lengths.get(normal[place : place + _LEAST], ()):
            end = place + length
            if end <= len(normal) and normal[place:end] in self._owners and is_whole(normal, place, end):
                return end
        return 0


def is_whole(normal: str, start: int, end: int) -> bool:
    """Tell whether [start, end) of a normal text cuts no Latin word or number in two."""

    def latin(sign: str) -> bool:
        return sign.isascii() and sign.isalnum()

    before, after = normal[max(0, start - 1) : start], normal[end : end + 1]
    return not (latin(before) and latin(normal[start])) and not (latin(after) and latin(normal[end - 1]))
