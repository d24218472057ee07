"""Loose changes of a key hang together, and what was written in vain is never found."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.history.level import Corrections
from features.history.loose import add_loose, newest_loose, newest_of, room_for_loose

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


@given(rows=st.lists(st.tuples(st.sampled_from([7, 9]), st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_what_a_key_comes_to_is_summed_as_its_changes_come(rows):
    keys, born, known = (np.array([row[at] for row in rows], dtype=np.int64) for at in range(3))
    change = np.stack([np.where(born % 3 == 0, -1, 1), born % 2], axis=1).astype(np.int64).reshape(-1, 2)
    hashes, numbers = keys.astype(np.uint64), np.arange(len(rows), dtype=np.int64)
    added = Corrections(np.zeros_like(keys), hashes, hashes, born, known, numbers, change)
    loose = add_loose(room_for_loose(1), 0, added)
    for size in range(len(rows) + 1):
        for key in (7, 9):
            of_key = np.flatnonzero(keys[:size] == key)
            newest = newest_of(loose, size, 0, np.uint64(key))
            assert newest == (of_key[-1] if len(of_key) else -1)
            if not len(of_key):
                continue
            births = [row for row in of_key if born[row] == known[row] and change[row, 0] > 0]
            failed = [row for row in births if change[row, 1] > 0]
            corrected = sorted(set(of_key.tolist()) - set(births))
            assert loose.totals[newest].tolist() == change[of_key].sum(axis=0).tolist()
            assert loose.reach[newest].tolist() == [
                born[of_key].min(),
                known[of_key].max(),
                min(born[births], default=-1),
                max(born[births], default=-1),
                max(born[failed], default=-1),
                min(born[corrected], default=np.iinfo(np.int64).max),
                max(born[corrected], default=-1),
            ]
