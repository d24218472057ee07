"""Sorting and searching of keys and instants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Hashes, Integers
from features.kernel import kernel

_FEW = 2_048
_BITS = np.uint64(11)
_BUCKETS = 2_048
_LOWEST = np.uint64(31)
_DIGIT = np.uint64(_BUCKETS - 1)
_ROW = (np.uint64(1) << _LOWEST) - np.uint64(1)
_MOST = 1 << 31


def order_of(keys: Hashes) -> Integers:
    """Return the positions that sort `keys`, equal ones in the order they came."""
    return sort_keys(keys)[0]


def sort_keys(keys: Hashes) -> tuple[Integers, Hashes]:
    """Return the positions that sort `keys`, equal ones in the order they came, and the sorted keys."""
    if not _FEW <= len(keys) < _MOST:
        order = np.argsort(keys, kind="stable")
        return order, keys[order]
    packed, moved, rows = np.empty((3, len(keys)), dtype=np.uint64)
    order = rows.view(np.int64)
    _radix_order(keys, packed, moved, order)
    _sort_runs(packed, order)
    return order, packed


@kernel
def _radix_order(keys: Hashes, packed: Hashes, moved: Hashes, order: Integers) -> None:
    """Sort by the upper 33 bits in three passes, the row in the place of the lower ones.

    The few keys that share the upper bits are sorted after; `packed` is left holding the keys in order.
    """
    places = _bucket_starts(keys)
    for row in range(len(keys)):
        digit = (keys[row] >> _LOWEST) & _DIGIT
        packed[places[0, digit]] = (keys[row] & ~_ROW) | np.uint64(row)
        places[0, digit] += 1
    for each in packed:
        digit = (each >> (_LOWEST + _BITS)) & _DIGIT
        moved[places[1, digit]] = each
        places[1, digit] += 1
    for each in moved:
        digit = each >> (_LOWEST + _BITS + _BITS)
        order[places[2, digit]] = np.int64(each & _ROW)
        places[2, digit] += 1
    for place in range(len(order)):
        packed[place] = keys[order[place]]


@kernel
def _bucket_starts(keys: Hashes) -> NDArray[np.int64]:
    """Return where the keys of each digit begin in each of the three passes."""
    places = np.zeros((3, _BUCKETS + 1), dtype=np.int64)
    for key in keys:
        for step in range(3):
            digit = (key >> (_LOWEST + np.uint64(step) * _BITS)) & _DIGIT
            places[step, digit + np.uint64(1)] += 1
    for step in range(3):
        places[step] = np.cumsum(places[step])
    return places


@kernel
def _sort_runs(keys: Hashes, order: Integers) -> None:
    shift = _LOWEST
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
