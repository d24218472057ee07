"""Dates and times as sources write them: a raw value in, an instant, None or a broken rule out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from features.instants import FIRST, LAST, Instant, end_of_day, from_datetime, parse_instant
from features.rules import BeyondCalendar, NotInstant

LAST_DAYS = frozenset({"credit_valid_to"})
"""Instants until which something holds: a date alone is the last day on which it does."""
_MICROSECOND_DIGITS = 13
_LONGEST = 64
"""Signs of the longest text that may be an instant."""


def instant_reader(name: str, zone: dt.tzinfo) -> Callable[[Any], Any]:
    """Times, to microseconds, in years that a calendar shows; naive ones are read in `zone`.

    A date alone is its first moment, in one of LAST_DAYS the moment at which it is over.
    """
    read_other = _end_of if name in LAST_DAYS else to_instant

    def read(value: Any) -> Instant | None:
        if type(value) is str and not value.strip():
            return None
        try:
            instant = value if type(value) is int else read_other(value, zone)
        except (ValueError, OverflowError) as error:
            raise NotInstant(name, value) from error
        if FIRST <= instant <= LAST:
            return instant
        raise BeyondCalendar(name, value)

    return read


def _end_of(value: Any, zone: dt.tzinfo) -> Instant:
    if isinstance(value, str):
        try:
            value = dt.date.fromisoformat(value.strip())
        except ValueError:
            return to_instant(value, zone)
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None or value.time() != dt.time.min:
            return to_instant(value, zone)
        value = value.date()  # a sheet has no other dates
    return end_of_day(value, zone) if isinstance(value, dt.date) else to_instant(value, zone)


def to_instant(value: Any, zone: dt.tzinfo) -> Instant:
    """Return the instant of an ISO text, a text of microseconds, a date, a datetime or a whole float.

    Raises ValueError or OverflowError for anything else.
    """
    if isinstance(value, str):
        return _instant_of(value.strip(), zone)
    if isinstance(value, dt.datetime):
        return from_datetime(value, zone)
    if isinstance(value, dt.date):
        return from_datetime(dt.datetime.combine(value, dt.time.min), zone)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ValueError(value)


@lru_cache(maxsize=1 << 15)
def _instant_of(text: str, zone: dt.tzinfo) -> Instant:
    if len(text) > _LONGEST:
        raise ValueError(text)
    if len(text) >= _MICROSECOND_DIGITS and text.isdigit() and text.isascii():
        return int(text)
    return parse_instant(text, zone)
