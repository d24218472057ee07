"""A line is graded by the gravest cell of its hazards, each regime by its own matrix."""

from __future__ import annotations

import math
import tomllib
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from features.regimes import Regime
from models.grading import SHIPPED, Cell, Grader, GradingPolicy, read_policy
from models.grading.injuries import INJURIES
from models.hazards import HAZARDS
from models.scores import RiskGrade

POLICY = read_policy().policy
GRADER = read_policy().grader
CODES = ("9503002100", "8516109000", "0402100000", "3604100000", "8507600090", "3304990099", "4407119090")
ORDER = list(reversed(RiskGrade))


def chances() -> st.SearchStrategy[list[float]]:
    chance = st.floats(-9, 0).map(lambda power: 10.0**power) | st.sampled_from([0.0, 1.0, 0.1, 0.01])
    return st.lists(chance, min_size=len(HAZARDS), max_size=len(HAZARDS))


def of_goods(hazard: Any, hs_code: str) -> tuple[int, float]:
    """Severity and harm by the longest beginning, the slow way: shorter beginnings first, longer overrule."""
    severity, harm = hazard.severity, hazard.harm
    for length in range(2, 11):
        for goods in hazard.goods:
            if hs_code[:length] in goods.hs:
                severity = goods.severity or severity
                harm = goods.harm if goods.harm is not None else harm
    return severity, harm


def slow_cells(regime: Regime, hs_code: str, probabilities: list[float], raised: int) -> list[Any]:
    """(rank of grade, hazard, severity, band) of every hazard, read off the policy as a person would."""
    found, own = [], POLICY.regime[regime]
    levels = {entry.level: entry.grade for entry in POLICY.grade}
    for hazard, probability in zip(HAZARDS, probabilities, strict=True):
        entry = next(entry for entry in POLICY.hazard if entry.hazard == hazard)
        severity, harm = of_goods(entry, hs_code)
        if entry.injures:
            severity = min(4, severity + raised)
        band = next((at for at, over in enumerate(own.over) if probability * harm > over), len(own.over) - 1)
        grade = levels[own.matrix[str(severity)][band]]
        found.append((ORDER.index(grade), hazard, severity, band, probability * harm))
    return found


@given(st.sampled_from(list(Regime)), st.sampled_from(CODES), chances(), st.integers(0, 3))
def test_the_cell_is_the_gravest_that_a_person_reads_off_the_policy(
    regime: Regime, hs_code: str, probabilities: list[float], raised: int
) -> None:
    cell = GRADER.cell(regime, hs_code, probabilities, raised)
    slow = slow_cells(regime, hs_code, probabilities, raised)
    assert ORDER.index(cell.grade) == max(one[0] for one in slow)
    assert (ORDER.index(cell.grade), cell.hazard, cell.severity, cell.band, cell.probability) in slow
    assert cell.probability == cell.hazard_probability * cell.harm
    assert cell.level == GRADER.entries[cell.grade].level


@given(st.sampled_from(list(Regime)), st.sampled_from(CODES), chances(), chances(), st.integers(0, 2))
def test_what_is_likelier_or_graver_is_never_graded_milder(
    regime: Regime, hs_code: str, some: list[float], others: list[float], raised: int
) -> None:
    low = [min(pair) for pair in zip(some, others, strict=True)]
    before = GRADER.cell(regime, hs_code, low, raised).grade
    assert ORDER.index(GRADER.cell(regime, hs_code, some, raised).grade) >= ORDER.index(before)
    assert ORDER.index(GRADER.cell(regime, hs_code, low, raised + 1).grade) >= ORDER.index(before)


@given(st.sampled_from(list(Regime)), st.sampled_from(list(Regime)), chances(), st.sampled_from(CODES))
def test_a_change_of_one_regimes_matrix_or_bounds_changes_no_other_regimes_grade(
    altered: Regime, asked: Regime, probabilities: list[float], hs_code: str
) -> None:
    assume(altered is not asked)
    whole: Any = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    whole["regime"][altered]["matrix"] = {severity: ["S", "S", "S"] for severity in "1234"}
    whole["regime"][altered]["over"] = [0.9, 0.2, 0.0]
    other = Grader(msgspec.convert(whole, GradingPolicy))
    assert other.cell(asked, hs_code, probabilities) == GRADER.cell(asked, hs_code, probabilities)
    assert other.cell(altered, hs_code, probabilities).grade is RiskGrade.I


