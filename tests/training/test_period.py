from __future__ import annotations

import datetime as dt

import pytest

from features.instants import DAY, end_of_day, start_of_day
from training.errors import BadPeriod
from training.period import Period, Span

TODAY = dt.date(2026, 5, 17)
NOON = start_of_day(TODAY) + DAY // 2


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.period.now", lambda: NOON)


def test_a_period_ends_with_its_day_and_that_of_today_now() -> None:
    yesterday = TODAY - dt.timedelta(days=1)
    assert Period.of_days(yesterday).until == end_of_day(yesterday)
    assert Period.of_days(TODAY).until == Period.of_days(None).until == NOON
    assert Span.of_days(yesterday, TODAY) == Span.of_days(yesterday, None)
    assert Span.of_days(yesterday, yesterday).until == end_of_day(yesterday)


def test_a_day_that_has_not_come_is_refused() -> None:
    """Lines of today would count as old enough for their results to be known."""
    tomorrow = TODAY + dt.timedelta(days=1)
    for ask in (lambda: Period.of_days(tomorrow), lambda: Span.of_days(TODAY, tomorrow)):
        with pytest.raises(BadPeriod, match=r"2026-05-18 has not come yet: it is 2026-05-17T12"):
            ask()
    with pytest.raises(BadPeriod, match="after the end"):
        Period.of_days(TODAY, tomorrow)
