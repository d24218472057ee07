import math
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import rules
from features.checks import CLOCK_SKEW, check_record
from features.doubts import line_warnings, record_warnings
from features.instants import DAY, now, parse_instant
from features.reading import field_readers, read_record, required_fields
from features.records import RECORD_TYPES, Declaration, Inspection, Nonconformity, Party
from features.terms import Direction, FindingSource, Kind

LINE: dict[str, Any] = {
    "id": "a-1", "happened_at": "2021-03-04", "direction": "import", "hs_code": "0101210000",
    "origin": "DEU", "office": "0100", "transport_mode": "2", "supervision_mode": "0110",
    "total_price": "12.50", "currency": "USD",
}  # fmt: skip
PARTY = {"id": "p", "happened_at": "2021-03-04"}
FINDING = {"id": "n", "happened_at": "2021-03-04", "source": "port"}


def errors_of(kind: Kind, fields: dict[str, Any]) -> list[tuple[type, str | None]]:
    with pytest.raises(rules.InvalidRecord) as caught:
        read_record(kind, fields)
    return [(type(error), error.field) for error in caught.value.errors]


INSPECTED = {"id": "i", "happened_at": "2021-03-04", "declaration_id": "a-1"}


@pytest.mark.parametrize(
    ("kind", "field", "value", "reason", "reason_zh"),
    [
        (
            Kind.DECLARATION,
            "happened_at",
            "2190-01-01",
            "is in the future (read as 2190-01-01T",
            "读作 2190-",
        ),
        (Kind.DECLARATION, "happened_at", "1970-01-05", "is before 1980 (read as 1970-01-05T", "读作 1970-"),
        (Kind.DECLARATION, "produced_at", 86_400_000_000, "(read as 1970-01-02T", "读作 1970-"),
        (Kind.PARTY, "registered_at", "2190-01-01", "is in the future (read as", "读作 2190-"),
        (Kind.DECLARATION, "packages", 10**18, "is above 9007199254740992", "不超过 9007199254740992"),
        (Kind.DECLARATION, "packages", "2.5", "is not a whole number", "不是整数"),
        (
            Kind.DECLARATION,
            "id",
            "x" * 129,
            "has a length of 129, above 128",
            "不超过 128 个字符，实为 129",
        ),
        (Kind.INSPECTION, "selection_probability", 1.5, "is above 1", "不超过 1"),
        (Kind.NONCONFORMITY, "severity", 5, "is above 4", "不超过 4"),
        (Kind.NONCONFORMITY, "severity", "0", "is below 1", "不小于 1"),
    ],
)
def test_an_error_shows_the_value_as_sent_and_the_rule_in_both_languages(
    kind: Kind, field: str, value: object, reason: str, reason_zh: str
) -> None:
    good = {
        Kind.DECLARATION: LINE,
        Kind.PARTY: PARTY,
        Kind.INSPECTION: INSPECTED,
        Kind.NONCONFORMITY: FINDING,
    }
    with pytest.raises(rules.InvalidRecord) as caught:
        read_record(kind, good[kind] | {field: value})
    [error] = caught.value.errors
    shown = int(value) if field == "severity" else value  # type: ignore[call-overload]
    assert (error.field, error.value) == (field, shown)
    assert reason in error.reason
    assert reason_zh in error.reason_zh


def test_the_remedy_for_half_a_package_is_no_decimal_point() -> None:
    with pytest.raises(rules.InvalidRecord) as caught:
        read_record(Kind.DECLARATION, LINE | {"packages": 2.5})
    assert "without a decimal point" in caught.value.errors[0].remedy


