"""Names of goods, brands and enterprises, each with the instant from which it is known.

A text is compared with the names that were known before it, and with the tariff's own names, which are part
of the text version: so a reading rests on nothing that came to be known later.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from features.instants import Instant
from features.records import AnyRecord, Declaration, Party
from features.remembered import remembered
from features.terms import Role
from features.text.commodities import tariff_names
from features.text.names import is_whole
from features.text.normal import normalise
from features.text.parties import short_names

GOODS, BRAND, MANUFACTURER, CONSIGNEE = "goods", "brand", "manufacturer", "consignee"
ROLES = (BRAND, MANUFACTURER, CONSIGNEE)
_LEAST, _LONGEST = 2, 40
"""Shorter names say nothing, and no citizen writes longer ones."""
_TRADERS = frozenset({Role.CONSIGNEE, Role.OWNER})


class Name(NamedTuple):
    """A name of a kind, in normal form, what goes by it (a heading, a brand, a party), and since when.

    `lines` says how many lines at least had borne it by then, for goods: 1, 2, 4, 8, …
    """

    kind: str
    name: str
    owner: str
    since: Instant
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Called:
    """What goes by a known name at [start, end) of a normal text, and how many lines had it so, at least."""

    owners: Mapping[str, int]
    start: int
    end: int


class KnownNames:
    """Names of one kind; those of `below` are known, too."""

    def __init__(self, below: KnownNames | None = None) -> None:
        self._below = below
        self._owners: dict[str, dict[str, dict[int, Instant]]] = {}
        self._lengths: dict[str, list[int]] = defaultdict(list)

    def add(self, name: Name) -> None:
        """Know a name of an owner from its instant on, or from an earlier one than so far."""
        owners = self._owners.get(name.name)
        if owners is None:
            owners = self._owners[name.name] = {}
            lengths = self._lengths[name.name[:_LEAST]]
            if -len(name.name) not in lengths:
                insort(lengths, -len(name.name))
        borne = owners.setdefault(name.owner, {})
        borne[name.lines] = min(name.since, borne.get(name.lines, name.since))

    def find(self, normal: str, before: Instant) -> list[Called]:
        """Return the names in a normal text that were known before an instant, the longest at each place."""
        found, place = [], 0
        while place < len(normal) - 1:
            called = self._longest_at(normal, place, before)
            if called is not None:
                found.append(called)
            place = place + 1 if called is None else called.end
        return found

    def _longest_at(self, normal: str, place: int, before: Instant) -> Called | None:
        for length in self._lengths_of(normal[place : place + _LEAST]):
            end = place - length
            if end <= len(normal) and is_whole(normal, place, end):
                owners = self._owners_of(normal[place:end], before)
                if owners:
                    return Called(dict(sorted(owners.items())), place, end)
        return None

    def _lengths_of(self, head: str) -> list[int]:
        own = self._lengths.get(head, [])
        below = self._below._lengths_of(head) if self._below is not None else []
        return sorted({*own, *below}) if own and below else own or below

    def _owners_of(self, name: str, before: Instant) -> dict[str, int]:
        known = {} if self._below is None else self._below._owners_of(name, before)
        for owner, borne in self._owners.get(name, {}).items():
            lines = max((lines for lines, since in borne.items() if since < before), default=0)
            if lines:
                known[owner] = max(lines, known.get(owner, 0))
        return known


def names_of(record: AnyRecord, since: Instant) -> Iterator[Name]:
    """Yield the names that a declaration or a party brings."""
    if isinstance(record, Declaration):
        if record.goods_name and len(record.hs_code) >= 4:
            yield from _kept(GOODS, _plain(record.goods_name), record.hs_code[:4], since)
        if record.brand:
            yield from _kept(BRAND, _plain(record.brand), record.brand, since)
        if record.manufacturer:
            yield from _kept(MANUFACTURER, _short(record.manufacturer), record.manufacturer, since)
    elif (
        isinstance(record, Party)
        and record.name
        and (not record.roles or _TRADERS.intersection(record.roles))
    ):
        yield from _kept(CONSIGNEE, _short(record.name), record.id, since)


@remembered(32_768)
def _plain(name: str) -> tuple[str, ...]:
    return (normalise(name)[0].strip(),)


@remembered(32_768)
def _short(name: str) -> tuple[str, ...]:
    return tuple(short_names(name))


def _kept(kind: str, names: Iterable[str], owner: str, since: Instant) -> Iterator[Name]:
    for name in names:
        if _LEAST <= len(name) <= _LONGEST and not name.isdigit():
            yield Name(kind, name, owner, since)


@cache
def tariff() -> KnownNames:
    """Return the tariff's names with their headings; they are always known."""
    known = KnownNames()
    for name, heading in tariff_names():
        for kept in _kept(GOODS, [normalise(name)[0]], heading, -1):
            known.add(kept)
    return known
