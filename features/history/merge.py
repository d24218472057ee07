"""Merges two levels into one, in one pass over both."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from features.history.errors import KeyCollision
from features.history.grouping import COLLISION
from features.history.keys import Integers
from features.history.level import Level, frozen, running, strides
from features.kernel import kernel


class Plan(NamedTuple):
    """Where each merged key comes from: its position in either level, or -1; `blocks` as in Level."""

    blocks: Integers
    left: Integers
    right: Integers


def merge_levels(left: Level, right: Level) -> Level:
    """Return a level of the events and corrections of both; raises KeyCollision."""
    if not len(right.keys):
        return left
    if not len(left.keys):
        return right
    plan = plan_merge(left, right)
    room = {name: np.empty(*of) for name, of in merged_shapes(left, right, plan).items()}
    return fill_merge(left, right, plan, Level(**room))


def plan_merge(left: Level, right: Level) -> Plan:
    """Line up the keys of two levels; raises KeyCollision where one key has two checks."""
    size = len(left.keys) + len(right.keys)
    blocks = np.zeros_like(left.blocks)
    from_left, from_right = np.full(size, -1, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    used = _line_up(left, right, Plan(blocks, from_left, from_right))
    if used < 0:
        raise KeyCollision(COLLISION)
    return Plan(blocks, from_left[:used], from_right[:used])


def merged_shapes(left: Level, right: Level, plan: Plan) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Return shape and type of each array of the merged level."""
    keys = len(plan.left)
    sizes = {
        "blocks": len(plan.blocks),
        "keys": keys,
        "checks": keys,
        "offsets": keys + 1,
        "corrected": keys + 1,
    }
    shapes = {}
    for name, first, second in zip(Level._fields, left, right, strict=True):
        rows = sizes.get(name, len(first) + len(second) - (name in ("sums", "c_sums")))
        shapes[name] = ((rows, *first.shape[1:]), first.dtype)
    return shapes


def fill_merge(left: Level, right: Level, plan: Plan, room: Level) -> Level:
    """Fill a level allocated for two others, and freeze it."""
    _merge_events(left, right, plan, room)
    _merge_corrections(left, right, plan, room)
    room = finish(room._replace(blocks=plan.blocks))
    return frozen(room)


def finish(room: Level) -> Level:
    """Compute what of a level follows from the corrections."""
    low, high, latest = strides(room.c_known)
    return room._replace(c_sums=running(room.c_change), c_low=low, c_high=high, latest=latest)


@kernel
def _line_up(left: Level, right: Level, plan: Plan) -> int:
    size = 0
    for entity in range(len(left.blocks) - 1):
        here, there = left.blocks[entity], right.blocks[entity]
        end_here, end_there = left.blocks[entity + 1], right.blocks[entity + 1]
        while here < end_here or there < end_there:
            take_left = there == end_there or (here < end_here and left.keys[here] <= right.keys[there])
            take_right = here == end_here or (there < end_there and right.keys[there] <= left.keys[here])
            if take_left and take_right and left.checks[here] != right.checks[there]:
                return -1
            if take_left:
                plan.left[size] = here
                here += 1
            if take_right:
                plan.right[size] = there
                there += 1
            size += 1
        plan.blocks[entity + 1] = size
    return size


@kernel
def _span(starts: Integers, slot: int) -> tuple[int, int]:
    if slot < 0:
        return 0, 0
    return starts[slot], starts[slot + 1]


@kernel
def _merge_events(left: Level, right: Level, plan: Plan, room: Level) -> None:
    size = 0
    room.offsets[0] = 0
    room.sums[0] = 0
    for slot in range(len(plan.left)):
        first = plan.left[slot] >= 0
        room.keys[slot] = left.keys[plan.left[slot]] if first else right.keys[plan.right[slot]]
        room.checks[slot] = left.checks[plan.left[slot]] if first else right.checks[plan.right[slot]]
        here, end_here = _span(left.offsets, plan.left[slot])
        there, end_there = _span(right.offsets, plan.right[slot])
        while here < end_here or there < end_there:
            if there == end_there or (
                here < end_here
                and (left.born[here], left.sequence[here]) <= (right.born[there], right.sequence[there])
            ):
                _copy_event(left, here, room, size)
                here += 1
            else:
                _copy_event(right, there, room, size)
                there += 1
            size += 1
        room.offsets[slot + 1] = size


@kernel
def _copy_event(level: Level, place: int, room: Level, target: int) -> None:
    room.born[target] = level.born[place]
    room.sequence[target] = level.sequence[place]
    for measure in range(level.sums.shape[1]):
        value = level.sums[place + 1, measure] - level.sums[place, measure]
        room.sums[target + 1, measure] = room.sums[target, measure] + value


@kernel
def _merge_corrections(left: Level, right: Level, plan: Plan, room: Level) -> None:
    size = 0
    room.corrected[0] = 0
    for slot in range(len(plan.left)):
        here, end_here = _span(left.corrected, plan.left[slot])
        there, end_there = _span(right.corrected, plan.right[slot])
        while here < end_here or there < end_there:
            if there == end_there or (here < end_here and _not_after(left, here, right, there)):
                _copy_correction(left, here, room, size)
                here += 1
            else:
                _copy_correction(right, there, room, size)
                there += 1
            size += 1
        room.corrected[slot + 1] = size


@kernel
def _not_after(left: Level, here: int, right: Level, there: int) -> bool:
    one = (left.c_born[here], left.c_sequence[here], left.c_known[here])
    other = (right.c_born[there], right.c_sequence[there], right.c_known[there])
    return one <= other


@kernel
def _copy_correction(level: Level, place: int, room: Level, target: int) -> None:
    room.c_born[target] = level.c_born[place]
    room.c_known[target] = level.c_known[place]
    room.c_sequence[target] = level.c_sequence[place]
    room.c_change[target] = level.c_change[place]