def test_texts_of_a_file_become_typed_fields() -> None:
    line = read_record(Kind.DECLARATION, LINE | {"hs_code": " 0101210000 ", "brand": "", "dangerous": "否"})
    assert isinstance(line, Declaration)
    assert (line.hs_code, line.origin, line.total_price) == ("0101210000", "DE", 12.5)
    assert (line.brand, line.dangerous, line.direction) == (None, False, Direction.IMPORT)
    assert line.happened_at == parse_instant("2021-03-04")


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("hs_code", "101210000", rules.BadHsCode),
        ("hs_code", "0101.21", rules.BadHsCode),
        ("hs_code", "010121000000", rules.BadHsCode),
        ("hs_code", 101210000, rules.NotText),
        ("hs_code", 8501109990.0, rules.NotText),
        ("hs_code", ["8501"], rules.WrongType),
        ("hs_code", "", rules.MissingField),
        ("hs_code", None, rules.MissingField),
        ("id", "", rules.MissingField),
        ("id", "x" * 129, rules.OutOfRange),
        ("id", "a\tb", rules.ControlCharacters),
        ("id", "a\ud800", rules.BrokenText),
        ("goods_name", "a\0b", rules.ControlCharacters),
        ("goods_name", "牛奶" * 300, rules.OutOfRange),
        ("direction", "inward", rules.NotOneOf),
        ("direction", 1, rules.WrongType),
        ("origin", "XX", rules.UnknownCountry),
        ("origin", 156, rules.NotText),
        ("office", "0100x", rules.BadOffice),
        ("office", "1", rules.BadOffice),
        ("office", 100, rules.NotText),
        ("total_price", "-1", rules.Negative),
        ("total_price", "nan", rules.NotFinite),
        ("total_price", math.nan, rules.NotFinite),
        ("total_price", math.inf, rules.NotFinite),
        ("total_price", "1e999", rules.NotFinite),
        ("total_price", 10**400, rules.NotFinite),
        ("total_price", "1,234.50", rules.NotNumber),
        ("total_price", "1_000", rules.NotNumber),
        ("total_price", True, rules.NotNumber),
        ("total_price", [], rules.NotNumber),
        ("packages", "2.5", rules.NotWhole),
        ("dangerous", "perhaps", rules.WrongType),
        ("happened_at", "4 March 2021", rules.NotInstant),
        ("happened_at", "2021-02-30", rules.NotInstant),
        ("happened_at", 10**30, rules.BeyondCalendar),
        ("happened_at", 1_614_787_200, rules.TooEarly),
        ("happened_at", "1979-12-31", rules.TooEarly),
        ("happened_at", "2999-01-01", rules.InFuture),
        ("produced_at", "2999-01-01", rules.InFuture),
        ("colour", "red", rules.UnknownField),
    ],
)
def test_a_wrong_field_is_named_with_its_rule(field: str, value: object, rule: type) -> None:
    assert errors_of(Kind.DECLARATION, LINE | {field: value}) == [(rule, field)]


def test_every_broken_rule_is_told_at_once() -> None:
    wrong = {"hs_code": "101", "total_price": "-1", "origin": "XX", "colour": "red"}
    told = {field for _, field in errors_of(Kind.DECLARATION, LINE | wrong)}
    assert {"total_price", "origin", "colour"} < told
    wrong_after = {"hs_code": "101", "happened_at": "2999-01-01", "total_price": "-1"}
    assert len(errors_of(Kind.DECLARATION, LINE | wrong_after)) == 3


def test_a_message_names_value_rule_and_remedy_in_both_languages() -> None:
    with pytest.raises(rules.InvalidRecord) as caught:
        read_record(Kind.DECLARATION, LINE | {"hs_code": "101210000"})
    [error] = caught.value.errors
    assert str(error) == "hs_code '101210000': has 9 digits: a leading zero was lost"
    assert "前导零" in error.remedy_zh
    assert error.message_zh.startswith("hs_code '101210000'：")
    assert error.reason_zh == "不是 4、6、8 或 10 位数字（共 9 位，丢失了前导零）"
    assert "leading zero" in error.remedy


def test_a_detail_without_chinese_leaves_the_rule_alone_in_chinese() -> None:
    assert rules.OutOfRange("brand", "x", "Expected `str`").reason_zh == rules.OutOfRange.rule_zh


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(str(rules.BadHsCode("hs_code", "1" * 5_000))) < 200


def test_an_inspection_names_its_line() -> None:
    fields = {"id": "i", "happened_at": "2021-03-04"}
    assert errors_of(Kind.INSPECTION, fields) == [(rules.MissingField, "declaration_id")]


@pytest.mark.parametrize("severity", [0, 5, "7"])
def test_a_severity_is_one_to_four(severity: object) -> None:
    assert errors_of(Kind.NONCONFORMITY, FINDING | {"severity": severity})[0][1] == "severity"


