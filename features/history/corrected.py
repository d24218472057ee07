"""Corrections in a pass through time: they enter the states of their keys, and leave windows, as events do.

A correction holds from when it became known and counts in a window while the event that it changes does. The
births of what was corrected are kept beside each state: they say when an end that stands there is in doubt.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.ends import FAILED_DOUBTED, FIRST_DOUBTED, LAST_DOUBTED, NO_DOUBT
from features.history.keys import Integers
from features.history.level import Level
from features.history.query import NEVER
from features.history.states import CELLS, ONE
from features.history.stream import Directory, Slots
from features.kernel import inlined

_ALWAYS, _FOREVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max

_OLDEST, _NEWEST, _FAILED = range(3)


class Corrected(NamedTuple):
    """A level's corrections in the order in which they became known.

    `known` and `born` int64 (n,), `slots` uint32 (n,) the states of their keys, `change` int64 (n, 1 +
    measures); `by_birth` int64 (n,) are their places in the order of birth.
    """

    known: Integers
    born: Integers
    slots: Slots
    change: NDArray[np.int64]
    by_birth: Integers


class Reached(NamedTuple):
    """How far corrections were taken in.

    `passed` int64 (1 + windows,) are the places up to which they are known, and, by birth, left each window;
    `limits` (windows,) the instants at which windows begin. `births` int64 (states, 3) are the oldest and the
    newest birth that was taken or given, and the newest of those that failed or did not.
    """

    passed: Integers
    limits: Integers
    births: NDArray[np.int64]


def corrected_of(level: Level) -> Corrected:
    """Return a level's corrections in the order in which they became known."""
    slots = np.arange(len(level.keys)) + np.repeat(np.arange(len(level.blocks) - 1), np.diff(level.blocks))
    own = np.repeat(slots, np.diff(level.corrected)).astype(np.uint32)
    order = np.argsort(level.c_known, kind="stable")
    born = level.c_born[order]
    by_birth = np.argsort(born, kind="stable")
    return Corrected(level.c_known[order], born, own[order], level.c_change[order], by_birth)


def none_reached(directory: Directory, windows: int) -> Reached:
    """Return how far corrections were taken in before anything happened."""
    births = np.full((len(directory.keys), 3), NEVER, dtype=np.int64)
    births[:, _OLDEST] = _FOREVER
    return Reached(np.zeros(1 + windows, dtype=np.int64), np.full(windows, _ALWAYS), births)


@inlined
def correct(
    corrected: Corrected,
    reached: Reached,
    states: tuple[Integers, np.uint64],
    asking: tuple[Integers, int],
    failures: bool,
) -> int:
    """Take in what became known before an instant, and out of the windows that end behind it.

    `asking` are the lengths of the windows, and the instant. Returns that up to which nothing more happens.
    """
    lengths, instant = asking
    place = reached.passed[0]
    while place < len(corrected.known) and corrected.known[place] < instant:
        _take_in(corrected, place, reached, states, lengths)
        _keep_births(corrected, place, reached, failures)
        place += 1
    reached.passed[0] = place
    due = corrected.known[place] if place < len(corrected.known) else _FOREVER
    for window in range(len(lengths)):
        if lengths[window] >= 0:
            limit = instant - lengths[window]
            _take_out(corrected, reached, states, window, limit)
            reached.limits[window], at = limit, reached.passed[1 + window]
            if at < len(corrected.by_birth):
                due = min(due, corrected.born[corrected.by_birth[at]] + lengths[window])
    return due


@inlined
def _take_in(
    corrected: Corrected,
    place: int,
    reached: Reached,
    states: tuple[Integers, np.uint64],
    lengths: Integers,
) -> None:
    room, width = states
    cell, born = np.uint64(corrected.slots[place]) * width + CELLS, corrected.born[place]
    for window in range(len(lengths)):
        counts = lengths[window] < 0 or born >= reached.limits[window]
        for part in range(corrected.change.shape[1]):
            if counts:
                room[cell] += corrected.change[place, part]
            cell += ONE


@inlined
def _keep_births(corrected: Corrected, place: int, reached: Reached, failures: bool) -> None:
    births, born = reached.births[np.uint64(corrected.slots[place])], corrected.born[place]
    if corrected.change[place, 0] != 0:
        births[_OLDEST] = min(births[_OLDEST], born)
        births[_NEWEST] = max(births[_NEWEST], born)
    if failures and corrected.change[place, 1] != 0:
        births[_FAILED] = max(births[_FAILED], born)


@inlined
def _take_out(
    corrected: Corrected, reached: Reached, states: tuple[Integers, np.uint64], window: int, limit: int
) -> None:
    room, width = states
    parts = corrected.change.shape[1]
    begin, at = CELLS + np.uint64(window * parts), reached.passed[1 + window]
    while at < len(corrected.by_birth) and corrected.born[corrected.by_birth[at]] < limit:
        place = corrected.by_birth[at]
        if place < reached.passed[0]:
            cell = np.uint64(corrected.slots[place]) * width + begin
            for part in range(parts):
                room[cell] -= corrected.change[place, part]
                cell += ONE
        at += 1
    reached.passed[1 + window] = at


@inlined
def doubts_of(births: Integers, room: Integers, ends: np.uint64) -> np.uint8:
    """Say which of a state's ends, which stand from `ends` on, corrections of its key may have taken away.

    An event that holds as it was born is the last if nothing from it on was corrected: an end is in doubt
    only where a correction reaches it.
    """
    doubts = NO_DOUBT
    if births[_OLDEST] != _FOREVER and (births[_OLDEST] <= room[ends] or room[ends] == NEVER):
        doubts |= FIRST_DOUBTED
    if births[_NEWEST] != NEVER and births[_NEWEST] >= room[ends + ONE]:
        doubts |= LAST_DOUBTED
    if births[_FAILED] != NEVER and births[_FAILED] >= room[ends + ONE + ONE]:
        doubts |= FAILED_DOUBTED
    return doubts
