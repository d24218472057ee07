"""How far laboratories can be believed: how often a re-test by another one said the same.

A label that rests on one result of the port's own inspection is taken as it is. Where results of a line
contradict or confirm each other, or an accepted third-party result decides, its label counts as much as it
is likely to be right. Without a single re-test on record nobody is doubted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from features.records import Inspection
from features.terms import FAILED_OUTCOMES, Depth, Outcome
from training.labels import KnownRecord

USUAL, USUAL_COUNT = 0.95, 20.0
"""Agreement believed before anything is counted, and how many re-tests that belief is worth."""
OWN_COUNT = 10.0
"""How many re-tests the agreement of all laboratories is worth against a laboratory's own."""
LEAST, MOST = 0.55, 0.995


@dataclass(frozen=True, slots=True)
class Laboratories:
    """Agreement with re-tests by laboratory, shrunk to that of all; `retests` counts the pairs of results."""

    usual: float = 1.0
    of: Mapping[str, float] = field(default_factory=dict)
    retests: int = 0

    def agreement(self, laboratory: str | None) -> float:
        """Return a laboratory's agreement; that of all for one never re-tested."""
        return self.of.get(laboratory or "", self.usual)

    def trust(self, inspections: Iterable[KnownRecord[Inspection]], *, positive: bool) -> float:
        """Return the chance that a line's label is right, given its results; 1 where nothing is in doubt."""
        results = list(_results(inspections))
        doubtful = len(results) > 1 or any(result.third_party_accepted for result in results)
        if not self.retests or not doubtful:
            return 1.0
        odds = 0.0
        for result in results:
            word = float(np.clip(self.agreement(result.laboratory), LEAST, MOST))
            weight = np.log(word / (1 - word))
            odds += weight if _failed(result) == positive else -weight
        return float(1.0 / (1.0 + np.exp(-odds)))


def laboratories_of(lines: Iterable[Iterable[KnownRecord[Inspection]]]) -> Laboratories:
    """Count, over the results of each line, how often two laboratories agreed.

    Either may be wrong where they differ, so a difference counts against both.
    """
    agreed: dict[str, float] = {}
    counted: dict[str, float] = {}
    same = pairs = 0
    for inspections in lines:
        for first, second in _retests(inspections):
            alike = _failed(first) == _failed(second)
            same, pairs = same + alike, pairs + 1
            for laboratory in (first.laboratory or "", second.laboratory or ""):
                agreed[laboratory] = agreed.get(laboratory, 0.0) + alike
                counted[laboratory] = counted.get(laboratory, 0.0) + 1
    if not pairs:
        return Laboratories()
    usual = (same + USUAL * USUAL_COUNT) / (pairs + USUAL_COUNT)
    of = {name: (agreed[name] + usual * OWN_COUNT) / (counted[name] + OWN_COUNT) for name in sorted(counted)}
    return Laboratories(usual, of, pairs)


def _retests(inspections: Iterable[KnownRecord[Inspection]]) -> Iterator[tuple[Inspection, Inspection]]:
    tested = [result for result in _results(inspections) if result.laboratory is not None]
    for first, second in combinations(tested, 2):
        if first.laboratory != second.laboratory:
            yield first, second


def _results(inspections: Iterable[KnownRecord[Inspection]]) -> Iterator[Inspection]:
    for known in inspections:
        record = known.record
        if record.depth is not Depth.DOCUMENT and record.outcome is not Outcome.PENDING:
            yield record


def _failed(result: Inspection) -> bool:
    return result.outcome in FAILED_OUTCOMES