def test_a_clock_that_is_a_little_fast_is_borne() -> None:
    present = now()
    line = read_record(Kind.DECLARATION, LINE | {"happened_at": present + CLOCK_SKEW // 2})
    assert check_record(line, present) == []
    assert [type(error) for error in check_record(line, present - DAY)] == [rules.InFuture]


def test_lists_come_as_lists_or_joined_texts() -> None:
    fields = {"id": "i", "happened_at": "2021-03-04", "declaration_id": "a-1"}
    joined = read_record(Kind.INSPECTION, fields | {"items_tested": "lead| cadmium |"})
    listed = read_record(Kind.INSPECTION, fields | {"items_tested": ["lead", "cadmium"]})
    assert joined == listed
    assert errors_of(Kind.INSPECTION, fields | {"items_tested": 3}) == [(rules.WrongType, "items_tested")]


def test_events_of_a_party_come_as_objects_or_json_text() -> None:
    event = {"kind": "penalty", "happened_at": "2021-01-01"}
    text = msgspec.json.encode([event]).decode()
    party = read_record(Kind.PARTY, PARTY | {"events": [event]})
    assert party == read_record(Kind.PARTY, PARTY | {"events": text})
    assert errors_of(Kind.PARTY, PARTY | {"events": [event | {"happened_at": "2999-01-01"}]}) == [
        (rules.InFuture, "events")
    ]
    assert errors_of(Kind.PARTY, PARTY | {"events": [event | {"by": "x"}]}) == [
        (rules.UnknownField, "events.by")
    ]
    assert errors_of(Kind.PARTY, PARTY | {"events": "[1"}) == [(rules.WrongType, "events")]


def test_an_id_may_be_a_whole_number_and_a_price_a_decimal() -> None:
    line = read_record(Kind.DECLARATION, LINE | {"id": 97061800, "total_price": Decimal("1.25")})
    assert isinstance(line, Declaration)
    assert (line.id, line.total_price) == ("97061800", 1.25)


def test_codes_no_table_lists_are_doubted_not_refused() -> None:
    doubtful = {
        "office": "9999",
        "transport_mode": "X",
        "supervision_mode": "0000",
        "currency": "XXX",
        "terms": "9",
    }
    line = read_record(Kind.DECLARATION, LINE | doubtful | {"hs_code": "7712"})
    assert {doubt.field for doubt in record_warnings(line)} == {"hs_code", *doubtful}
    assert record_warnings(read_record(Kind.DECLARATION, LINE)) == []


@pytest.mark.parametrize(
    ("kind", "said", "field", "code"),
    [
        (Kind.DECLARATION, {"total_price": 5.0, "currency": None}, "total_price", "no_currency"),
        (Kind.DECLARATION, {"currency": "jpy"}, "currency", "no_rate"),
        (Kind.DECLARATION, {"unit": "千克"}, "unit", "odd_unit"),
        (Kind.DECLARATION, {"hs_code": "8599999999"}, "hs_code", "unknown_code"),
        (Kind.DECLARATION, {"port_office": "9999"}, "port_office", "unknown_code"),
        (Kind.DECLARATION, {"district": "厦门"}, "district", "odd_code"),
        (Kind.DECLARATION, {"levy_nature": "一般征税"}, "levy_nature", "odd_code"),
        (
            Kind.PARTY,
            {"credit_scheme": "GACC-999", "credit_level": "高级认证企业"},
            "credit_level",
            "unknown_level",
        ),
        (Kind.PARTY, {"credit_level": "高级"}, "credit_level", "unknown_level"),
        (Kind.NONCONFORMITY, {"hazard": "zzz", "declaration_id": "a-1"}, "hazard", "unknown_hazard"),
        (Kind.NONCONFORMITY, {"hs_code": None, "consignee": None}, "declaration_id", "about_nothing"),
    ],
)
def test_a_value_without_effect_is_doubted_in_both_languages(
    kind: Kind, said: dict[str, Any], field: str, code: str
) -> None:
    good = {Kind.DECLARATION: LINE, Kind.PARTY: PARTY, Kind.NONCONFORMITY: FINDING}[kind]
    told = {name: value for name, value in (good | said).items() if value is not None}
    [doubt] = record_warnings(read_record(kind, told))
    assert (doubt.field, doubt.code) == (field, code)
    assert any("一" <= letter <= "鿿" for letter in doubt.message_zh)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.DECLARATION, {"total_price": 5.0, "currency": "JPY", "unit": "035", "levy_nature": "101"}),
        (Kind.DECLARATION, {"hs_code": "8549000000", "district": "31222"}),
        (Kind.PARTY, {"credit_scheme": "GACC-237", "credit_level": "高级认证企业"}),
        (Kind.NONCONFORMITY, {"hazard": "electric_shock", "declaration_id": "a-1"}),
    ],
)
def test_values_that_count_are_not_doubted(kind: Kind, said: dict[str, Any]) -> None:
    good = {Kind.DECLARATION: LINE, Kind.PARTY: PARTY, Kind.NONCONFORMITY: FINDING}[kind]
    assert record_warnings(read_record(kind, good | said)) == []


