"""Smoothed rates of small counts, always relative to what was usual then.

Counts grow with time and would be a clock to a model; their ratios to the same window of all lines do not.
Few events are drawn towards the next broader entity (empirical Bayes, constant strength), so that one
failure of one line does not read as a rate of 100 %.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numba
import numpy as np
from numpy.typing import NDArray

from features.entities import TALLIES
from features.facts import Floats

STRENGTH: dict[str, float] = {
    "origin": 10.0,
    "destination": 10.0,
    "office": 10.0,
    "hs4": 10.0,
    "hs4_origin": 5.0,
    "hs6": 4.0,
    "hs6_destination": 4.0,
    "hs10": 2.0,
    "hs10_origin": 1.0,
    "route": 1.0,
    "consignee_hs4": 2.0,
}
"""Inspections that the broader entity's rate is worth: the narrower an entity, the more alike its lines are."""
PARTY_STRENGTH = 4.0
"""The same for traders, manufacturers and brands, which differ from each other by factors."""
OVERALL_STRENGTH = 50.0
"""Inspections that the all-time rate is worth against the rate of all lines in a window."""
FIRST_GUESS = (1.0, 20.0)
"""Failures and inspections that stand for what is not known of a port's first days: 5 %."""

BROADER: dict[str, str] = {
    "hs6": "hs4",
    "hs10": "hs6",
    "hs4_origin": "hs4",
    "hs10_origin": "hs10",
    "hs6_destination": "hs6",
    "route": "hs10_origin",
    "consignee_hs4": "consignee",
}
"""The entity that an entity's rate is drawn towards; all others to all lines of their direction."""


def log_rate_ratio(tally: str, hits: Floats, trials: Floats, weight: float = 1.0) -> Floats:
    """Return the log ratio of each entity's smoothed rate to that of all lines in the same window.

    hits, trials: float64 (n, entities of the tally, windows), the last window being the longest. An entity
    without trials has its broader entity's ratio; 0 means as usual. `weight` is that of the broader entity.
    """
    ratios = np.empty(hits.shape)
    _fill_ratios(ratios, hits, trials, _broad_to_narrow(tally), _strengths(tally) * weight)
    return ratios


@lru_cache(maxsize=8)
def _broad_to_narrow(tally: str) -> NDArray[np.int64]:
    """Return positions (entity, broader entity), each after its broader one; "all" comes first."""
    entities = TALLIES[tally].entities
    ordered = ["all"]
    while len(ordered) < len(entities):
        ordered += [name for name in entities if name not in ordered and BROADER.get(name, "all") in ordered]
    pairs = [(entities.index(name), entities.index(BROADER.get(name, "all"))) for name in ordered]
    return np.array(pairs, dtype=np.int64)


@lru_cache(maxsize=8)
def _strengths(tally: str) -> Floats:
    return np.array([STRENGTH.get(entity, PARTY_STRENGTH) for entity in TALLIES[tally].entities])


@numba.njit(cache=True, nogil=True)
def _fill_ratios(ratios, hits, trials, pairs, strengths):  # type: ignore[no-untyped-def]
    rows, entities, windows = hits.shape
    rates = np.empty((entities, windows))
    top = pairs[0, 0]
    for row in range(rows):
        ever_hits, ever_trials = hits[row, top, windows - 1], trials[row, top, windows - 1]
        ever = (ever_hits + FIRST_GUESS[0]) / (ever_trials + FIRST_GUESS[1])
        for window in range(windows):
            weighed = hits[row, top, window] + OVERALL_STRENGTH * ever
            usual = weighed / (trials[row, top, window] + OVERALL_STRENGTH)
            rates[top, window] = usual
            ratios[row, top, window] = 0.0
            for pair in range(1, entities):
                entity, broader = pairs[pair]
                drawn = hits[row, entity, window] + strengths[entity] * rates[broader, window]
                rates[entity, window] = drawn / (trials[row, entity, window] + strengths[entity])
                ratios[row, entity, window] = math.log(rates[entity, window] / usual)


def log_volume_ratio(events: Floats, lines: Floats, all_events: Floats, all_lines: Floats) -> Floats:
    """Return the log ratio of events to those expected from the declared lines, with one event for doubt.

    events, lines: float64 (n, entities, windows) of each entity; all_events, all_lines: (n, 1, windows) of
    all. Where notices outnumber declared lines (a young port, an old archive) both are scaled to the lines.
    """
    scale = np.minimum(1.0, (all_lines + 1.0) / (all_events + 1.0))
    expected = lines * (all_events * scale / np.maximum(all_lines, 1.0))
    return np.log((events * scale + 1.0) / (expected + 1.0))
