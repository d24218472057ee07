from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import UnreadableFile
from features.instants import parse_instant
from features.records import Declaration
from features.terms import Direction
from features.values import INSURANCE_SHARE, read_rates, shipped_rates, use_rates, value_cny

DECLARED = parse_instant("2021-06-01")


def line(**fields: object) -> Declaration:
    given_fields = {"direction": Direction.IMPORT, "hs_code": "85011099", "happened_at": DECLARED, **fields}
    return Declaration(id="a", **given_fields)  # type: ignore[arg-type]


def test_a_stated_value_is_taken_as_it_is() -> None:
    assert value_cny(line(value_cny=12.5, total_price=99.0, currency="USD")) == 12.5


@pytest.mark.parametrize(
    "missing",
    [
        {"currency": "USD"},
        {"total_price": 1.0},
        {"total_price": 1.0, "currency": "XXX"},
        {"total_price": 1.0, "currency": "USD", "happened_at": parse_instant("2001-01-01")},
    ],
)
def test_without_price_currency_or_a_rate_in_force_there_is_no_value(missing: dict[str, object]) -> None:
    assert value_cny(line(**missing)) is None


def test_the_rate_is_the_one_in_force_when_the_line_was_declared() -> None:
    rates = shipped_rates()
    assert rates.at("USD", parse_instant("2020-12-31T23:59:59")) != rates.at(
        "USD", parse_instant("2021-01-01")
    )
    assert value_cny(line(total_price=2.0, currency="USD")) == 2 * rates.series["USD"][1][4]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("1", 100.0),
        ("2", 100.3),
        ("3", (100 + 20) * 1.003),
        ("4", 120.0),
        ("7", (100 + 20) * 1.003),
        ("5", 100.0),
    ],
)
def test_imports_are_valued_at_cif(terms: str, expected: float) -> None:
    assert value_cny(line(total_price=100.0, currency="CNY", terms=terms, freight_cny=20.0)) == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    ("terms", "expected"),
    [("1", 100 / 1.003 - 20), ("2", 80.0), ("3", 100.0), ("4", 100 / 1.003), ("7", 100.0), (None, 100.0)],
)
def test_exports_are_valued_at_fob(terms: str | None, expected: float) -> None:
    export = line(
        direction=Direction.EXPORT, total_price=100.0, currency="CNY", terms=terms, freight_cny=20.0
    )
    assert value_cny(export) == pytest.approx(expected)


def test_stated_insurance_takes_the_place_of_the_rule() -> None:
    assert value_cny(line(total_price=100.0, currency="CNY", terms="3", insurance_cny=5.0)) == 105.0


@given(price=st.floats(0, 1e9), freight=st.floats(0, 1e9), terms=st.sampled_from("123457"))
def test_no_value_is_negative_and_insurance_never_lowers_an_import(
    price: float, freight: float, terms: str
) -> None:
    fields = {"total_price": price, "currency": "CNY", "terms": terms, "freight_cny": freight}
    exported = value_cny(line(direction=Direction.EXPORT, **fields))
    imported = value_cny(line(**fields))
    assert exported is not None
    assert exported >= 0
    assert imported is not None
    assert price <= imported <= (price + freight) * (1 + INSURANCE_SHARE) * 1.000001 + 1e-9


def test_an_authority_can_put_its_rates_in_force(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(
        "currency,valid_from,cny_per_unit\nUSD,2021-05-01,6.5\nUSD,2021-06-02,7\n", encoding="utf-8"
    )
    use_rates(read_rates(path))
    try:
        assert value_cny(line(total_price=2.0, currency="USD")) == 13.0
    finally:
        use_rates(None)
    assert value_cny(line(total_price=2.0, currency="USD")) != 13.0


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "currency,valid_from,cny_per_unit\nUSD,soon,7\n"])
def test_a_file_that_holds_no_rates_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableFile, match="valid_from"):
        read_rates(path)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("USD,2021-05-01,-6.5", "'-6.5' is not a number above 0"),
        ("USD,2021-05-01,nan", "'nan' is not a number above 0"),
        ("USD,2021-05-01,inf", "'inf' is not a number above 0"),
        ("USD,2021-05-01", "could not convert string to float: ''"),
        ("dollar,2021-05-01,6.5", "currency 'dollar' is not a code"),
    ],
)
def test_a_rate_that_values_nothing_is_refused_and_named(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(f"currency,valid_from,cny_per_unit\nUSD,2021-01-01,6.4\n{row}\n", encoding="utf-8")
    with pytest.raises(UnreadableFile, match=told):
        read_rates(path)


def test_a_currency_in_small_letters_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("currency,valid_from,cny_per_unit\n usd,2021-05-01,6.5\n", encoding="utf-8")
    use_rates(read_rates(path))
    try:
        assert value_cny(line(total_price=2.0, currency="USD")) == 13.0
    finally:
        use_rates(None)
