"""Whether more complaints of a hazard about a heading come than its year lets expect, as of now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from features.instants import DAY, Instant
from features.opinions.policy import policy
from features.opinions.reading import Reading
from features.store.readings.rows import first_heard, told_at
from features.text.bursts import WINDOWS, Prior, burst

_YEAR, _MONTH = 365, 30


class HeardMore(NamedTuple):
    """Complaints of one hazard in the last days, what was to be expected, and the chance of as many."""

    hazard: str
    days: int
    observed: int
    expected: float
    p_value: float


def heard_more(connection: Connection, reading: Reading, at: Instant) -> Iterator[HeardMore]:
    """Judge the heading and each hazard of an opinion just read, itself counted; none without both."""
    first = first_heard(connection)
    if reading.hs4 is None or first is None:
        return
    rules = policy().burst
    exposure = float(np.clip((at - first) / DAY - _MONTH, 0, _YEAR - _MONTH))
    for hazard in reading.hazards:
        told = told_at(connection, reading.hs4, hazard.hazard, at - _YEAR * DAY)
        ages = (at - np.array(told, dtype=np.float64)) / DAY
        for days in WINDOWS:
            found = burst(ages, days, Prior(rules.events, rules.days), exposure)
            yield HeardMore(hazard.hazard, days, *found)
