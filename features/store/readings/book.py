"""What readings rest on, by when it was known: names, and nonconformities found."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict

from sqlalchemy import Connection

from features.instants import Instant
from features.opinions.names import BRAND, CONSIGNEE, GOODS, MANUFACTURER, KnownNames, Name
from features.opinions.yields import Told, learn, matured
from features.store.statements import run
from features.text import TEXT_VERSION

_KINDS = (GOODS, BRAND, MANUFACTURER, CONSIGNEE)
_NAMES = """
    SELECT kind, name, owner, lines, since, sequence FROM opinion_names
    WHERE text_version = ? AND sequence > ?
"""
_OUTCOMES = "SELECT about, visible_at, sequence FROM opinion_outcomes WHERE text_version = ? AND sequence > ?"
_TOLD = """
    SELECT channel, visible_at, about FROM opinion_readings
    WHERE text_version = ? AND visible_at >= ? AND visible_at < ? AND complaint AND duplicate_of IS NULL
"""


class Book:
    """Names and outcomes; with `below`, those that are not taken in yet, on top of those that are."""

    def __init__(self, below: Book | None = None) -> None:
        self._below = below
        self.names: dict[str, KnownNames] = {
            kind: KnownNames(below.names[kind] if below else None) for kind in _KINDS
        }
        self.outcomes: dict[str, list[Instant]] = defaultdict(list)
        self._yields: dict[Instant, dict[str, float]] = {}
        self._read = (-1, -1)
        self._readings = -1

    def add_name(self, name: Name) -> None:
        """Know a name from its instant on."""
        self.names[name.kind].add(name)

    def add_outcome(self, about: str, at: Instant) -> None:
        """Know that a nonconformity of something became known at an instant."""
        insort(self.outcomes[about], at)

    def follow(self, connection: Connection, readings: int) -> Book:
        """Return the book with all that was taken in by now; a new one when `readings` were changed."""
        book = self if readings == self._readings else Book()
        book._readings = readings
        names, outcomes = book._read
        for kind, name, owner, lines, since, sequence in run(connection, _NAMES, TEXT_VERSION, names):
            book.add_name(Name(kind, name, owner, since, lines))
            names = max(names, sequence)
        for about, at, sequence in run(connection, _OUTCOMES, TEXT_VERSION, outcomes):
            book.add_outcome(about, at)
            outcomes = max(outcomes, sequence)
        book._read = (names, outcomes)
        return book

    def forget_yields(self) -> None:
        """Learn yields again: an import may have brought what is older than they are."""
        self._yields.clear()

    def yields(self, connection: Connection, begin: Instant) -> dict[str, float]:
        """Return the sources' yields as known at the beginning of a period, learned once."""
        home = self if self._below is None else self._below
        found = home._yields.get(begin)
        if found is None:
            rows = run(connection, _TOLD, TEXT_VERSION, *matured(begin)).all()
            told = [Told(*row) for row in rows]
            found = home._yields[begin] = learn(told, {one.about: self._instants(one.about) for one in told})
        return found

    def _instants(self, about: str) -> list[Instant]:
        own = self.outcomes.get(about, [])
        below = self._below._instants(about) if self._below is not None else []
        return sorted([*own, *below]) if own and below else own or below
