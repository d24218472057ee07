"""A level's events in the order of time, and where an entity's key stands in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Hashes, Integers
from features.history.level import Level
from features.history.prefetch import prefetch
from features.kernel import inlined, kernel

AHEAD = 16
"""How many events before its turn an event's states are asked for; also the slots behind the last event."""

LINE = 8
"""Numbers in a line of the processor's cache."""

_NEAR, _FAR = np.uint64(AHEAD), np.uint64(2 * AHEAD)

BEHIND = 2
"""States behind those of keys: of events without such an entity, and of a key that is not there, the last."""

Slots = NDArray[np.uint32]


class Stream(NamedTuple):
    """Events by birth: `born` int64 (events,), `slots` uint32 (entities, events + AHEAD) the states of their
    keys, `values` int64 (events, measures).
    """

    born: Integers
    slots: Slots
    values: NDArray[np.int64]


class Directory(NamedTuple):
    """Which state is a key's: one for each key of the level in its order, behind each entity's a guard.

    Those of entity e whose key has the upper bits u begin at `starts[begins[e] + u]`, u being the key shifted
    right by `shifts[e]`. `keys` (states,) are their keys, of a guard the greatest there is; `corrected` says
    of which there are corrections.
    """

    keys: Hashes
    starts: Slots
    begins: Hashes
    shifts: Hashes
    corrected: NDArray[np.bool_]


def stream_of(level: Level) -> Stream:
    """Return a level's events in the order of time; an event is the same by its sequence in every entity."""
    entities, measures = len(level.blocks) - 1, level.sums.shape[1]
    low, high = (int(level.sequence.min()), int(level.sequence.max())) if len(level.sequence) else (0, -1)
    held = np.zeros(high - low + 1, dtype=np.bool_)
    _mark(level.sequence, low, held)
    ranks = held[:0].astype(np.uint32) if held.all() else np.cumsum(held, dtype=np.uint32)
    events = int(ranks[-1]) if len(ranks) else len(held)
    elsewhere = len(level.keys) + entities
    slots = np.full((entities, events + AHEAD), elsewhere, dtype=np.uint32)
    stream = Stream(np.empty(events, dtype=np.int64), slots, np.empty((events, measures), dtype=np.int64))
    told = False
    for entity, (first, last) in enumerate(zip(level.blocks[:-1], level.blocks[1:], strict=True)):
        _place_events(level, (entity, first, last), (ranks, low), slots[entity])
        if not told:
            span = (level.offsets[first], level.offsets[last])
            _tell_events(level, span, (ranks, low), stream)
            told = bool(span[1] - span[0] == events)
    return _in_order(stream)


def _in_order(stream: Stream) -> Stream:
    """Return events that stand by sequence by birth, which is mostly the same."""
    born, slots, values = stream
    if np.all(born[1:] >= born[:-1]):
        return stream
    order = np.argsort(born, kind="stable")
    slots[:, : len(born)] = slots[:, order]
    return Stream(born[order], slots, values[order])


@kernel
def _mark(sequence: Integers, low: int, held: NDArray[np.bool_]) -> None:
    for place in range(len(sequence)):
        held[sequence[place] - low] = True


@kernel
def _place_events(level: Level, block: tuple[int, int, int], ranked: tuple[Slots, int], own: Slots) -> None:
    """Write the slot of each event of an entity to its place in the order of sequence."""
    entity, first, last = block
    sequence, offsets, final = level.sequence, level.offsets, np.uint64(level.offsets[last])
    for slot in range(first, last):
        place, end = np.uint64(offsets[slot]), np.uint64(offsets[slot + 1])
        while place < end:
            if place + _FAR < final:
                _bring(sequence[place + _FAR], sequence[place + _NEAR], ranked, own)
            own[_rank(sequence[place], ranked)] = slot + entity
            place += np.uint64(1)


@inlined
def _rank(sequence: int, ranked: tuple[Slots, int]) -> np.uint64:
    """Return how many events come before one; no `ranks` are needed where no sequence is left out."""
    ranks, low = ranked
    after = np.uint64(sequence - low)
    return np.uint64(ranks[after]) - np.uint64(1) if len(ranks) > 0 else after


@inlined
def _bring(far: int, near: int, ranked: tuple[Slots, int], own: Slots) -> None:
    ranks, low = ranked
    if len(ranks) > 0:
        prefetch(ranks, far - low)
    prefetch(own, np.int64(_rank(near, ranked)))


@kernel
def _tell_events(level: Level, span: tuple[int, int], ranked: tuple[Slots, int], stream: Stream) -> None:
    """Write when the events in a span, which are all, were born and what they measure."""
    born, values = stream.born, stream.values
    for place in range(span[0], span[1]):
        rank = _rank(level.sequence[place], ranked)
        born[rank] = level.born[place]
        for measure in range(values.shape[1]):
            values[rank, measure] = level.sums[place + 1, measure] - level.sums[place, measure]


def directory_of(level: Level) -> Directory:
    """Return the directory of a level's keys."""
    entities = len(level.blocks) - 1
    bits = np.array([int(size).bit_length() + 1 for size in np.diff(level.blocks)], dtype=np.int64)
    rooms = np.int64(1) << bits
    begins = (np.cumsum(rooms) - rooms).astype(np.uint64)
    shifts = (64 - bits).astype(np.uint64)
    starts = np.empty(int(rooms.sum()), dtype=np.uint32)
    keys = np.zeros(len(level.keys) + entities + BEHIND, dtype=np.uint64)
    _fill_starts(level.blocks, level.keys, keys, starts, shifts)
    corrected = np.insert(np.diff(level.corrected) > 0, level.blocks[1:], False)
    return Directory(keys, starts, begins, shifts, np.append(corrected, np.zeros(BEHIND, dtype=np.bool_)))


@kernel
def _fill_starts(blocks: Integers, known: Hashes, keys: Hashes, starts: Slots, shifts: Hashes) -> None:
    size = 0
    for entity in range(len(blocks) - 1):
        place, end = blocks[entity], blocks[entity + 1]
        keys[place + entity : end + entity] = known[place:end]
        keys[end + entity] = ~np.uint64(0)
        for upper in range(np.uint64(1) << (np.uint64(64) - shifts[entity])):
            while place < end and known[place] >> shifts[entity] < upper:
                place += 1
            starts[size] = place + entity
            size += 1
