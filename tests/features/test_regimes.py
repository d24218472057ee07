import pytest

from features.regimes import Regime, _look_up, expand, regime_of, regime_table


@pytest.mark.parametrize(
    ("hs_code", "dangerous", "regime"),
    [
        ("8501109990", False, Regime.GENERAL),
        ("8501109990", True, Regime.HAZARDOUS),
        ("3604100000", False, Regime.HAZARDOUS),
        ("2202100010", False, Regime.FOOD),
        ("0303110000", False, Regime.FOOD),
        ("0301110000", False, Regime.ANIMAL_PLANT),
        ("3304990039", False, Regime.COSMETICS),
        ("3303000000", True, Regime.COSMETICS),
        ("3401300000", False, Regime.COSMETICS),
        ("3401110000", False, Regime.GENERAL),
        ("12", False, Regime.ANIMAL_PLANT),
        ("1201", False, Regime.FOOD),
    ],
)
def test_a_line_falls_under_the_most_specific_row(hs_code: str, dangerous: bool, regime: Regime) -> None:
    assert regime_of(hs_code, None, dangerous=dangerous) is regime


def test_a_ciq_code_wins_over_the_hs_code_alone() -> None:
    rows = [
        {"hs_from": "15", "hs_to": "15", "ciq_code": "", "regime": "food"},
        {"hs_from": "1504", "hs_to": "1504", "ciq_code": "103", "regime": "animal_plant"},
    ]
    table = expand(rows)
    assert _look_up("1504200090", "103", table) is Regime.ANIMAL_PLANT
    assert _look_up("1504200090", "101", table) is Regime.FOOD
    assert _look_up("9504200090", "103", table) is Regime.GENERAL


def test_every_row_of_the_table_names_a_regime_and_no_code_lost_its_zero() -> None:
    assert {len(code) % 2 for code, _ in regime_table()} == {0}
    assert set(regime_table().values()) == set(Regime) - {Regime.GENERAL}
