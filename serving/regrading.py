"""Grades a stored score again, by the policy of the SHA-256 it names, and compares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from models.grading import Cell
from models.hazards import PLACE, HazardModel
from models.scores import RiskGrade
from serving.grades import grading_of, kept_policy, recorded_grading
from serving.grading import Grading, HazardChance, likeliest
from serving.storage.gradings import gradings_of
from serving.storage.scores import StoredScore

_GRADES = list(RiskGrade)


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that came out otherwise than stored."""

    name: str
    stored: float
    again: float


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What a score is graded by: its vector (k,), its probability, and the tally of opinions as rebuilt.

    `opinions` is int64 (entities, windows, measures); None stands for the injuries as they were stored.
    """

    vector: NDArray[np.float64]
    probability: float
    opinions: NDArray[np.int64] | None = None


def grade_differences(
    engine: Engine, hazards: HazardModel, score: StoredScore, inputs: Inputs
) -> list[Difference]:
    """Return what differs when a score is graded again; grades are told as 1 to 4.

    Raises CannotReplay where the policy is not kept.
    """
    grading = grading_of(score)
    if grading is None:
        return []
    grader = kept_policy(engine, grading.policy).grader
    shares = hazards.probabilities(inputs.vector[np.newaxis, :], [score.hs_code])[0]
    chances = (shares * inputs.probability).tolist()
    opinions = inputs.opinions
    raised = grader.raised(
        grading.injuries if opinions is None else grader.injury_counts(opinions[np.newaxis])[0]
    )
    own = grader.cell(score.regime, score.hs_code, chances, raised)
    inherited = grading.inherited if _stands(engine, score, grading) else None
    again = own if inherited is None else inherited
    stored = {
        **_numbers(grading.own, grading.hazards),
        "raised": grading.raised,
        "grade": _graded(score.grade),
    }
    told = {
        **_numbers(own, likeliest(shares.tolist(), chances)),
        "raised": raised,
        "grade": _graded(again.grade),
    }
    return list(_compared(stored, told))


def _stands(engine: Engine, score: StoredScore, grading: Grading) -> bool:
    """Say whether the line that a grade was inherited from was graded so; those of what-ifs are not kept."""
    if grading.inherited is None or grading.event is None or score.what_if:
        return grading.inherited is not None
    decided_by = grading.event.decided_by or score.line_id
    graded = [recorded_grading(one) for one in gradings_of(engine, grading.event.key, decided_by)]
    return any(one.own == grading.inherited and one.policy == grading.policy for one in graded)


def _graded(grade: str | None) -> float:
    return float("nan") if grade is None else 1.0 + _GRADES.index(RiskGrade(grade))


def _numbers(cell: Cell, hazards: tuple[HazardChance, ...]) -> dict[str, float]:
    found: dict[str, float] = {
        "grade of its own cell": _graded(cell.grade),
        "hazard of its own cell": PLACE.get(cell.hazard, -1),
        "severity": cell.severity,
        "severity raised": cell.raised,
        "band": cell.band,
        "probability of harm": cell.probability,
    }
    for one in hazards:
        found[f"share of {one.hazard}"] = one.given
        found[f"probability of {one.hazard}"] = one.probability
    return found


def _compared(stored: Mapping[str, float], again: Mapping[str, float]) -> Iterator[Difference]:
    for name in dict.fromkeys([*stored, *again]):
        one, other = stored.get(name, float("nan")), again.get(name, float("nan"))
        if one != other:
            yield Difference(name, float(one), float(other))
