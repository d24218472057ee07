"""Which revision of a record holds from when to when, and from that when it counts.

In the state at t a record is as its revision with the greatest sequence among those visible before t. So a
revision that is visible no earlier than a later one never holds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.errors import KeyCollision
from features.history.keys import Hashes, Integers
from features.history.rows import Rows
from features.history.sorting import find_key, order_of
from features.kernel import int64, kernel

_NO_ROW = int64(-1)


class Steps(NamedTuple):
    """The revisions that ever hold, by record: those of record r are starts[r]:starts[r + 1], oldest first.

    `ids` uint64 (records) are sorted; `rows` point into Rows, and each holds from just after `since` on.
    """

    ids: Hashes
    id_checks: Hashes
    starts: Integers
    rows: Integers
    since: Integers


class Timeline(NamedTuple):
    """What a tally counts of each record, step by step; records as in Steps.

    From just after `since` on, the event has the keys of row `key_row` (-1: it does not count) and the
    measures of row `value_row`; `sequence` is the revision's.
    """

    starts: Integers
    since: Integers
    key_row: Integers
    value_row: Integers
    sequence: Integers


def steps_of(rows: Rows) -> Steps:
    """Group revisions, which come in order of sequence, by record and keep those that ever hold.

    Raises KeyCollision where two record ids share a hash.
    """
    if not len(rows.ids):
        return Steps(rows.ids, rows.ids, np.zeros(1, dtype=np.int64), rows.sequence, rows.sequence)
    order = order_of(rows.ids)
    ids = rows.ids[order]
    begins = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
    starts = np.append(begins, len(ids)).astype(np.int64)
    checks = rows.id_checks[order]
    if not np.array_equal(np.repeat(checks[begins], np.diff(starts)), checks):
        raise KeyCollision("Two different record ids have the same 64-bit hash.")
    held, kept = holding(starts, order, rows.visible)
    return Steps(ids[begins], checks[begins], held, kept, rows.visible[kept])


@kernel
def holding(starts: Integers, order: Integers, visible: Integers) -> tuple[Integers, Integers]:
    """Drop the rows that are visible no earlier than a later row of their group."""
    keep = np.empty(len(order), dtype=np.int64)
    held = np.zeros(len(starts), dtype=np.int64)
    size = 0
    for group in range(len(starts) - 1):
        begin = size
        earliest = np.iinfo(np.int64).max
        for place in range(starts[group + 1] - 1, starts[group] - 1, -1):
            row = order[place]
            if visible[row] < earliest:
                earliest = visible[row]
                keep[size] = row
                size += 1
        keep[begin:size] = keep[begin:size][::-1].copy()
        held[group + 1] = size
    return held, keep[:size]


def own_timeline(steps: Steps, rows: Rows, tally: int) -> Timeline:
    """Return the timeline of records that count by their own columns; `tally` is a column of `counts`."""
    key_row = np.where(rows.counts[steps.rows, tally], steps.rows, -1)
    return Timeline(steps.starts, steps.since, key_row, steps.rows, rows.sequence[steps.rows])


def inspected_timeline(inspected: tuple[Steps, Rows], declared: tuple[Steps, Rows]) -> Timeline:
    """Return the timeline of inspections: each counts once it has an outcome and its line is there.

    A step begins whenever the inspection or the line it names changes. Raises KeyCollision as `steps_of`
    does.
    """
    steps, rows = inspected
    lines, line_rows = declared
    links = np.where(rows.counts[steps.rows, 0], rows.links[steps.rows], np.uint64(0))
    records = _find_all(lines.ids, links)
    linked = records >= 0
    if not np.array_equal(lines.id_checks[records[linked]], rows.link_checks[steps.rows[linked]]):
        raise KeyCollision("Two different declaration ids have the same 64-bit hash.")
    present = line_rows.present[lines.rows]
    return Timeline(*_interleave(steps, lines, records, present, rows.sequence))


@kernel
def _find_all(ids: Hashes, wanted: Hashes) -> Integers:
    found = np.empty(len(wanted), dtype=np.int64)
    for place in range(len(wanted)):
        found[place] = -1 if wanted[place] == 0 else find_key(ids, 0, len(ids), wanted[place])
    return found


@kernel
def _interleave(
    steps: Steps, lines: Steps, records: Integers, present: NDArray[np.bool_], sequence: Integers
) -> tuple[Integers, Integers, Integers, Integers, Integers]:
    """Cut each inspection's steps where its line changes; two passes, to count and to fill."""
    total = _fill_steps(steps, lines, records, present, np.empty((3, 0), dtype=np.int64))[-1]
    out = np.empty((3, total), dtype=np.int64)
    starts = _fill_steps(steps, lines, records, present, out)
    return starts, out[0], out[1], out[2], sequence[out[2]]


@kernel
def _fill_steps(
    steps: Steps, lines: Steps, records: Integers, present: NDArray[np.bool_], out: NDArray[np.int64]
) -> Integers:
    starts = np.zeros(len(steps.starts), dtype=np.int64)
    size = int64(0)
    for group in range(len(steps.starts) - 1):
        for step in range(steps.starts[group], steps.starts[group + 1]):
            since, until = steps.since[step], np.iinfo(np.int64).max
            if step + 1 < steps.starts[group + 1]:
                until = steps.since[step + 1]
            size = _put_step(out, size, since, _NO_ROW, steps.rows[step])
            if records[step] < 0:
                continue
            for place in range(lines.starts[records[step]], lines.starts[records[step] + 1]):
                if lines.since[place] >= until:
                    break
                key_row = lines.rows[place] if present[place] else _NO_ROW
                if lines.since[place] <= since:
                    size -= 1
                size = _put_step(out, size, max(since, lines.since[place]), key_row, steps.rows[step])
        starts[group + 1] = size
    return starts


@kernel
def _put_step(out: NDArray[np.int64], size: int, since: int, key_row: int, value_row: int) -> int:
    if out.shape[1]:
        out[0, size] = since
        out[1, size] = key_row
        out[2, size] = value_row
    return size + 1
