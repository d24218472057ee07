"""What is measured of complaints, as `features.measures` does for the other tallies.

Where nobody ever complained, nothing is computed: the same numbers come out at no cost.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from features.entities import COMPLAINED, DECLARED, ENDANGERED
from features.facts import Facts, Floats, Known
from features.instants import DAY
from features.measures import YEAR, days_since, only_present, shared_positions
from features.opinions.policy import policy
from features.rates import log_volume_ratio
from features.text.bursts import Prior, surprise

_REPEATS, _HAZARDOUS, _SEVERITY, _INJURED, _NEWCOMERS, _WEIGHT = range(1, 7)
_MONTH, _YEAR = COMPLAINED.windows.index(30), COMPLAINED.windows.index(365)
BURST_WINDOWS = (7, 30)
_MEAN_SEVERITY = 2.0
"""A complaint of this severity counts as one event against the doubt about few."""
_FEW = 0.3
"""Complaints for doubt where a single new one must show: a small maker may expect a tenth of one a month."""


def complaint_ratio(facts: Facts) -> Floats:
    """Complaints that were not made before, per declared line against all lines."""
    known = facts.known("complained")
    return _per_line(facts, known, known.windows[..., 0] - known.windows[..., _REPEATS])


def hazard_ratio(facts: Facts) -> Floats:
    """Complaints that name a hazard or someone hurt, per declared line against all lines."""
    known = facts.known("complained")
    return _per_line(facts, known, known.windows[..., _HAZARDOUS])


def hazard_lift(facts: Facts) -> Floats:
    """Complaints that name a hazard or someone hurt, per declared line, believed while they are few."""
    known = facts.known("complained")
    return _per_line(facts, known, known.windows[..., _HAZARDOUS], _FEW)


def told_severity_ratio(facts: Facts) -> Floats:
    """Severity told in complaints, summed, per declared line against all lines."""
    known = facts.known("complained")
    return _per_line(facts, known, known.windows[..., _SEVERITY] / _MEAN_SEVERITY)


def told_injured_ratio(facts: Facts) -> Floats:
    """Persons that complaints say were hurt, per declared line against all lines."""
    known = facts.known("complained")
    return _per_line(facts, known, known.windows[..., _INJURED])


def newcomer_ratio(facts: Facts) -> Floats:
    """Complainants heard for the first time, per declared line against all lines."""
    known = facts.known("complained")
    return _per_line(facts, known, known.windows[..., _NEWCOMERS])


def complaint_weight_ratio(facts: Facts) -> Floats:
    """Complaints weighed by source, per declared line against all lines."""
    known = facts.known("complained")
    return _per_line(facts, known, known.windows[..., _WEIGHT] / 100.0)


def repeated_share(facts: Facts) -> Floats:
    """Share of complaints that were made before."""
    known = facts.known("complained")
    counts = known.windows
    return only_present(counts[..., _REPEATS] / np.maximum(counts[..., 0], 1.0), known)


def days_since_complaint(facts: Facts) -> Floats:
    """Days since the last complaint became known."""
    known = facts.known("complained")
    return days_since(facts, known.last, known)


def complaint_burst(facts: Facts) -> Floats:
    """How surprising the last 7 and 30 days' complaints that name a hazard are, against the year before."""
    known = facts.known("complained")
    told = known.windows[..., _HAZARDOUS]
    values = np.zeros(told.shape)
    if told.any():
        past = told[:, :, _YEAR] - told[:, :, _MONTH]
        values[:, :, : len(BURST_WINDOWS)] = _surprise(
            told[:, :, : len(BURST_WINDOWS)], past, _heard_days(facts)
        )
    return only_present(values, known)


def hazard_burst(facts: Facts) -> Floats:
    """The most surprising hazard's burst: complaints of the heading that name it, against its year before."""
    told = facts.known("endangered")
    values = np.zeros(told.windows.shape[:3])
    month, year = ENDANGERED.windows.index(30), ENDANGERED.windows.index(365)
    by_hazard = told.windows[..., 1:]
    if by_hazard.any():
        past = np.moveaxis(by_hazard[:, :, year] - by_hazard[:, :, month], 2, 1)
        recent = np.moveaxis(by_hazard[:, :, : len(BURST_WINDOWS)], 3, 1)
        found = _surprise(recent[:, :, 0], past[..., 0], _heard_days(facts))
        values[:, 0, : len(BURST_WINDOWS)] = found.max(axis=1)
    return only_present(values, told)


def _surprise(recent: Floats, past: Floats, heard: Floats) -> Floats:
    """Return the surprise of counts (n, cells, windows) with the past of each cell (n, cells)."""
    rules = policy().burst
    exposure = np.clip(heard - 30.0, 0.0, YEAR - 30.0)
    doubt = Prior(rules.events, rules.days), rules.unevenness
    return surprise(recent, past[:, :, None], exposure[:, None, None], _burst_days(), doubt)


def _heard_days(facts: Facts) -> Floats:
    """Return for how many days complaints have been heard at all."""
    known = facts.known("complained")
    first = known.first[:, 0]
    return np.asarray(np.where(first < 0, 0.0, (facts.as_of - first) / DAY))


@cache
def _burst_days() -> Floats:
    return np.array(BURST_WINDOWS, dtype=np.float64)


def _per_line(facts: Facts, known: Known, told: Floats, doubt: float = 1.0) -> Floats:
    if not told.any():
        return only_present(np.zeros(told.shape), known)
    return only_present(log_volume_ratio(told, _lines(facts), doubt), known)


def _lines(facts: Facts) -> Floats:
    """Return declared lines of the entities and windows of complaints; a week is 7 of the last 30 days."""
    lines: Floats = facts.once(_declared_lines)
    return lines


def _declared_lines(facts: Facts) -> Floats:
    counted = facts.known("declared").windows[..., 0]
    lines = counted[:, shared_positions(COMPLAINED, DECLARED)[1]]
    columns = [0 if days == 7 else DECLARED.windows.index(days) for days in COMPLAINED.windows]
    shares = np.array([7 / 30 if days == 7 else 1.0 for days in COMPLAINED.windows])
    return np.asarray(lines[:, :, columns] * shares)