def test_a_look_at_a_line_that_nobody_declared_or_long_before_it_is_doubted() -> None:
    look = Inspection(id="I", happened_at=10 * DAY, declaration_id="a-1")
    assert [one.code for one in line_warnings(look, {})] == ["unknown_line"]
    assert [one.code for one in line_warnings(look, {"a-1": 11 * DAY})] == ["before_its_line"]
    assert line_warnings(look, {"a-1": 10 * DAY + 1}) == []
    found = Nonconformity(id="N", happened_at=1, source=FindingSource.PORT)
    assert line_warnings(found, {}) == []


def test_a_social_credit_code_that_fails_its_check_is_doubted_not_refused() -> None:
    line = read_record(
        Kind.DECLARATION, LINE | {"consignee": "91350203M0001QAY9B", "agent": "91330400763937539K"}
    )
    assert [(doubt.field, doubt.value) for doubt in record_warnings(line)] == [
        ("consignee", "91350203M0001QAY9B")
    ]
    party = read_record(Kind.PARTY, PARTY | {"uscc": "123"})
    assert isinstance(party, Party)
    assert [doubt.field for doubt in record_warnings(party)] == ["uscc"]


def test_names_and_codes_of_other_sources_are_not_taken_for_social_credit_codes() -> None:
    line = read_record(
        Kind.DECLARATION, LINE | {"consignee": "北京金康普食品科技有限公司顺义分公司", "agent": "ZZR1LT6"}
    )
    assert record_warnings(line) == []


@pytest.mark.parametrize("kind", list(Kind))
def test_every_field_of_every_kind_has_a_reader(kind: Kind) -> None:
    readers = field_readers(kind, parse_zone())
    assert set(readers) == set(RECORD_TYPES[kind].__struct_fields__)
    assert {"id", "happened_at"} <= set(required_fields(kind))


def parse_zone() -> Any:
    from features.instants import SHANGHAI

    return SHANGHAI


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.decimals()
    | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", list(Kind))
@given(data=st.data())
def test_whatever_a_field_holds_it_is_read_or_told_why_not(kind: Kind, data: st.DataObject) -> None:
    good = LINE | PARTY | FINDING | {"declaration_id": "a-1", "channel": "12345", "text": "牛奶变质"}
    fields = {name: value for name, value in good.items() if name in RECORD_TYPES[kind].__struct_fields__}
    names = st.sampled_from(RECORD_TYPES[kind].__struct_fields__)
    junk = data.draw(st.dictionaries(names, JUNK, min_size=1, max_size=3))
    read = read_or_refuse(kind, fields | junk)
    if isinstance(read, rules.InvalidRecord):
        assert read.errors
        assert all(one.message and one.message_zh and one.remedy for one in read.errors)
    else:
        assert msgspec.json.decode(msgspec.json.encode(read), type=RECORD_TYPES[kind]) == read
        record_warnings(read)


def read_or_refuse(kind: Kind, fields: dict[str, Any]) -> Any:
    try:
        return read_record(kind, fields)
    except rules.InvalidRecord as error:
        return error


TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=20)
AMOUNT = st.none() | st.floats(0, 1e12)


@given(
    id=TEXT, brand=st.none() | TEXT, goods_name=st.none() | TEXT, total_price=AMOUNT, quantity=AMOUNT,
    packages=st.none() | st.integers(0, 10**9), dangerous=st.none() | st.booleans(),
    happened_at=st.integers(315_532_800_000_000, now()), direction=st.sampled_from(Direction),
    hs_code=st.from_regex(r"\A[0-9]{4}([0-9]{2}){0,3}\Z"), origin=st.sampled_from(["CN", "DE", "ZZ", None]),
)  # fmt: skip
def test_a_record_read_from_its_own_fields_or_their_texts_is_the_same_record(**fields: Any) -> None:
    record = Declaration(**fields)
    plain = msgspec.to_builtins(record)
    assert read_record(Kind.DECLARATION, plain) == record
    assert read_record(Kind.DECLARATION, {name: str(value) for name, value in plain.items()}) == record
