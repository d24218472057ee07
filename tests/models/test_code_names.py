"""Codes are named where a table knows them, and left alone where none does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.declaration import CATEGORIES
from features.regimes import Regime
from features.terms import Direction
from models.wording.codes import code_name

COLUMNS = [column for column, *_ in CATEGORIES]


@pytest.mark.parametrize(
    ("column", "code", "zh", "en"),
    [
        ("hs2", "85", "电机、电气设备及其零件", "Electrical machinery and equipment"),
        ("hs4", "8516", "属电机、电气设备及其零件", "within electrical machinery and equipment"),
        ("origin", "VN", "越南", "Viet Nam"),
        ("supervision_mode", "0110", "一般贸易", None),
        ("direction", "import", "进口", "import"),
        ("hs4", "9999", None, None),
        ("office", "9901", None, None),
        ("unit", "001", "台", "set"),
        ("unit", "035", "千克", "kilogram"),
        ("unit", "999", None, None),
        ("unit", "千克", None, None),
    ],
)
def test_a_code_has_the_name_of_its_table(column: str, code: str, zh: str | None, en: str | None) -> None:
    assert code_name(column, code, "zh") == zh
    assert code_name(column, code, "en") == en


@given(column=st.sampled_from(COLUMNS), code=st.text(max_size=12), language=st.sampled_from(["zh", "en"]))
def test_no_code_is_an_error(column: str, code: str, language: str) -> None:
    name = code_name(column, code, language)  # type: ignore[arg-type]
    assert name is None or 0 < len(name) < 80


def test_every_regime_and_direction_has_a_name() -> None:
    for column, terms in (("regime", Regime), ("direction", Direction)):
        assert all(code_name(column, str(term), "zh") for term in terms)
