"""Smoothed rates of small counts, always relative to what was usual then.

Counts grow with time and would be a clock to a model; their ratios to the same window of all lines do not.
Few events are drawn towards the rate of all lines (empirical Bayes, constant strength), so that one failure
of one line does not read as a rate of 100 %. They are not drawn towards the next broader entity: its own
feature says that already, and models ranked worse when "nothing seen" looked like "as its heading".
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from features.entities import Tally
from features.facts import Floats, Known
from features.kernel import compiled

STRENGTH: dict[str, float] = {
    "origin": 10.0,
    "destination": 10.0,
    "office": 10.0,
    "hs4": 10.0,
    "hs4_origin": 5.0,
    "hs6": 4.0,
    "hs6_destination": 4.0,
    "hs10": 2.0,
    "consignee_hs4": 2.0,
    "hs10_origin": 0.5,
    "route": 0.3,
}
"""Inspections that the rate of all lines is worth: the narrower an entity, the more alike its lines are."""
PARTY_STRENGTH = 4.0
"""The same for traders, manufacturers and brands, which differ from each other by factors."""
OVERALL_STRENGTH = 50.0
"""Inspections that the all-time rate is worth against the rate of all lines in a window."""
FIRST_GUESS = (1.0, 20.0)
"""Failures and inspections (or inspections and lines) that stand for what is not known of first days: 5 %."""


class Smoothing(NamedTuple):
    """Where all lines stand among entities, and what the usual rate weighs against each one's own."""

    top: int
    strengths: Floats

    @classmethod
    def of(cls, tally: Tally, weight: float = 1.0) -> Smoothing:
        """Return a tally's smoothing, `weight` times as strong as usual."""
        strengths = np.array([STRENGTH.get(entity, PARTY_STRENGTH) for entity in tally.entities])
        return cls(tally.entities.index("all"), strengths * weight)


def log_rate_ratio(known: Known, hits: Floats, trials: Floats, smoothing: Smoothing) -> Floats:
    """Return the log ratio of each entity's smoothed rate to that of all lines in the same window.

    hits, trials: float64 (n, entities of the tally, windows), the last window being the longest. 0 means as
    usual or never tried, NaN that the line names no such entity.
    """
    ratios = np.empty(hits.shape)
    _fill_ratios(ratios, (hits, trials), known.absent, smoothing.top, smoothing.strengths)
    return ratios


@compiled(nogil=True)
def _fill_ratios(ratios, counts, absent, top, strengths):  # type: ignore[no-untyped-def]
    hits, trials = counts
    rows, entities, windows = hits.shape
    for row in range(rows):
        ever_hits, ever_trials = hits[row, top, windows - 1], trials[row, top, windows - 1]
        ever = (ever_hits + FIRST_GUESS[0]) / (ever_trials + FIRST_GUESS[1])
        for window in range(windows):
            weighed = hits[row, top, window] + OVERALL_STRENGTH * ever
            usual = weighed / (trials[row, top, window] + OVERALL_STRENGTH)
            for entity in range(entities):
                if absent[row, entity]:
                    ratios[row, entity, window] = np.nan
                    continue
                drawn = hits[row, entity, window] + strengths[entity] * usual
                rate = drawn / (trials[row, entity, window] + strengths[entity])
                ratios[row, entity, window] = math.log(rate / usual)


def log_volume_ratio(events: Floats, lines: Floats, doubt: float = 1.0) -> Floats:
    """Return the log ratio of events to those expected from the declared lines, `doubt` added to both.

    events, lines: float64 (n, entities, windows), the first entity being all lines. Where notices outnumber
    declared lines (a young port, an old archive) both are scaled to the lines.
    """
    ratios = np.empty(events.shape)
    _fill_volumes(ratios, np.ascontiguousarray(events), np.ascontiguousarray(lines), doubt)
    return np.log(ratios, out=ratios)


@compiled(nogil=True, error_model="numpy")
def _fill_volumes(ratios, events, lines, doubt):  # type: ignore[no-untyped-def]
    rows, entities, windows = ratios.shape
    for row in range(rows):
        for window in range(windows):
            usual = usual_volume(events[row, 0, window], lines[row, 0, window])
            for entity in range(entities):
                own = events[row, entity, window], lines[row, entity, window]
                ratios[row, entity, window] = volume_ratio(own, usual, doubt)


@compiled(nogil=True, forceinline=True, error_model="numpy")
def usual_volume(events, lines):  # type: ignore[no-untyped-def]
    """Return what an event counts, and how many are expected of a declared line, by those of all lines."""
    scale = min(1.0, (lines + 1.0) / (events + 1.0))
    return scale, events * scale / max(lines, 1.0)


@compiled(nogil=True, forceinline=True, error_model="numpy")
def volume_ratio(own, usual, doubt):  # type: ignore[no-untyped-def]
    """Return the ratio of an entity's events to those expected of its lines, `doubt` added to both."""
    (events, lines), (scale, expected) = own, usual
    return (events * scale + doubt) / (lines * expected + doubt)
