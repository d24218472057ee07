"""One day at the port after another: what is inspected, what comes back, and what can be known by then."""

from __future__ import annotations

from math import erf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.kernel import compiled
from training.simulator.belief import (
    Beliefs,
    age_batch,
    believe,
    chance_of,
    learn_event,
    learn_result,
    sell,
)
from training.simulator.draws import Flags, Floats, Ints

# numba's cache knows this file's changes, not those of belief.py: after a change there, touch this one
NOT_INSPECTED, BY_STATUTE, BY_LOT, BY_SCORE = range(4)
TRADER, MAKER = 0, 1


class LineFacts(NamedTuple):
    """Lines in order: `factors` (n, 4) belief keys with -1 unknown; `expected` (n, 2) complaints and finds
    that would name trader or maker if defective, `unfounded` (n, 2) if not; `eager` what officers see at
    once; `delay` (n, 2) days to the result if passed, failed."""

    day: Floats
    structure: Floats
    factors: Ints
    batch: Ints
    expected: Floats
    unfounded: Floats
    statutory: Flags
    lot: Floats
    eager: Floats
    y: Flags
    sensitivity: Floats
    draws: Floats
    unseen: Floats
    delay: Floats


class Events(NamedTuple):
    """Complaints and finds in the order they are known: keys named (-1: none), candidate batches."""

    day: Floats
    line: Ints
    trader: Ints
    maker: Ints
    batch: Ints
    founded: Flags


class Policy(NamedTuple):
    """The constants of targeting."""

    threshold: float
    step: float
    target: float
    trader_weight: float
    maker_weight: float
    complaint_weight: float
    prior_count: float
    prior_rate: float
    hint: float
    noise: float


class Memory(NamedTuple):
    """What officers remember by key: inspected, failed, complaints; and results still to come, by day."""

    inspected: Floats
    failed: Floats
    complaints: Floats
    first: Ints
    following: Ints
    stopped: Floats


class Log(NamedTuple):
    """What happened to each line: its observable chance, selection, officers' score and threshold, result
    and its day, what the selection tells (log-odds), and complaints heard of its parties."""

    observable: Floats
    selection: NDArray[np.int8]
    score: Floats
    threshold: Floats
    result_day: Floats
    failed: Flags
    offset: Floats
    heard: Floats


@compiled()
def run_days(
    lines: LineFacts, events: Events, beliefs: Beliefs, policy: Policy, memory: Memory, log: Log
) -> None:
    """Go through the lines in order; results and events of a day are known from the next day on."""
    today, event = -1, 0
    threshold = policy.threshold
    for line in range(len(lines.day)):
        while today < int(lines.day[line]):
            today += 1
            event = _morning(today, event, lines, events, (beliefs, memory, log))
        log.observable[line] = _predict(line, lines, beliefs)
        threshold = _select(line, threshold, lines, policy, (memory, log))
        if log.selection[line] != 0:
            _inspect(line, lines, memory, log)


@compiled()
def _morning(
    today: int, event: int, lines: LineFacts, events: Events, state: tuple[Beliefs, Memory, Log]
) -> int:  # fmt: skip
    """Take in what became known before `today`; returns the next event's position."""
    beliefs, memory, _ = state
    line = memory.first[today] if today < len(memory.first) else -1
    while line >= 0:
        _take_result(line, float(today), lines, state)
        line = memory.following[line]
    while event < len(events.day) and events.day[event] < today:
        if memory.stopped[events.line[event]] > events.day[event]:
            _take_event(event, float(today), events, beliefs, memory)
        event += 1
    return event


@compiled()
def _take_result(line: int, today: float, lines: LineFacts, state: tuple[Beliefs, Memory, Log]) -> None:
    beliefs, memory, log = state
    for place in (TRADER, MAKER):
        key = lines.factors[line, place]
        if key >= 0:
            memory.inspected[key] += 1.0
            memory.failed[key] += log.failed[line]
    known = np.array([lines.structure[line], lines.sensitivity[line], log.offset[line]])
    learn_result(beliefs, lines.factors[line], lines.batch[line], today, known, log.failed[line])


@compiled()
def _take_event(event: int, today: float, events: Events, beliefs: Beliefs, memory: Memory) -> None:
    trader, maker = events.trader[event], events.maker[event]
    if trader >= 0:
        memory.complaints[trader] += 1.0
        learn_event(beliefs, trader, -1, today, events.founded[event])
    if maker >= 0:
        memory.complaints[maker] += 1.0
        batch = _likely_batch(events.batch[event], today, beliefs)
        learn_event(beliefs, maker, batch, today, events.founded[event])


