"""Periods as people give them: days in Shanghai, turned into instants."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from features.instants import Instant, end_of_day, now, show_instant, start_of_day
from training.errors import BadPeriod


def _end(until: dt.date | None) -> Instant:
    """Return the end of a day, or now where it is not over: nothing is known of what is to come.

    Raises BadPeriod for a day that has not begun.
    """
    present = now()
    if until is not None and start_of_day(until) > present:
        raise BadPeriod(f"--until {until} has not come yet: it is {show_instant(present)}")
    return min(end_of_day(until), present) if until else present


@dataclass(frozen=True, slots=True)
class Period:
    """What a training may know: everything visible before `until`; lines from `test_from` on are its test."""

    until: Instant
    test_from: Instant | None = None

    @classmethod
    def of_days(cls, until: dt.date | None, test_from: dt.date | None = None) -> Period:
        """Return the period that knows what was known by the end of `until` (default: by now).

        Raises BadPeriod where the test would begin after the end, or the end has not come yet.
        """
        end = _end(until)
        start = start_of_day(test_from) if test_from else None
        if start is not None and start >= end:
            raise BadPeriod(f"the test begins at {show_instant(start)}, after the end {show_instant(end)}")
        return cls(end, start)


@dataclass(frozen=True, slots=True)
class Span:
    """Lines declared from `start` on, judged by what was known before `until`."""

    start: Instant
    until: Instant

    @classmethod
    def of_days(cls, start: dt.date, until: dt.date | None) -> Span:
        """Return the span between two days, both included; without an end it goes on until now."""
        begin, end = start_of_day(start), _end(until)
        if begin >= end:
            raise BadPeriod(f"--from {start} is after the end {show_instant(end)}")
        return cls(begin, end)
