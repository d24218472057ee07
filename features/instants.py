"""Instants: whole microseconds since 1970 in UTC, read and shown in Asia/Shanghai by default."""

from __future__ import annotations

import datetime as dt
import time
from typing import TypeAlias
from zoneinfo import ZoneInfo

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00Z."""

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECOND: Instant = 1_000_000
DAY: Instant = 86_400 * SECOND
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def now() -> Instant:
    """Return the present instant; only commands and the writer ask."""
    return time.time_ns() // 1_000


def from_datetime(moment: dt.datetime, zone: dt.tzinfo = SHANGHAI) -> Instant:
    """Return the instant of `moment`; a naive one is read in `zone`."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return (aware - _EPOCH) // dt.timedelta(microseconds=1)


FIRST: Instant = from_datetime(dt.datetime(1, 1, 2))
LAST: Instant = from_datetime(dt.datetime.max)
"""The first and the last instant that are taken: others no calendar shows, in UTC or in Shanghai."""


def parse_instant(text: str, zone: dt.tzinfo = SHANGHAI) -> Instant:
    """Read an ISO 8601 date or time; a date alone is its first moment in `zone`.

    Raises ValueError when `text` is no ISO 8601 date or time.
    """
    return from_datetime(dt.datetime.fromisoformat(text.strip()), zone)


def show_instant(instant: Instant, zone: dt.tzinfo = SHANGHAI) -> str:
    """Write an instant as ISO 8601 with its offset in `zone`."""
    return to_datetime(instant, zone).isoformat()


def to_datetime(instant: Instant, zone: dt.tzinfo = SHANGHAI) -> dt.datetime:
    """Return the aware datetime of an instant in `zone`."""
    return (_EPOCH + dt.timedelta(microseconds=instant)).astimezone(zone)


def end_of_day(day: dt.date, zone: dt.tzinfo = SHANGHAI) -> Instant:
    """Return the first instant after `day` in `zone`: what is known by the end of the day is before it.

    After the last day that can be shown it is the last instant.
    """
    return LAST if day == dt.date.max else start_of_day(day + dt.timedelta(days=1), zone)


def start_of_day(day: dt.date, zone: dt.tzinfo = SHANGHAI) -> Instant:
    """Return the first instant of `day` in `zone` that can be shown."""
    return max(FIRST, from_datetime(dt.datetime.combine(day, dt.time.min), zone))
