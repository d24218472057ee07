"""A grading policy is followed only when every cell is there and none is milder than it may be."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.regimes import Regime
from models.grading import SHIPPED, GradingPolicy, InvalidGradingPolicy, checking, parse_policy, read_policy
from models.grading.places import band
from models.scores import Colour, RiskGrade

LEVELS = "LMHS"
SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")


def changed(path: tuple[Any, ...], value: Any) -> GradingPolicy:
    """The shipped policy with one entry replaced (or dropped, for None), unchecked."""
    whole: Any = tomllib.loads(SHIPPED_TEXT)
    entry = whole
    for step in path[:-1]:
        entry = entry[step]
    if value is None:
        del entry[path[-1]]
    else:
        entry[path[-1]] = value
    return msgspec.convert(whole, GradingPolicy)


def problems(policy: GradingPolicy) -> list[str]:
    """What is wrong with a policy, in English; the Chinese is there, too."""
    found = checking.problems(policy)
    assert all(re.search("[\u4e00-\u9fff]", one.zh) for one in found)
    return [one.en for one in found]


def matrices() -> st.SearchStrategy[dict[str, list[str]]]:
    row = st.lists(st.sampled_from(LEVELS), min_size=8, max_size=8)
    return st.fixed_dictionaries(dict.fromkeys("1234", row))


def milder_pairs(matrix: dict[str, list[str]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Every pair of cells of which the one at least as likely and severe is milder: the slow oracle."""
    cells = list(itertools.product(range(1, 5), range(8)))
    return [
        (milder, graver)
        for milder, graver in itertools.product(cells, cells)
        if milder[0] >= graver[0]
        and milder[1] <= graver[1]
        and LEVELS.index(matrix[str(milder[0])][milder[1]]) < LEVELS.index(matrix[str(graver[0])][graver[1]])
    ]


def test_the_shipped_policy_has_nothing_wrong_and_is_known_by_its_hash() -> None:
    read = read_policy()
    assert problems(read.policy) == []
    assert parse_policy(SHIPPED.read_bytes(), "again").sha256 == read.sha256
    assert re.fullmatch(r"[0-9a-f]{64}", read.sha256)


def test_the_shipped_policy_claims_no_national_table() -> None:
    policy = read_policy().policy
    assert "claim conformity to no national table" in policy.provenance_en
    assert "不代表任何国家统一分级标准" in policy.provenance_zh
    assert [entry.zh for entry in policy.grade] == ["严重", "高", "中", "低"]


@given(matrices(), st.sampled_from(list(Regime)))
def test_a_matrix_is_refused_exactly_when_some_likelier_or_graver_cell_is_milder(
    matrix: dict[str, list[str]], regime: Regime
) -> None:
    found = problems(changed(("regime", str(regime), "matrix"), matrix))
    assert bool(found) == bool(milder_pairs(matrix))
    for problem in found:
        assert problem.startswith(f"regime {regime}: cell (severity ")


@given(st.integers(1, 4), st.integers(0, 7), st.sampled_from(list(Regime)))
def test_a_cell_that_breaks_the_order_is_named_in_the_message(
    severity: int, place: int, regime: Regime
) -> None:
    policy = read_policy().policy
    row = list(policy.regime[regime].matrix[str(severity)])
    for level in set(LEVELS) - {row[place]}:
        matrix = {name: list(own) for name, own in policy.regime[regime].matrix.items()}
        matrix[str(severity)][place] = level
        found = problems(changed(("regime", str(regime), "matrix"), matrix))
        if milder_pairs(matrix):
            cell = f"cell (severity {severity}, probability {band(policy.regime[regime].over, place)})"
            assert found
            assert all(cell in problem for problem in found)


@given(st.integers(1, 4), st.integers(0, 7), st.sampled_from(list(Regime)))
def test_a_row_that_ends_early_is_refused_naming_each_cell_it_lacks(
    severity: int, length: int, regime: Regime
) -> None:
    own = read_policy().policy.regime[regime]
    row = list(own.matrix[str(severity)])[:length]
    found = problems(changed(("regime", str(regime), "matrix", str(severity)), row))
    assert found == [
        f"regime {regime}: cell (severity {severity}, probability {band(own.over, at)}) is missing"
        for at in range(length, 8)
    ]


@pytest.mark.parametrize("severity", ["1", "2", "3", "4"])
def test_a_missing_row_is_refused_naming_all_its_cells(severity: str) -> None:
    found = problems(changed(("regime", "food", "matrix", severity), None))
    assert len(found) == 8
    assert all(f"severity {severity}" in one and one.endswith("missing") for one in found)


