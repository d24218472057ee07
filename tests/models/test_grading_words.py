"""A batch's quantity is told in its unit by name; what no table names stays as it was declared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.code_tables import table
from models.grading.words import event_text, exposed_text


@pytest.mark.parametrize(
    ("unit", "zh", "en"),
    [
        ("001", "共 1,307 台", "1,307 in all (unit: set)"),
        ("035", "共 1,307 千克", "1,307 in all (unit: kilogram)"),
        ("999", "共 1,307（法定单位 999）", "1,307 in all (legal unit 999)"),
        ("千克", "共 1,307（法定单位 千克）", "1,307 in all (legal unit 千克)"),
    ],
)
def test_a_quantity_is_told_in_its_unit(unit: str, zh: str, en: str) -> None:
    assert exposed_text(1307.0, unit, "zh") == zh
    assert exposed_text(1307.0, unit, "en") == en
    assert event_text(3, zh, None, "zh") == f"本批次已申报 3 行，{zh}"


@given(st.sampled_from(sorted(table("units"))))
def test_no_code_of_a_unit_is_shown_where_it_has_a_name(unit: str) -> None:
    for language in ("zh", "en"):
        said = exposed_text(1.0, unit, language)  # type: ignore[arg-type]
        assert unit not in said
