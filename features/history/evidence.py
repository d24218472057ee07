"""The very events behind a count, newest first."""

from __future__ import annotations

from features.history.ends import ANY, NONE, Key, holds, previous_event
from features.history.keys import Integers
from features.history.pointers import Table, loose_at
from features.kernel import kernel


@kernel
def newest_held(levels: Table, loose_table: Table, size: int, key: Key, start: int, found: Integers) -> int:
    """Write the sequences of the newest events born at `start` or later that hold; returns how many there is
    room for."""
    loose = loose_at(loose_table)
    count = 0
    event = previous_event(levels, loose, size, key, (key[2], NONE, ANY))
    while event[0] >= start and count < len(found):
        if holds(levels, loose, size, key, event)[0] > 0:
            found[count] = event[1]
            count += 1
        event = previous_event(levels, loose, size, key, (event[0], event[1], ANY))
    return count
