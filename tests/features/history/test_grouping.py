"""Grouping births by key says what sorting them says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from features.history.errors import KeyCollision
from features.history.grouping import group_by_key, place_births, place_values

KEYS = arrays.arrays(np.uint64, st.integers(0, 60), elements=st.integers(0, 9) | st.just(2**64 - 1))


def check_of(keys):
    """A check that goes with its key."""
    return keys * np.uint64(3) + np.uint64(1)


def sorted_out(keys, columns, begin):
    """The same by a stable sort."""
    order = np.argsort(keys, kind="stable")
    order = order[keys[order] > 0]
    return [np.concatenate([np.full(begin, -7), column[order]]) for column in columns]


def placed(keys, columns, begin):
    """Births' columns as they are written behind `begin` others."""
    groups = group_by_key(keys, check_of(keys))
    room = tuple(np.full(begin + int(groups.counts.sum()), -7) for _ in columns)
    place_births(*columns, groups, begin, room)
    return room


@given(KEYS, st.integers(0, 3))
def test_births_stand_by_key_and_otherwise_in_their_order(keys, begin):
    columns = (np.arange(len(keys)) // 3, np.arange(len(keys)))
    for found, expected in zip(placed(keys, columns, begin), sorted_out(keys, columns, begin), strict=True):
        assert found.tolist() == expected.tolist()


@given(KEYS)
def test_the_distinct_keys_ascend_with_their_checks_and_counts(keys):
    groups = group_by_key(keys, check_of(keys))
    distinct, counts = np.unique(keys[keys > 0], return_counts=True)
    assert groups.keys.tolist() == distinct.tolist()
    assert groups.counts.tolist() == counts.tolist()
    assert groups.checks.tolist() == check_of(distinct).tolist()


def test_many_keys_find_room():
    random = np.random.default_rng(5)
    keys = random.integers(0, 2**64, 9_000, dtype=np.uint64)[random.integers(0, 9_000, 30_000)]
    columns = (np.arange(len(keys)), np.arange(len(keys)) + 5)
    for found, expected in zip(placed(keys, columns, 0), sorted_out(keys, columns, 0), strict=True):
        assert np.array_equal(found, expected)


@given(KEYS, st.integers(1, 3), st.integers(-50, 50))
def test_values_run_on_from_those_before(keys, measures, before):
    values = np.arange(len(keys) * measures).reshape(-1, measures) - 20
    groups = group_by_key(keys, check_of(keys))
    total = int(groups.counts.sum())
    sums = np.full((2 + total + 1, measures), before)
    place_values(values, groups, 2, sums)
    order = np.argsort(keys, kind="stable")
    expected = before + np.cumsum(values[order[keys[order] > 0]], axis=0)
    assert sums[:3].tolist() == np.full((3, measures), before).tolist()
    assert sums[3:].tolist() == expected.tolist()


@given(KEYS.filter(lambda keys: len(keys) > 1 and len(np.unique(keys[keys > 0])) < np.sum(keys > 0)))
def test_a_key_with_two_checks_is_refused(keys):
    checks = check_of(keys)
    repeated = next(key for key in keys if key > 0 and np.sum(keys == key) > 1)
    checks[np.flatnonzero(keys == repeated)[-1]] += np.uint64(1)
    with pytest.raises(KeyCollision, match="64-bit key"):
        group_by_key(keys, checks)
