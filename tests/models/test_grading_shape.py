"""What is not of a policy's shape is told by regime, severity, cell or hazard, all of it at once."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.regimes import Regime
from models.grading import SHIPPED, InvalidGradingPolicy, Problem, parse_policy

SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")


def refused(*changes: tuple[str, str]) -> list[Problem]:
    """What is wrong with the shipped policy after each change of its text, made once."""
    text = SHIPPED_TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    with pytest.raises(InvalidGradingPolicy) as caught:
        parse_policy(text.encode(), "ours.toml")
    return list(caught.value.problems)


def english(found: list[Problem]) -> list[str]:
    return [one.en for one in found]


ROW = '3 = ["S", "S", "S", "S", "H", "M", "L", "L"]'


@pytest.mark.parametrize(
    ("old", "new", "en", "zh"),
    [
        (ROW, ROW.replace('"H"', "7"),
         "regime general: cell (severity 3, probability >1/10,000) is 7: "
         "must be text in quotes, one of S, H, M, L",
         "监管类别 general：单元格（严重程度 3，概率 >1/10,000）为 7：须为带引号的文本，取 S, H, M, L 之一"),
        (ROW, '3 = "SSSSHMLL"', "regime general: severity 3 is 'SSSSHMLL': must be a list in brackets",
         "监管类别 general：严重程度 3 为 'SSSSHMLL'：须为方括号中的列表"),
        ("over = [0.5, 0.1", "#", "regime general: over is missing: it must be a list in brackets",
         "监管类别 general：over 缺失：须为方括号中的列表"),
        ("over = [0.5, 0.1", "over = [0.5, '10%'",
         "regime general: bound 2 of over is '10%': must be a number from 0 to 1",
         "监管类别 general：over 第 2 个界值 为 '10%'：须为 0 至 1 的数"),
        ("[regime.food]", "[regime.toys]\nover = [0.0]\n[regime.food]",
         "regime toys is unknown; known are general, food, animal_plant, hazardous, cosmetics",
         "监管类别 toys 未知；可用 general, food, animal_plant, hazardous, cosmetics"),
        ('IV = ["customs_office"]', "IV = [4]",
         "regime general: competence of grade IV is 4: must be text in quotes",
         "监管类别 general：IV 级的主管部门 为 4：须为带引号的文本"),
        ('colour = "yellow"', 'colour = "orange"',
         "grade III: colour is 'orange': must be one of red, yellow, green, as text in quotes",
         "等级 III：colour 为 'orange'：须为 red, yellow, green 之一，写作带引号的文本"),
        ("percentile = 99.0", 'percentile = "99"',
         "grade I: percentile is '99': must be a number of at least 0 and below 100",
         "等级 I：percentile 为 '99'：须为不小于 0 且小于 100 的数"),
        ("version = ", "#", "version is missing: it must be text of 1 to 64 characters in quotes",
         "version 缺失：须为 1 至 64 个字符的文本，带引号"),
        ("version = ", 'unranked = "V"\nversion = ',
         "unranked is 'V': must be one of I, II, III, IV, as text in quotes",
         "unranked 为 'V'：须为 I, II, III, IV 之一，写作带引号的文本"),
    ],
)  # fmt: skip
def test_a_fault_of_shape_names_place_value_and_rule(old: str, new: str, en: str, zh: str) -> None:
    if new == "#":
        whole = next(one for one in SHIPPED_TEXT.splitlines() if one.startswith(old))
        old, new = whole, ""
    assert Problem(zh, en) in refused((old, new))


def test_hazards_and_their_goods_are_told_by_name() -> None:
    document = tomllib.loads(SHIPPED_TEXT)
    names = [entry["hazard"] for entry in document["hazard"]]
    text = SHIPPED_TEXT
    head, *entries = text.split("[[hazard]]\n")
    entries[3] = re.sub(r"^harm = .*$", "harm = 3.5", entries[3], count=1, flags=re.MULTILINE)
    entries[5] = re.sub(r"^severity = .*$", "severity = 'high'", entries[5], count=1, flags=re.MULTILINE)
    with pytest.raises(InvalidGradingPolicy) as caught:
        parse_policy("[[hazard]]\n".join([head, *entries]).encode(), "ours.toml")
    assert english(list(caught.value.problems)) == [
        f"hazard {names[3]}: harm is 3.5: must be a number from 0 to 1",
        f"hazard {names[5]}: severity is 'high': must be a whole number from 1 to 4",
    ]


def test_everything_wrong_is_told_at_once_in_shape_and_in_sense() -> None:
    """A number in a cell, an unknown regime, a colour, and in another regime a cell that is too mild."""
    food = SHIPPED_TEXT.index("[regime.food.matrix]")
    later = SHIPPED_TEXT[food:].replace('2 = ["S", "S", "S",', '2 = ["S", "L", "S",', 1)
    text = SHIPPED_TEXT[:food].replace(ROW, ROW.replace('"H"', "7"), 1) + later
    text = text.replace("[[injury]]", "[regime.toys]\nover = 3\n\n[[injury]]", 1)
    with pytest.raises(InvalidGradingPolicy) as caught:
        parse_policy(text.encode(), "ours.toml")
    found = english(list(caught.value.problems))
    assert any("severity 3, probability >1/10,000) is 7" in one for one in found)
    assert any(one.startswith("regime toys is unknown") for one in found)
    assert sum(one.startswith("regime food: cell (severity 2, probability >1/10)") for one in found) == 1
    assert any("regime food: cell (severity 2, probability >1/100) says S" in one for one in found)
    assert not any("is missing" in one for one in found), "a regime with a fault is there all the same"


@given(
    regime=st.sampled_from(list(Regime)),
    severity=st.integers(1, 4),
    column=st.integers(0, 7),
    value=st.sampled_from(["7", "0.5", "true", "[]", "{}", "nan", "2026-11-23"]),
)
def test_whatever_stands_in_a_cell_the_cell_is_named(
    regime: Regime, severity: int, column: int, value: str
) -> None:
    begin = SHIPPED_TEXT.index(f"[regime.{regime}.matrix]")
    row = re.search(rf"^{severity} = (\[.*\])$", SHIPPED_TEXT[begin:], re.MULTILINE)
    assert row is not None
    cells = row[1].strip("[]").split(", ")
    cells[column] = value
    changed = f"{severity} = [{', '.join(cells)}]"
    text = SHIPPED_TEXT[:begin] + SHIPPED_TEXT[begin:].replace(row[0], changed, 1)
    with pytest.raises(InvalidGradingPolicy) as caught:
        parse_policy(text.encode(), "ours.toml")
    (only,) = english(list(caught.value.problems))
    band = (">0.5", ">1/10", ">1/100", ">1/1,000", ">1/10,000", ">1/100,000", ">1/1,000,000", "≤1/1,000,000")
    assert only.startswith(f"regime {regime}: cell (severity {severity}, probability {band[column]}) is ")


@given(text=st.text(max_size=200))
def test_any_text_is_a_policy_or_refused_with_what_is_wrong(text: str) -> None:
    with pytest.raises(InvalidGradingPolicy) as caught:
        parse_policy(text.encode("utf-8", "surrogatepass"), "ours.toml")
    assert all(one.zh and one.en for one in caught.value.problems)


KEYS = st.sampled_from(["grade", "regime", "hazard", "injury", "authority", "version", "unranked"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["1", '"x"', "true", "nan"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(found)}]"),
        st.dictionaries(st.sampled_from(["food", "over", "matrix", "hazard", "1"]), inner, max_size=3).map(
            lambda found: "{" + ", ".join(f"{name} = {one}" for name, one in found.items()) + "}"
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, VALUES))
def test_no_shape_of_file_breaks_the_check(entries: dict[str, str]) -> None:
    text = "\n".join(f"{name} = {value}" for name, value in entries.items())
    with pytest.raises(InvalidGradingPolicy):
        parse_policy(text.encode(), "ours.toml")
