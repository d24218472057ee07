"""Measures in loops, cell by cell: for one line, what numpy takes for a call would exceed the work.

Shares take counts as float64 (n, entities, windows, 1 + measures) and give float64 (n, entities, windows);
days take instants (n, entities) and give (n, entities, 1). NaN where `absent` (n, entities) is true.
Logarithms are taken by numpy of all cells at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.facts import Floats, Instants, Known
from features.instants import DAY
from features.kernel import compiled
from features.rates import FIRST_GUESS, usual_volume, volume_ratio

Flags = NDArray[np.bool_]
Places = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Positions of the same entities in two tallies, "all" first."""


def log_inspected_share(inspected: Known, declared: Known, places: Places, strength: float) -> Floats:
    """Return the log of inspections per declared line, against those of all lines."""
    cells = np.empty((len(inspected.absent), len(places[0]), declared.windows.shape[2]))
    _inspected_share(cells, (inspected.windows, declared.windows), places, inspected.absent, strength)
    return np.log(cells, out=cells)


def log_found_share(found: Known, declared: Known, places: Places, measure: int) -> Floats:
    """Return the log of events found elsewhere to those expected of the lines, as `log_volume_ratio` does."""
    cells = np.empty((len(found.absent), len(places[0]), declared.windows.shape[2]))
    _found_share(cells, (found.windows, declared.windows), places, found.absent, measure)
    return np.log(cells, out=cells)


def days_up_to(most: float, as_of: Instants, last: Instants, absent: Flags) -> Floats:
    """Return days since the instants `last` (n, entities), at most so many; so many also for never (-1)."""
    cells = np.empty((*last.shape, 1))
    _days(cells, as_of, last, (most, most))
    cells[absent] = np.nan
    return cells


def share_of_days(most: float, as_of: Instants, first: Instants, absent: Flags) -> Floats:
    """Return days since `first` (n, entities), at most so many, 0 for never, over the first entity's."""
    cells = np.empty((*first.shape, 1))
    _days(cells, as_of, first, (most, 0.0))
    cells /= np.maximum(cells[:, :1], 1.0)
    cells[absent] = np.nan
    return cells


@compiled(nogil=True, error_model="numpy")
def _days(cells, as_of, instants, bounds):  # type: ignore[no-untyped-def]
    most, never = bounds
    for row in range(cells.shape[0]):
        for entity in range(cells.shape[1]):
            days = max(min((as_of[row] - instants[row, entity]) / DAY, most), 0.0)
            cells[row, entity, 0] = never if instants[row, entity] < 0 else days


@compiled(nogil=True, error_model="numpy")
def _inspected_share(cells, windows, places, absent, strength):  # type: ignore[no-untyped-def]
    (inspected, declared), (ours, theirs) = windows, places
    for row in range(cells.shape[0]):
        for window in range(cells.shape[2]):
            all_events, all_lines = inspected[row, ours[0], window, 0], declared[row, theirs[0], window, 0]
            usual = (all_events + FIRST_GUESS[0]) / (all_lines + FIRST_GUESS[1])
            for place in range(cells.shape[1]):
                events, lines = (
                    inspected[row, ours[place], window, 0],
                    declared[row, theirs[place], window, 0],
                )
                share = (events + strength * usual) / (lines + strength) / usual
                cells[row, place, window] = np.nan if absent[row, ours[place]] else share


@compiled(nogil=True, error_model="numpy")
def _found_share(cells, windows, places, absent, measure):  # type: ignore[no-untyped-def]
    (found, declared), (ours, theirs) = windows, places
    for row in range(cells.shape[0]):
        for window in range(cells.shape[2]):
            all_events, all_lines = found[row, ours[0], window, measure], declared[row, theirs[0], window, 0]
            usual = usual_volume(all_events, all_lines)
            for place in range(cells.shape[1]):
                own = found[row, ours[place], window, measure], declared[row, theirs[place], window, 0]
                share = volume_ratio(own, usual, 1.0)
                cells[row, place, window] = np.nan if absent[row, ours[place]] else share
