"""Sorting and searching of keys and instants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.history.kernel import kernel
from features.history.keys import Hashes, Integers

_FEW = 2_048
_BITS = 11
_BUCKETS = 1 << _BITS
_LOWEST = 31
_DIGIT = np.uint64(_BUCKETS - 1)


def order_of(keys: Hashes) -> Integers:
    """Return the positions that sort `keys`, equal ones in the order they came."""
    return sort_keys(keys)[0]


def sort_keys(keys: Hashes) -> tuple[Integers, Hashes]:
    """Return the positions that sort `keys`, equal ones in the order they came, and the sorted keys."""
    if len(keys) < _FEW:
        order = np.argsort(keys, kind="stable")
        return order, keys[order]
    return radix_order(keys)


@kernel
def radix_order(keys: Hashes) -> tuple[Integers, Hashes]:
    """Sort by the upper 33 bits in three passes; the few keys that share them are sorted after."""
    size = len(keys)
    order = np.arange(size)
    moved = np.empty(size, dtype=np.int64)
    source = keys.copy()
    target = np.empty(size, dtype=np.uint64)
    for step in range(3):
        shift = np.uint64(_LOWEST + step * _BITS)
        places = np.zeros(_BUCKETS + 1, dtype=np.int64)
        for key in source:
            places[np.int64((key >> shift) & _DIGIT) + 1] += 1
        places = np.cumsum(places)
        for position in range(size):
            digit = np.int64((source[position] >> shift) & _DIGIT)
            place = places[digit]
            target[place] = source[position]
            moved[place] = order[position]
            places[digit] = place + 1
        source, target = target, source
        order, moved = moved, order
    _sort_runs(source, order)
    return order, source


@kernel
def _sort_runs(keys: Hashes, order: Integers) -> None:
    shift = np.uint64(_LOWEST)
    start = 0
    while start < len(keys):
        stop = start + 1
        mixed = False
        while stop < len(keys) and (keys[stop] >> shift) == (keys[start] >> shift):
            mixed = mixed or keys[stop] != keys[start]
            stop += 1
        if mixed:
            inner = np.argsort(keys[start:stop], kind="mergesort")
            keys[start:stop] = keys[start:stop][inner]
            order[start:stop] = order[start:stop][inner]
        start = stop


@kernel
def find_key(keys: Hashes, low: int, high: int, key: np.uint64) -> int:
    """Return the position of `key` in the sorted keys[low:high], or -1."""
    end = high
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < end and keys[low] == key else -1


@kernel
def first_from(instants: Integers, low: int, high: int, instant: int) -> int:
    """Return the first position in the sorted instants[low:high] that is not before `instant`, or `high`."""
    while low < high:
        middle = (low + high) >> 1
        if instants[middle] < instant:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def first_from_near(instants: Integers, low: int, high: int, instant: int) -> int:
    """Return what `first_from` does, looking close behind `low` first: for instants that grow."""
    step = 1
    while low + step <= high and instants[low + step - 1] < instant:
        low += step
        step *= 2
    return first_from(instants, low, min(high, low + step), instant)


@kernel
def first_from_pair(
    instants: Integers, sequence: Integers, span: tuple[int, int], instant: int, ordinal: int
) -> int:
    """Return the first position in `span` whose (instant, sequence) is not before (instant, ordinal)."""
    low, high = span
    while low < high:
        middle = (low + high) >> 1
        if instants[middle] < instant or (instants[middle] == instant and sequence[middle] < ordinal):
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def first_reaching(sums: NDArray[np.int64], low: int, high: int, total: int) -> int:
    """Return the first position in low..high at which the first running sum has reached `total`."""
    while low < high:
        middle = (low + high) >> 1
        if sums[middle, 0] < total:
            low = middle + 1
        else:
            high = middle
    return low