def test_an_unknown_level_a_row_too_many_and_a_cell_too_many_are_named() -> None:
    row = list(read_policy().policy.regime[Regime.FOOD].matrix["2"])
    found = problems(changed(("regime", "food", "matrix", "2"), ["X", *row]))
    assert any("(severity 2, probability >0.5) says 'X'" in one for one in found)
    assert any("severity 2 has 9 cells for 8 bands" in one for one in found)
    assert any(
        "severity '5' is unknown" in one for one in problems(changed(("regime", "food", "matrix", "5"), row))
    )


@pytest.mark.parametrize("bounds", [[], [0.1, 0.5, 0.0], [0.5, 0.5, 0.0], [0.5, 0.1], [1.0, 0.0]])
def test_bounds_must_fall_from_below_one_to_zero(bounds: list[float]) -> None:
    assert any(
        "must fall strictly" in one for one in problems(changed(("regime", "general", "over"), bounds))
    )


@pytest.mark.parametrize("regime", list(Regime))
def test_a_policy_without_one_of_the_regimes_is_refused(regime: Regime) -> None:
    assert f"regime {regime} is missing" in problems(changed(("regime", str(regime)), None))[0]


@pytest.mark.parametrize("grade", list(RiskGrade))
def test_every_grade_of_every_regime_must_be_somebodys_competence(grade: RiskGrade) -> None:
    found = problems(changed(("regime", "cosmetics", "competence", str(grade)), None))
    assert found == [f"regime cosmetics: competence of grade {grade} is missing"]
    found = problems(changed(("regime", "cosmetics", "competence", str(grade)), ["nobody"]))
    (only,) = found
    assert only.startswith(f"regime cosmetics: competence of grade {grade}: authority 'nobody' is unknown")
    assert "known are agriculture, " in only
    assert problems(changed(("regime", "cosmetics", "competence", "V"), ["gacc"]))[0].endswith(
        "no such grade"
    )


def test_grades_colours_and_percentiles_must_go_together() -> None:
    assert "the gravest first" in problems(changed(("grade", 0, "grade"), "IV"))[0]
    assert "no graver colour" in problems(changed(("grade", 3, "colour"), "red"))[0]
    assert "must fall from grade to grade" in problems(changed(("grade", 2, "percentile"), 97.0))[0]
    assert any("begin at percentile 0" in one for one in problems(changed(("grade", 3, "percentile"), 5.0)))
    assert any("stands for 2 grades" in one for one in problems(changed(("grade", 1, "level"), "S")))
    policy = read_policy().policy
    assert [policy.grade_of_rank(rank).grade for rank in (100, 99, 98.9, 60, 59.9, 0)] == [
        RiskGrade.I, RiskGrade.I, RiskGrade.II, RiskGrade.III, RiskGrade.IV, RiskGrade.IV,
    ]  # fmt: skip
    assert {entry.colour for entry in policy.grade} == set(Colour)


def test_hazards_are_all_there_once_and_injuries_read_what_is_counted() -> None:
    whole = tomllib.loads(SHIPPED_TEXT)["hazard"]
    missing = f"hazard {whole[0]['hazard']} is missing: each needs a [[hazard]]"
    assert problems(changed(("hazard", 0), None)) == [missing]
    doubled = problems(changed(("hazard", 0, "hazard"), whole[1]["hazard"]))
    assert f"hazard {whole[1]['hazard']} stands 2 times: must stand once" in doubled
    assert any(
        "hazard curse is unknown" in one for one in problems(changed(("hazard", 0, "hazard"), "curse"))
    )
    assert "not counted by 'office'" in problems(changed(("injury", 0, "entity"), "office"))[0]
    assert "must be one of " in problems(changed(("injury", 0, "days"), 8))[0]
    twice = {"hs": ["9503", "9503"], "severity": 3}
    assert "goods 9503 stand more than once" in problems(changed(("hazard", 0, "goods"), [twice]))[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = ", "colour_of_the_day = 1\nversion = ", "colour_of_the_day"),
        ("severity = 3", "severity = 7", "hazard"),
        ('"S", "S"', '"S" "S"', "Unclosed array"),
        ("harm = 0.", "harm = 3.", "harm"),
    ],
)
def test_a_file_that_is_no_policy_is_refused_with_the_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(SHIPPED_TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidGradingPolicy, match=said) as caught:
        read_policy(file)
    assert str(file) in str(caught.value)
    assert caught.value.problems


def test_a_missing_file_and_one_that_is_not_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidGradingPolicy, match="No such file"):
        read_policy(tmp_path / "none.toml")
    with pytest.raises(InvalidGradingPolicy):
        parse_policy(b"\xff\xfe", "bytes")


def test_every_regime_of_the_shipped_policy_has_the_cells_of_rapex() -> None:
    bounds = (0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 0.0)
    cells = {"4": "SSSSSHML", "3": "SSSSHMLL", "2": "SSSHMLLL", "1": "HMMLLLLL"}
    for own in read_policy().policy.regime.values():
        assert own.over == bounds
        assert {name: "".join(row) for name, row in own.matrix.items()} == cells
