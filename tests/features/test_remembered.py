"""What foreign texts leave in memory is bounded by their size, not by their number alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.code_tables import alpha2
from features.goods.edition import Edition
from features.goods.name_risk import NameRisk
from features.instant_reader import instant_reader
from features.instants import SHANGHAI
from features.opinions import said as opinions
from features.readers import Memo, code_reader, country_reader
from features.remembered import LONGEST_KEPT, remembered
from features.rules import UnknownCountry
from features.text.tokens import LONGEST

TEXTS = st.one_of(st.none(), st.text(max_size=3), st.integers(1, 2 * LONGEST_KEPT).map("x".__mul__))


@given(st.lists(st.tuples(st.integers(0, 2), TEXTS, TEXTS), max_size=12))
def test_a_remembered_function_answers_as_ever_and_reads_short_texts_once(asked):
    read = Counter()

    def told(number, one, other):
        read[number, one, other] += 1
        return number, one, other

    answer = remembered(1000)(told)
    assert [answer(*each) for each in asked] == asked
    for each, times in read.items():
        long = sum(len(text or "") for text in each[1:]) > LONGEST_KEPT
        assert times == (asked.count(each) if long else 1)


def test_long_names_and_models_are_not_kept():
    risk = NameRisk(["漏电"], [Edition(1, 0, (0,), (5,))])
    for number in range(3):
        risk.values(["壶"], [f"{number}" + "规" * 19_990], np.array([9]))
        risk.known.margins([f"{number}" + "壶" * 500], ["8516"], np.array([9]))
    for kept in (risk._value, risk._known, risk.known._headings):
        assert kept.__wrapped__.cache_info().currsize == 0
    risk.values(["壶"], ["规格"], np.array([9]))
    assert risk._value.__wrapped__.cache_info().currsize == 1


def test_long_codes_and_countries_are_not_kept():
    codes, countries = Memo(code_reader("office")), Memo(country_reader("origin"))
    before = alpha2.__wrapped__.cache_info().currsize
    for number in range(3):
        assert codes[f"{number}" * 10_000] == f"{number}" * 10_000
        assert countries["CN" + " " * (10_000 + number)] == "CN"
        with pytest.raises(UnknownCountry):
            countries[f"{number}" * 10_000]
    assert not codes
    assert not countries
    assert alpha2.__wrapped__.cache_info().currsize == before
    assert (codes["0101"], countries["CHN"]) == ("0101", "CN")
    assert (len(codes), len(countries)) == (1, 1)


def test_of_an_opinion_what_is_read_of_it_is_kept():
    text = "水壶漏电" * 5_000
    assert opinions.said(text) is opinions.said(text[:LONGEST])
    assert opinions.said(text).normal == text[:LONGEST]


def test_an_instant_is_kept_without_the_spaces_around_it():
    read = instant_reader("happened_at", SHANGHAI)
    assert read(" " * 100_000 + "2024-12-31") == read("2024-12-31")
