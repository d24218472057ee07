"""Births sorted by key: each key is given a number as it is met, and only the distinct keys are sorted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.errors import KeyCollision
from features.history.keys import Hashes, Integers
from features.history.prefetch import prefetch
from features.history.sorting import sort_keys
from features.kernel import inlined, kernel

COLLISION = "Two different entities have the same 64-bit key, so their counts can't be told apart."

_WIDTH = 4
_WIDE = np.uint64(_WIDTH)
_CHECK, _COUNT = np.uint64(1), np.uint64(2)
"""Numbers that a key takes once met: itself, its check, how many births have it, and one that fills up."""

_NONE, _ONE = np.uint64(0), np.uint64(1)
_SMALLEST = 1 << 10
_AHEAD = 16
_NEAR, _FAR = np.uint64(_AHEAD), np.uint64(2 * _AHEAD)
"""How many births before its turn what a birth needs is asked for."""

Numbers = NDArray[np.uint32]


class Groups(NamedTuple):
    """The distinct keys of births: ascending `keys`, their `checks` and how many births each has (`counts`).

    `numbers` uint32 (births,) numbers the keys from 1 as they were met, 0 where there is none; `places` int64
    (keys + 1,) says where the births of each number are to begin, of the first key at 0.
    """

    keys: Hashes
    checks: Hashes
    counts: Integers
    numbers: Numbers
    places: Integers


def group_by_key(keys: Hashes, checks: Hashes) -> Groups:
    """Find the distinct ones of some keys, 0 being none; raises KeyCollision where one has two checks."""
    numbers = np.empty(len(keys), dtype=np.uint32)
    met, sound = _number(keys, checks, numbers)
    if not sound:
        raise KeyCollision(COLLISION)
    found, checks, counts = np.ascontiguousarray(met.reshape(-1, _WIDTH).T[:3])
    order, ascending = sort_keys(found)
    counts = counts[order].view(np.int64)
    places = np.zeros(len(order) + 1, dtype=np.int64)
    places[order + 1] = np.cumsum(counts) - counts
    return Groups(ascending, checks[order], counts, numbers, places)


@kernel
def _number(keys: Hashes, checks: Hashes, numbers: Numbers) -> tuple[Hashes, bool]:
    """Number the keys as they are met; return key, check and count of each, and whether all is sound."""
    met, table = np.empty(_SMALLEST * _WIDTH, dtype=np.uint64), np.zeros(4 * _SMALLEST, dtype=np.uint32)
    size, sound, end = np.uint64(0), True, np.uint64(len(keys))
    place = np.uint64(0)
    while place < end:
        _bring(met, table, keys, place)
        key, check = keys[place], checks[place]
        at = _find(met, table, key)
        if key != _NONE and table[at] == 0:
            if size * _WIDE == np.uint64(len(met)):
                met, table = _more_room(met)
                at = _find(met, table, key)
            own = size * _WIDE
            met[own], met[own + _CHECK], met[own + _COUNT] = key, check, np.uint64(0)
            size += _ONE
            table[at] = np.uint32(size)
        number = table[at] if key != _NONE else np.uint32(0)
        if number > 0:
            own = (np.uint64(number) - _ONE) * _WIDE
            sound &= met[own + _CHECK] == check
            met[own + _COUNT] += _ONE
        numbers[place] = number
        place += _ONE
    return met[: size * _WIDE], sound


@inlined
def _bring(met: Hashes, table: Numbers, keys: Hashes, place: np.uint64) -> None:
    """Ask for what later keys need: far ahead for the table, nearer for what it says of the key."""
    last = np.uint64(len(keys)) - _ONE
    mask = np.uint64(len(table) - 1)
    prefetch(table, np.int64(keys[min(place + _FAR, last)] & mask))
    number = np.uint64(table[keys[min(place + _NEAR, last)] & mask])
    prefetch(met, np.int64(number * _WIDE) - _WIDTH)


@inlined
def _find(met: Hashes, table: Numbers, key: np.uint64) -> np.uint64:
    """Return where the number of a key stands in the table, or, as 0, is to stand."""
    mask = np.uint64(len(table) - 1)
    at = key & mask
    while table[at] != 0 and met[(np.uint64(table[at]) - _ONE) * _WIDE] != key:
        at = (at + _ONE) & mask
    return at


@kernel
def _more_room(met: Hashes) -> tuple[Hashes, Numbers]:
    """Return twice the room for keys that were met, and its table."""
    room = np.empty(2 * len(met), dtype=np.uint64)
    room[: len(met)] = met
    keys = len(met) // _WIDTH
    table = np.zeros(8 * keys, dtype=np.uint32)
    for number in range(keys):
        table[_find(room, table, met[number * _WIDTH])] = number + 1
    return room, table


@kernel
def place_births(
    born: Integers, sequence: Integers, groups: Groups, begin: int, room: tuple[Integers, Integers]
) -> None:
    """Write births from position `begin` on, sorted by key and otherwise in the order they come in."""
    numbers, places = groups.numbers, groups.places + begin
    room_born, room_sequence = room
    last = len(numbers) - 1
    for birth in range(len(numbers)):
        soon = np.uint64(places[np.uint64(numbers[min(birth + _AHEAD, last)])])
        prefetch(room_born, np.int64(soon))
        prefetch(room_sequence, np.int64(soon))
        number = np.uint64(numbers[birth])
        if number > np.uint64(0):
            at = np.uint64(places[number])
            room_born[at], room_sequence[at] = born[birth], sequence[birth]
            places[number] += 1


@kernel
def place_values(values: NDArray[np.int64], groups: Groups, begin: int, sums: NDArray[np.int64]) -> None:
    """Write running sums of births' values likewise, each behind its birth, on from the one at `begin`."""
    if not values.shape[1]:
        return
    places = groups.places + begin
    for birth in range(len(values)):
        number = groups.numbers[birth]
        if number > 0:
            places[number] += 1
            sums[places[number]] = values[birth]
    for place in range(begin, begin + np.sum(groups.counts)):
        sums[place + 1] += sums[place]
