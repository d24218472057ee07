"""Smoothed rates of small counts, always relative to what was usual then.

Counts grow with time and would be a clock to a model; their ratios to the same window of all lines do not. Few
events are drawn towards the next broader entity (empirical Bayes with constant strength), so that one failure
of one line does not read as a rate of 100 %.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.entities import TALLIES
from features.facts import Floats

STRENGTH = 10.0
"""Inspections that the next broader entity's rate is worth."""
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


@lru_cache(maxsize=8)
def _levels(tally: str) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return, from broad to narrow, positions of entities and of what each is drawn towards."""
    entities = TALLIES[tally].entities
    done = {"all"}
    levels = []
    while len(done) < len(entities):
        level = [name for name in entities if name not in done and BROADER.get(name, "all") in done]
        broader = [BROADER.get(name, "all") for name in level]
        positions = [np.array([entities.index(name) for name in names]) for names in (level, broader)]
        levels.append((positions[0], positions[1]))
        done.update(level)
    return levels


def log_rate_ratio(tally: str, hits: Floats, trials: Floats, strength: float = STRENGTH) -> Floats:
    """Return the log ratio of each entity's smoothed rate to that of all lines in the same window.

    hits, trials: float64 (n, entities of the tally, windows), the last window being the longest. An entity without
    trials has its broader entity's ratio; 0 means as usual.
    """
    rates = np.empty_like(hits)
    position = TALLIES[tally].entities.index("all")
    ever = (hits[:, position, -1:] + FIRST_GUESS[0]) / (trials[:, position, -1:] + FIRST_GUESS[1])
    usual = (hits[:, position] + OVERALL_STRENGTH * ever) / (trials[:, position] + OVERALL_STRENGTH)
    rates[:, position] = usual
    for narrow, broad in _levels(tally):
        rates[:, narrow] = (hits[:, narrow] + strength * rates[:, broad]) / (trials[:, narrow] + strength)
    return np.log(rates / usual[:, None, :])


def log_volume_ratio(events: Floats, lines: Floats, all_events: Floats, all_lines: Floats) -> Floats:
    """Return the log ratio of events to those expected from the declared lines, with one event for doubt.

    events, lines: float64 (n, entities, windows) of each entity; all_events, all_lines: (n, 1, windows) of all. Where
    notices outnumber the declared lines (a young port with an old archive) both are scaled to the lines.
    """
    scale = np.minimum(1.0, (all_lines + 1.0) / (all_events + 1.0))
    expected = lines * (all_events * scale / np.maximum(all_lines, 1.0))
    return np.log((events * scale + 1.0) / (expected + 1.0))
