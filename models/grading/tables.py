"""A grading policy laid out so that a line is graded in microseconds."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.regimes import Regime
from models.grading.checking import ROWS
from models.grading.injuries import InjuryCounts, InjuryTable
from models.grading.policy import GradingPolicy, Hazard
from models.hazards import HAZARDS
from models.scores import RiskGrade

GRAVEST = 4
MOST_GOODS = 50_000
"""Goods remembered before all are forgotten; the tariff has some 13,000."""


class Cell(msgspec.Struct, frozen=True, gc=False):
    """The cell that a line falls into by its gravest hazard; among equals, the one nearest to the next grade.

    `probability` is that of harm, P(hazard) in `hazard_probability` times the policy's `harm`. `band` counts
    from the likeliest; `raised` is how much of `severity` is due to injuries in the records.
    """

    grade: RiskGrade
    level: str
    hazard: str
    severity: int
    raised: int
    band: int
    probability: float
    hazard_probability: float
    harm: float


class Boundary(NamedTuple):
    """The probability of nonconformity at and below which a line has a milder grade, and that grade."""

    probability: float
    grade: RiskGrade


class _Hazard(NamedTuple):
    """A hazard of some goods: the chance of harm, the probabilities of harm at which ranks rise, and the
    severity, with how much of it is due to injuries."""

    harm: float
    bounds: tuple[float, ...]
    severity: int
    raised: int


_Goods = tuple[_Hazard, ...]


class Grader:
    """Grades lines by one policy; regimes have tables of their own and nothing in common."""

    def __init__(self, policy: GradingPolicy) -> None:
        self.policy = policy
        self._tables = {str(regime): _Tables(policy, regime) for regime in Regime}
        self._hazards = {entry.hazard: entry for entry in policy.hazard}
        self._goods: dict[tuple[str, str, int], _Goods] = {}
        self._injuries = InjuryTable(policy.injury)
        self.entries = {entry.grade: entry for entry in policy.grade}
        """The policy's entry of each grade."""
        self.competence = {
            (str(regime), grade): policy.competence(regime, grade) for regime in Regime for grade in RiskGrade
        }
        """Whose competence a grade is in a regime, the leading authority first."""

    def cell(self, regime: str, hs_code: str, probabilities: Sequence[float], raised: int = 0) -> Cell:
        """Return the gravest cell of a line: `probabilities` are P(hazard) in the order of HAZARDS."""
        rank, nearest, where = 0, -1.0, 0
        goods = self._of(regime, hs_code, raised)
        for place, (harm, (low, middle, high), _, _) in enumerate(goods):
            chance = probabilities[place] * harm
            if chance <= low:
                if rank:
                    continue
                found, near = 0, chance / low
            elif chance <= middle:
                found, near = 1, chance / middle
            else:
                found, near = (2, chance / high) if chance <= high else (3, chance / high)
            if found > rank or (found == rank and near > nearest):
                rank, nearest, where = found, near, place
        return self._cell(regime, goods, (rank, where), probabilities[where])

    def _cell(self, regime: str, goods: _Goods, found: tuple[int, int], probability: float) -> Cell:
        rank, where = found
        tables, (harm, _, severity, raised) = self._tables[regime], goods[where]
        band = len(tables.ascending) - bisect_left(tables.ascending, probability * harm)
        grade, level = tables.grades[rank]
        chances = probability * harm, probability, harm
        return Cell(grade, level, HAZARDS[where], severity, raised, band, *chances)

    def boundary(
        self, regime: str, hs_code: str, shares: Sequence[float], raised: int, probability: float
    ) -> Boundary | None:
        """Return under which probability of nonconformity a line's grade is milder.

        `shares` are P(hazard | nonconforming): what is foreseen to go wrong stays as it is. None where the
        grade is the mildest, or stays however improbable.
        """
        grades = [grade for grade, _ in self._tables[regime].grades]
        rank = grades.index(
            self.cell(regime, hs_code, [probability * share for share in shares], raised).grade
        )
        if rank == 0:
            return None
        hazards = zip(shares, self._of(regime, hs_code, raised), strict=True)
        most = min(
            bounds[rank - 1] / (share * harm) for share, (harm, bounds, *_) in hazards if share * harm > 0
        )
        return Boundary(most, grades[rank - 1]) if most > 0 else None

    def raised(self, injuries: InjuryCounts) -> int:
        """Return by how much the injuries that `injury_counts` picked raise severities."""
        return self._injuries.raised(injuries)

    def injury_counts(self, windows: NDArray[np.int64]) -> list[InjuryCounts]:
        """Pick what the policy reads of lines' opinions (n, entities, windows, measures); {}: no injury."""
        return self._injuries.pick(windows)

    def _of(self, regime: str, hs_code: str, raised: int) -> _Goods:
        key = regime, hs_code, raised
        found = self._goods.get(key)
        if found is None:
            if len(self._goods) >= MOST_GOODS:
                self._goods.clear()
            tables, entries = self._tables[regime], (self._hazards[name] for name in HAZARDS)
            found = self._goods[key] = tuple(tables.hazard(entry, hs_code, raised) for entry in entries)
        return found


class _Tables:
    """One regime's matrix: (grade, level) by rank (0 the mildest), and for each severity its rising bounds.

    `ascending` are the bounds above 0; the band of a probability is how many lie below it.
    """

    def __init__(self, policy: GradingPolicy, regime: Regime) -> None:
        own = policy.regime[regime]
        self.grades = [(entry.grade, entry.level) for entry in reversed(policy.grade)]
        self.ascending = sorted(own.over)[1:]
        ranks = {level: rank for rank, (_, level) in enumerate(self.grades)}
        rows = {int(name): [ranks[level] for level in own.matrix[name][::-1]] for name in ROWS}
        self._bounds = {severity: self._rising(row) for severity, row in rows.items()}

    def _rising(self, row: Sequence[int]) -> tuple[float, ...]:
        """Return the probability above which each rank from 1 on is reached; infinite where none is.

        -1 where the least likely band has it already, and with it what is impossible.
        """
        bounds = [0.0, *self.ascending]
        reached = [next((at for at, found in enumerate(row) if found >= rank), None) for rank in (1, 2, 3)]
        return tuple(math.inf if at is None else bounds[at] if at else -1.0 for at in reached)

    def hazard(self, entry: Hazard, hs_code: str, raised: int) -> _Hazard:
        """Return a hazard of goods as its severity, raised by so much, places it in this matrix."""
        severity, harm = _of_goods(entry, hs_code)
        graver = _raised(entry, severity, raised)
        return _Hazard(harm, self._bounds[graver], graver, graver - severity)


def _raised(entry: Hazard, severity: int, raised: int) -> int:
    return min(severity + raised, GRAVEST) if entry.injures else severity


def _of_goods(entry: Hazard, hs_code: str) -> tuple[int, float]:
    """Return severity and chance of harm, each by the longest beginning of the HS code that states it."""
    severity, harm = (0, entry.severity), (0, entry.harm)
    for goods in entry.goods:
        length = max((len(code) for code in goods.hs if hs_code.startswith(code)), default=0)
        if goods.severity is not None and length > severity[0]:
            severity = length, goods.severity
        if goods.harm is not None and length > harm[0]:
            harm = length, goods.harm
    return severity[1], harm[1]
