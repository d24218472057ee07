"""What is asked of a tally, and the answer being summed up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Hashes, Integers

NEVER = -1
FIRST, LAST, LAST_FAILED = -3, -2, -1
"""Where the ends stand in an answer's cells."""


class Query(NamedTuple):
    """Rows to count for: keys uint64 (rows, entities), 0 for none; instants; windows in µs, -1 for all."""

    keys: Hashes
    as_of: Integers
    lengths: Integers


class Answer(NamedTuple):
    """Counts being summed: int64 (rows, entities, cells), all of a row's entity side by side.

    The cells are those of each window, count and measures, then the births of the first, last and last failed
    event. `failures` int64 (1,) says whether the first measure is of failures, so that the last is sought.
    """

    cells: NDArray[np.int64]
    failures: Integers


def no_counts(query: Query, measures: int, *, failures: bool) -> Answer:
    """Return an answer of zeros and -1."""
    rows, entities = query.keys.shape
    cells = np.zeros((rows, entities, len(query.lengths) * (1 + measures) + 3), dtype=np.int64)
    cells[..., FIRST:] = NEVER
    return Answer(cells, np.array([failures], dtype=np.int64))
