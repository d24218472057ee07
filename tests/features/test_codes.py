import pytest

from features.code_tables import (
    alpha2,
    country_codes,
    country_name,
    credit_levels,
    credit_rank,
    read_rows,
    table,
    tariff_name,
    unit_name,
)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("CN", "CN"), ("cn", "CN"), ("CHN", "CN"), ("156", "CN"), ("中国", "CN"), ("China", "CN"),
        ("Germany (DE)", "DE"), ("Türkiye", "TR"), ("Turkey", "TR"), ("004", "AF"), ("中国香港", "HK"),
        (" CN ", "CN"), ("NA", "NA"), ("ZZZ", "ZZ"), ("ZZ", "ZZ"),
        ("XX", None), ("", None), ("Atlantis", None), ("4", None),
    ],
)  # fmt: skip
def test_a_country_is_known_however_it_is_written(written: str, code: str | None) -> None:
    assert alpha2(written) == code


def test_no_two_countries_share_a_way_to_be_written() -> None:
    rows = read_rows("countries")
    for column in ("alpha2", "alpha3", "numeric", "name_zh", "name_en"):
        assert len({row[column].casefold() for row in rows}) == len(rows)
    assert {country_codes()[row["alpha3"].casefold()] for row in rows} == {row["alpha2"] for row in rows}


@pytest.mark.parametrize(
    ("name", "code", "length"),
    [
        ("customs_districts", "0100", 42),
        ("supervision_modes", "0110", 31),
        ("transport_modes", "2", 12),
        ("hs_chapters", "01", 96),
        ("hs8", "01011010", 9_878),
        ("hs10", "0106191090", 3_336),
        ("units", "001", 123),
    ],
)
def test_tables_keep_leading_zeros_and_every_row(name: str, code: str, length: int) -> None:
    assert code in table(name)
    assert len(table(name)) == length


@pytest.mark.parametrize(
    "name", ["customs_districts", "supervision_modes", "transport_modes", "credit_levels", "regimes", "units"]
)
def test_what_is_not_confirmed_says_so(name: str) -> None:
    assert "provenance" in read_rows(name)[0]


def test_a_tariff_line_is_named_by_its_ten_digits_else_by_eight() -> None:
    assert tariff_name("0101210000") == "改良种用马"
    assert tariff_name("0106191090") == "其他改良种用哺乳动物(大鼠)"
    assert tariff_name("0199") is None
    assert tariff_name("0099") is None


def test_a_country_has_its_names() -> None:
    assert country_name("DE") == ("德国", "Germany")
    assert country_name("QQ") == ("QQ", "QQ")


def test_credit_levels_rank_within_their_scheme() -> None:
    assert credit_rank("GACC-237", "失信企业") == 0
    assert credit_rank("GACC-282", "失信企业") == 1
    assert credit_rank(None, "失信企业") == 1
    assert credit_rank("GACC-251", "常规管理") == 2
    assert credit_rank("GACC-251", "认证企业") is None
    assert {row["scheme"] for row in credit_levels()} == {"GACC-237", "GACC-251", "GACC-282"}


def test_a_unit_is_named_in_both_languages_and_no_code_stands_twice() -> None:
    assert unit_name("035") == ("千克", "kilogram")
    assert unit_name("998") is None
    rows = read_rows("units")
    assert len({row["code"] for row in rows}) == len(rows)
    assert all(len(row["code"]) == 3 and row["name_zh"] and row["name_en_ours"] for row in rows)
