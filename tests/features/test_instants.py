"""Instants that are read can be shown; others are refused where they are read, not where they are shown."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.instant_reader import instant_reader
from features.instants import FIRST, LAST, SHANGHAI, end_of_day, parse_instant, show_instant, start_of_day
from features.rules import BeyondCalendar, NotInstant

read = instant_reader("as_of", SHANGHAI)
NEW_YORK = dt.timezone(dt.timedelta(hours=-5))


@given(
    st.one_of(
        st.integers(min_value=-(10**20), max_value=10**20),
        st.integers(min_value=FIRST - 10, max_value=FIRST + 10),
        st.integers(min_value=LAST - 10, max_value=LAST + 10),
        st.datetimes().map(dt.datetime.isoformat),
        st.datetimes(timezones=st.sampled_from([dt.UTC, NEW_YORK])).map(dt.datetime.isoformat),
        st.dates().map(dt.date.isoformat),
    )
)
def test_what_is_read_can_be_shown_and_reads_back(sent: int | str) -> None:
    try:
        instant = read(sent)
    except BeyondCalendar:
        return
    assert FIRST <= instant <= LAST
    assert parse_instant(show_instant(instant)) == instant
    assert show_instant(instant, dt.UTC)


@pytest.mark.parametrize("sent", [-200000000000000000, 253402300799000000, "0001-01-01", "9999-12-31T23:00Z"])
def test_what_no_calendar_shows_is_refused(sent: int | str) -> None:
    with pytest.raises(BeyondCalendar, match="before 0001-01-02 or after 9999-12-31") as refused:
        read(sent)
    assert repr(sent) in refused.value.message
    assert "Correct the date" in refused.value.remedy


def test_the_last_day_counts() -> None:
    assert show_instant(read("0001-01-02")) == "0001-01-02T00:00:00+08:05:43"
    assert show_instant(read("9999-12-31")) == "9999-12-31T00:00:00+08:00"


@given(st.dates())
def test_a_day_begins_and_ends_at_instants_that_can_be_shown(day: dt.date) -> None:
    begin, end = start_of_day(day), end_of_day(day)
    assert begin < end or day == dt.date.min
    assert show_instant(begin)
    assert show_instant(end)


@pytest.mark.parametrize(
    "given_as",
    ["2024-12-31", " 20241231 ", dt.date(2024, 12, 31), dt.datetime(2024, 12, 31), 1_735_660_800_000_000],
)
def test_what_holds_until_a_date_holds_on_that_day(given_as: object) -> None:
    until = instant_reader("credit_valid_to", SHANGHAI)(given_as)
    assert show_instant(until) == "2025-01-01T00:00:00+08:00"


def test_what_holds_until_a_time_holds_until_then() -> None:
    until = instant_reader("credit_valid_to", SHANGHAI)
    for written in ("2024-12-31T00:00:00", "2024-12-31T00:00:00+08:00", "1735574400000000"):
        assert show_instant(until(written)) == "2024-12-31T00:00:00+08:00"
    assert until("9999-12-31") == LAST
    assert until("") is None
    assert instant_reader("credit_valid_from", SHANGHAI)("2024-12-31") == until("2024-12-31T00:00:00")


def test_a_text_too_long_for_an_instant_is_none() -> None:
    assert read(" " * 100_000 + "2024-12-31") == read("2024-12-31")
    with pytest.raises(NotInstant):
        read("0" * 4_000 + "1735574400000000")