def test_a_line_of_no_known_regime_is_not_graded_by_another_regimes_matrix() -> None:
    with pytest.raises(KeyError):
        GRADER.cell("unheard_of", CODES[0], [0.0] * len(HAZARDS))


@given(
    st.sampled_from(list(Regime)),
    st.sampled_from(CODES),
    chances(),
    st.integers(0, 3),
    st.floats(0.001, 0.999),
)
def test_under_the_boundary_the_grade_is_milder_and_above_it_is_not(
    regime: Regime, hs_code: str, weights: list[float], raised: int, probability: float
) -> None:
    assume(sum(weights) > 0)
    shares = [weight / sum(weights) for weight in weights]

    def graded(nonconforming: float) -> RiskGrade:
        return GRADER.cell(regime, hs_code, [nonconforming * share for share in shares], raised).grade

    boundary = GRADER.boundary(regime, hs_code, shares, raised, probability)
    if boundary is None:
        assert graded(probability) is ORDER[0]
        return
    assert boundary.probability <= probability * (1 + 1e-9)
    assert graded(boundary.probability * (1 - 1e-9)) is boundary.grade
    assert ORDER.index(graded(min(1.0, boundary.probability * (1 + 1e-9)))) > ORDER.index(boundary.grade)


def opinions(**entities: tuple[int, int]) -> np.ndarray[Any, Any]:
    """A line's tally of opinions: (opinions, injured) by entity, the same in every window."""
    windows = np.zeros(
        (len(INJURIES.entities), len(INJURIES.windows), 1 + len(INJURIES.measures)), dtype=np.int64
    )
    for entity, (count, injured) in entities.items():
        windows[INJURIES.entities.index(entity), :, 0] = count
        windows[INJURIES.entities.index(entity), :, 1 + INJURIES.measures.index("injured")] = injured
    return windows


def raised_by(**entities: tuple[int, int]) -> int:
    return GRADER.raised(GRADER.injury_counts(opinions(**entities)[np.newaxis])[0])


def test_injuries_raise_severity_where_enough_persons_were_hurt_and_more_than_usual() -> None:
    assert raised_by(all=(1000, 100), brand=(10, 3)) == 1
    assert raised_by(all=(1000, 100), brand=(10, 2)) == 0
    assert raised_by(all=(1000, 100), brand=(100, 10)) == 0
    assert raised_by(all=(1000, 100), hs4=(40, 19)) == 0
    assert raised_by(all=(1000, 100), hs4=(40, 20)) == 1
    assert raised_by(all=(1000, 100)) == 0
    assert GRADER.injury_counts(opinions(all=(1000, 100))[np.newaxis]) == [{}]


def test_raised_severity_stops_at_the_gravest_and_leaves_hazards_that_injure_nobody() -> None:
    certain = [1.0] * len(HAZARDS)
    for hazard in ("labelling_marking", "pest_quarantine", "environment_waste", "fraud_counterfeit"):
        alone = [float(name == hazard) for name in HAZARDS]
        assert GRADER.cell("general", CODES[0], alone, 3).raised == 0
    assert GRADER.cell("general", CODES[0], certain, 3).severity == 4
    raised = GRADER.cell("general", "8516109000", [float(name == "burns_heat") for name in HAZARDS], 1)
    assert (raised.severity, raised.raised) == (3, 1)


def test_a_cell_survives_being_written_as_json() -> None:
    cell = GRADER.cell("food", "0402100000", [0.02] * len(HAZARDS), 1)
    again = msgspec.json.decode(msgspec.json.encode(cell), type=Cell)
    assert again == cell
    assert math.isclose(again.probability, cell.probability, rel_tol=0, abs_tol=0)
