"""A member that may not read a column reads 0 there, however many columns it reads."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.fit import _seen

WIDTH = 12


@given(st.sets(st.integers(0, WIDTH - 1)), st.lists(st.booleans(), min_size=5, max_size=5))
def test_only_the_columns_of_a_member_are_seen(read: set[int], chosen: list[bool]) -> None:
    values = np.random.default_rng(3).random((5, WIDTH))
    values[1, 4] = np.nan
    rows, columns = np.array(chosen), np.array(sorted(read), dtype=np.intp)
    expected = np.array([[row[at] if at in read else 0.0 for at in range(WIDTH)] for row in values[rows]])
    found = _seen(values, rows, columns)
    np.testing.assert_array_equal(found, expected.reshape(-1, WIDTH))
    assert found.flags.c_contiguous
