"""Loose changes of a key hang together, and what was written in vain is never found."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.history.level import Corrections
from features.history.loose import add_loose, newest_loose, room_for_loose

KEYS = st.lists(st.sampled_from([7, 7 + (1 << 20), 9, 1 << 63]), max_size=30)


def changes(keys):
    numbers = np.arange(len(keys), dtype=np.int64)
    hashes = np.array(keys, dtype=np.uint64)
    change = np.ones((len(keys), 2), dtype=np.int64)
    return Corrections(numbers, hashes, hashes, numbers, numbers, numbers, change)


def found(loose, size, key):
    rows, row = [], newest_loose(loose, size, np.uint64(key))
    while row >= 0:
        if loose.keys[row] == key:
            rows.append(int(row))
        row = loose.previous[row]
    return rows


@given(kept=KEYS, more=KEYS)
def test_each_key_leads_to_its_own_rows_newest_first(kept, more):
    loose = add_loose(room_for_loose(1), 0, changes(kept))
    loose = add_loose(loose, len(kept), changes(more))
    for key in {*kept, *more, 8}:
        for keys in (kept, kept + more):
            rows = [row for row, other in enumerate(keys) if other == key]
            assert found(loose, len(keys), key) == rows[::-1]


@given(kept=KEYS, vain=KEYS, more=KEYS)
def test_rows_written_in_vain_disturb_neither_who_reads_nor_who_writes_next(kept, vain, more):
    before = add_loose(room_for_loose(1), 0, changes(kept))
    add_loose(before, len(kept), changes(vain))
    after = add_loose(before, len(kept), changes(more))
    for key in {*kept, *vain, *more}:
        rows = [row for row, other in enumerate(kept) if other == key]
        assert found(before, len(kept), key) == rows[::-1]
        rows = [row for row, other in enumerate(kept + more) if other == key]
        assert found(after, len(kept + more), key) == rows[::-1]
