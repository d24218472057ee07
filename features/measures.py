"""What is measured of an entity's history: each function gives one measure of n lines, all cells at once.

Every function returns float64 (n, entities, windows) over the entities and windows of its tally, NaN where
the line names no such entity. They are pure in their facts, so that one line and a batch get the same bits.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.cells import days_up_to, log_found_share, log_inspected_share, share_of_days
from features.entities import DECLARED, FOUND, INSPECTED, Tally
from features.facts import Facts, Floats, Instants, Known
from features.rates import Smoothing, log_rate_ratio

YEAR = 365.0
RECENT_WEIGHTS = np.array([0.5, 0.35, 0.15, 0.0])
"""Weights of the windows 30, 90, 365 days and all: a result counts 1 for a month, then 0.5 and 0.15."""
RECENT_WEIGHT = 0.5
"""Recent evidence is discounted already, so that half of the usual smoothing will do."""
VOLUME_STRENGTH = 5.0
_USUAL, _RECENT = Smoothing.of(INSPECTED), Smoothing.of(INSPECTED, RECENT_WEIGHT)


def only_present(values: Floats, known: Known) -> Floats:
    """Return the values, missing where the line names no such entity."""
    values[known.absent] = np.nan
    return values


def nonconformity_ratio(facts: Facts) -> Floats:
    """Failures per inspection against all lines."""
    known = facts.known("inspected")
    return log_rate_ratio(known, known.windows[..., 1], known.windows[..., 0], _USUAL)


def random_nonconformity_ratio(facts: Facts) -> Floats:
    """Failures per inspection, of random draws alone: untouched by who was targeted."""
    known = facts.known("inspected")
    return log_rate_ratio(known, known.windows[..., 3], known.windows[..., 2], _USUAL)


def targeted_nonconformity_ratio(facts: Facts) -> Floats:
    """Failures per inspection, of all but random draws."""
    known = facts.known("inspected")
    counts = known.windows
    hits, trials = counts[..., 1] - counts[..., 3], counts[..., 0] - counts[..., 2]
    return log_rate_ratio(known, hits, trials, _USUAL)


def recent_nonconformity_ratio(facts: Facts) -> Floats:
    """Failures per inspection, recent results weighing most, little smoothed: a bad batch shows at once."""
    known = facts.known("inspected")
    weighed = _weigh(known.windows[..., :2])
    return log_rate_ratio(known, weighed[..., 1], weighed[..., 0], _RECENT)


def _weigh(windows: Floats) -> Floats:
    total = windows[:, :, :1] * RECENT_WEIGHTS[0]
    for position in range(1, len(RECENT_WEIGHTS)):
        total = total + windows[:, :, position : position + 1] * RECENT_WEIGHTS[position]
    return total


def laboratory_ratio(facts: Facts) -> Floats:
    """Laboratory tests per inspection against all lines."""
    known = facts.known("inspected")
    return log_rate_ratio(known, known.windows[..., 4], known.windows[..., 0], _USUAL)


def inspection_ratio(facts: Facts) -> Floats:
    """Inspections per declared line against all lines; over the entities of INSPECTED that DECLARED has."""
    places = shared_positions(INSPECTED, DECLARED)
    return log_inspected_share(facts.known("inspected"), facts.known("declared"), places, VOLUME_STRENGTH)


def days_since_inspection(facts: Facts) -> Floats:
    """Days since the last result of an inspection became known."""
    known = facts.known("inspected")
    return days_since(facts, known.last, known)


def days_since_failure(facts: Facts) -> Floats:
    """Days since the last nonconforming inspection became known."""
    known = facts.known("inspected")
    last = known.last if known.last_failed is None else known.last_failed
    return days_since(facts, last, known)


def days_since_found(facts: Facts) -> Floats:
    """Days since the last nonconformity from elsewhere became known."""
    known = facts.known("found")
    return days_since(facts, known.last, known)


def days_since_declared(facts: Facts) -> Floats:
    """Days since the last declared line became known."""
    known = facts.known("declared")
    return days_since(facts, known.last, known)


def days_since(facts: Facts, last: Instants, known: Known) -> Floats:
    """Return days since `last` of each entity, up to a year, a year also for never.

    Uncapped days since the records began are a clock.
    """
    return days_up_to(YEAR, facts.as_of, last, known.absent)


def seniority(facts: Facts) -> Floats:
    """For how much of the last year's records the entity has been declaring: 0 new, 1 since before."""
    known = facts.known("declared")
    return share_of_days(YEAR, facts.as_of, known.first, known.absent)


def declared_share(facts: Facts) -> Floats:
    """Share of all declared lines, as log1p of hundredths of a percent."""
    known = facts.known("declared")
    lines = known.windows[..., 0]
    return only_present(np.log1p(10_000.0 * lines / np.maximum(lines[:, :1], 1.0)), known)


def activity_ratio(facts: Facts) -> Floats:
    """Declared lines in the window per line in a year, against all lines: above 0 the entity speeds up."""
    known = facts.known("declared")
    lines = known.windows[..., 0]
    year = lines[:, :, 2:3]
    usual = (lines[:, :1] + 1.0) / (year[:, :1] + 12.0)
    values = np.log((lines + VOLUME_STRENGTH * usual) / (year + VOLUME_STRENGTH) / usual)
    return only_present(values, known)


def _mean_value(known: Known) -> tuple[Floats, Floats]:
    """Return CNY per line of each entity, drawn towards that of all lines, and that of all lines."""
    lines, value = known.windows[..., 0], known.windows[..., 1] / DECLARED.scale
    usual = value[:, :1] / np.maximum(lines[:, :1], 1.0)
    return (value + VOLUME_STRENGTH * usual) / (lines + VOLUME_STRENGTH), usual


def mean_value_ratio(facts: Facts) -> Floats:
    """Mean value of the entity's lines against all lines."""
    known = facts.known("declared")
    mean, usual = _mean_value(known)
    return only_present(np.log((mean + 1.0) / (usual + 1.0)), known)


def value_to_usual(facts: Facts) -> Floats:
    """This line's value against the mean value of the entity's lines."""
    known = facts.known("declared")
    value = np.minimum(facts.lines["value_cny"], 1e15)
    return only_present(np.log((value[:, None, None] + 1.0) / (_mean_value(known)[0] + 1.0)), known)


def found_ratio(facts: Facts) -> Floats:
    """Nonconformities found elsewhere per declared line against all; over the entities of both tallies."""
    places = shared_positions(FOUND, DECLARED)
    return log_found_share(facts.known("found"), facts.known("declared"), places, 0)


def found_severity(facts: Facts) -> Floats:
    """Mean severity (1 to 4) of nonconformities found elsewhere, 0 for none."""
    known = facts.known("found")
    return only_present(known.windows[..., 1] / np.maximum(known.windows[..., 0], 1.0), known)


@lru_cache(maxsize=8)
def shared_positions(tally: Tally, other: Tally) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions, in each of two tallies, of the entities that both have; "all" comes first."""
    names = shared_entities(tally, other)
    positions = [np.array([one.entities.index(name) for name in names]) for one in (tally, other)]
    return positions[0], positions[1]


def shared_entities(tally: Tally, other: Tally) -> tuple[str, ...]:
    """Return the entities of `tally` that `other` counts too, "all" first."""
    return tuple(name for name in tally.entities if name in other.entities)