@compiled()
def _likely_batch(candidates: Ints, today: float, beliefs: Beliefs) -> int:
    """Of the batch made now and those before it, the one that complaints are most expected about."""
    best, most = -1, -1.0
    cells = beliefs.batches
    for batch in candidates:
        if batch >= 0:
            age_batch(beliefs, batch, today)
            bad = 1.0 / (1.0 + np.exp(-cells.odds[batch]))
            early = cells.start[batch] <= today <= cells.start[batch] + beliefs.world.lead_days + 3.0
            rate = beliefs.world.lead_rate * beliefs.world.decay_days if early else 0.0
            rate = bad * (cells.bad[batch] + rate) + (1.0 - bad) * cells.fine[batch] + cells.unfounded[batch]
            if rate > most:
                best, most = batch, rate
    return best


@compiled()
def _predict(line: int, lines: LineFacts, beliefs: Beliefs) -> float:
    """The line's observable chance; and what its sale adds to what may be complained about."""
    day, batch = float(int(lines.day[line])), lines.batch[line]
    mean, variance, bad = believe(beliefs, lines.factors[line], batch, day)
    mean += lines.structure[line]
    fine_chance = chance_of(mean, variance)
    bad_chance = chance_of(mean + beliefs.world.lift, variance)
    observable = bad * bad_chance + (1.0 - bad) * fine_chance
    for place in (TRADER, MAKER):
        key = lines.factors[line, place]
        if key >= 0:
            sell(beliefs, key, day, observable * lines.expected[line, place], lines.unfounded[line, place])
    if batch >= 0:
        beliefs.batches.fine[batch] += fine_chance * lines.expected[line, MAKER]
        beliefs.batches.bad[batch] += bad_chance * lines.expected[line, MAKER]
        beliefs.batches.unfounded[batch] += lines.unfounded[line, MAKER]
    return observable


@compiled()
def _score(line: int, lines: LineFacts, policy: Policy, memory: Memory, log: Log) -> float:
    """How risky the line looks to officers: goods, records of trader and maker, complaints."""
    score, complaints = lines.eager[line], 0.0
    for place in (TRADER, MAKER):
        key = lines.factors[line, place]
        if key >= 0:
            weight = policy.trader_weight if place == TRADER else policy.maker_weight
            failed = memory.failed[key] + policy.prior_count * policy.prior_rate
            rate = failed / (memory.inspected[key] + policy.prior_count) / policy.prior_rate
            score += weight * np.log(rate)
            complaints += memory.complaints[key]
    log.heard[line] = complaints
    return score + policy.complaint_weight * np.log1p(complaints)


@compiled()
def _select(
    line: int, threshold: float, lines: LineFacts, policy: Policy, state: tuple[Memory, Log]
) -> float:
    """Decide on an inspection; returns the threshold, moved towards the targeted share."""
    memory, log = state
    if lines.statutory[line]:
        log.selection[line] = 1
        return threshold
    if lines.draws[line, 0] < lines.lot[line]:
        log.selection[line] = 2
        return threshold
    score = _score(line, lines, policy, memory, log)
    urge = score + policy.hint * lines.y[line] + policy.noise * lines.unseen[line]
    log.score[line], log.threshold[line] = score, threshold
    if urge > threshold:
        log.selection[line] = 3
        with_defect = _above((threshold - score - policy.hint) / policy.noise)
        without = _above((threshold - score) / policy.noise)
        log.offset[line] = np.log(max(with_defect, 1e-12) / max(without, 1e-12))
    return threshold + policy.step * ((1.0 if urge > threshold else 0.0) - policy.target)


@compiled()
def _above(z: float) -> float:
    return 0.5 * (1.0 - erf(z / sqrt(2.0)))


@compiled()
def _inspect(line: int, lines: LineFacts, memory: Memory, log: Log) -> None:
    """Draw the result, and put it where the morning of its day will find it."""
    failed = bool(lines.y[line]) and lines.draws[line, 1] < lines.sensitivity[line]
    log.failed[line] = failed
    known = lines.day[line] + lines.delay[line, 1 if failed else 0]
    log.result_day[line] = known
    morning = int(known) + 1
    if morning < len(memory.first):
        memory.following[line] = memory.first[morning]
        memory.first[morning] = line
    if failed:
        memory.stopped[line] = lines.day[line]


def empty_log(lines: int) -> Log:
    """Return the log before the first day."""
    return Log(
        observable=np.zeros(lines),
        selection=np.zeros(lines, dtype=np.int8),
        score=np.zeros(lines),
        threshold=np.zeros(lines),
        result_day=np.full(lines, np.inf),
        failed=np.zeros(lines, dtype=np.bool_),
        offset=np.zeros(lines),
        heard=np.zeros(lines),
    )


def empty_memory(lines: int, keys: int, days: int) -> Memory:
    """Return officers' memory before the first day."""
    return Memory(
        inspected=np.zeros(keys),
        failed=np.zeros(keys),
        complaints=np.zeros(keys),
        first=np.full(days + 1, -1, dtype=np.int64),
        following=np.full(lines, -1, dtype=np.int64),
        stopped=np.full(lines, np.inf),
    )
