"""What an event holds: each line by its newest score, laid out so that a grade asks one indexed question."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine

from features.store.statements import fetch, listed, run, run_at_once, run_many
from models.grading import Cell
from models.scores import RiskGrade
from serving.storage.tables import EVENT_LINES, SCORE_COUNTER
from serving.storage.transactions import writing

_CANCELLED = '%"status":"cancelled"%'
"""In a stored body; quotes within a text are escaped there, so that no text looks like it."""
_GONE = """
    SELECT DISTINCT id FROM record_revisions
    WHERE sequence > ? AND revision > 1 AND kind || '' = 'declaration'
        AND (action <> 'put' OR body LIKE ?)
"""
"""Lines that were cancelled, withdrawn or erased after a sequence; declared again, they wait for a score."""
_UNTIL = " AND sequence <= ?"
AT_ONCE = 50_000
"""So many sequences are looked through in one transaction."""
_HELD = f"""
    SELECT found.*, gravest.line_id, gravest.own, (SELECT followed_to FROM {SCORE_COUNTER.name}) FROM (
        SELECT event, count(*), sum(quantity), count(quantity), min(unit), max(unit), min(gravity) AS gravity
        FROM {EVENT_LINES.name}
        WHERE event IS AMONG ? AND target = ? AND policy = ? AND NOT (line_id IS AMONG ?) GROUP BY event
    ) AS found JOIN {EVENT_LINES.name} AS gravest
        ON gravest.target = ? AND gravest.line_id = substr(found.gravity, 21)
"""
_DROP = f"DELETE FROM {EVENT_LINES.name} WHERE line_id IS AMONG ?"
_DROP_ONE = f"DELETE FROM {EVENT_LINES.name} WHERE target = ? AND line_id = ?"
_COLUMNS = tuple(column.name for column in EVENT_LINES.columns)
_PUT = f"""
    INSERT INTO {EVENT_LINES.name} ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
    ON CONFLICT (target, line_id) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:])}
"""
_FOLLOWED = f"""
    SELECT record_counter.sequence, followed_to FROM record_counter, {SCORE_COUNTER.name}
"""
_FOLLOW = f"UPDATE {SCORE_COUNTER.name} SET followed_to = ?"
_FOLLOWED_TO = f"SELECT followed_to FROM {SCORE_COUNTER.name}"
_FOLLOW_FROM = f"{_FOLLOW} WHERE followed_to = ?"
"""All spelt out, as they stand on the path of every score."""
_MOST = 1e290
"""So many at most count of a line, as a sum must be a number in every database."""
_PLACE: Mapping[RiskGrade, int] = {grade: place for place, grade in enumerate(RiskGrade)}


class Held(NamedTuple):
    """What is recorded of an event: its lines, and the gravest of them with its cell.

    `quantity` is the sum over the `stating` lines that state one, in units from `first_unit` to `last_unit`
    in the order of their codes; '' is no unit.
    """

    lines: int
    quantity: float
    stating: int
    first_unit: str | None
    last_unit: str | None
    line_id: str
    cell: Cell


class EventLine(msgspec.Struct):
    """What an event needs of a grading."""

    own: Cell
    policy: str
    quantity: float | None = None
    unit: str | None = None


class Scored(NamedTuple):
    """A line as it was scored last: its grading as JSON, its event if it has one."""

    target: str
    line_id: str
    event: str | None
    grading: str | None


def held(
    engine: Engine, events: Iterable[str], graded_by: tuple[str, str], without: Sequence[str]
) -> dict[str, Held]:
    """Return what is recorded of events; `graded_by` are a target and the SHA-256 of a policy.

    The lines `without` do not count, nor do those cancelled, withdrawn or erased by now.
    """
    found = _held(engine, events, graded_by, without)
    if not found:
        return {}
    followed_to = found[0][-1]
    gone = [id for (id,) in run_at_once(engine, _GONE, followed_to, _CANCELLED)]
    if gone:
        found = _held(engine, events, graded_by, [*without, *gone])
    return {
        event: Held(lines, quantity or 0.0, stating, first, last, line_id, _CELL.decode(own))
        for event, lines, quantity, stating, first, last, _, line_id, own, _ in found
    }


def catch_up(engine: Engine, until: int) -> None:
    """Take lines out of events that were cancelled, withdrawn or erased up to a sequence; all are committed.

    In pieces, so that a score waits for one of them only, and in the order of sequences: what was declared
    and scored again since was scored after all before it were followed.
    """
    while (after := _followed_to(engine)) < until:
        with writing(engine) as connection:
            piece = min(after + AT_ONCE, until)
            if run(connection, _FOLLOW_FROM, piece, after).rowcount:
                gone = [id for (id,) in fetch(connection, _GONE + _UNTIL, after, _CANCELLED, piece)]
                run(connection, _DROP, listed(connection, gone))


def _followed_to(engine: Engine) -> int:
    [(followed_to,)] = run_at_once(engine, _FOLLOWED_TO)
    return int(followed_to)


def _held(
    engine: Engine, events: Iterable[str], graded_by: tuple[str, str], without: Sequence[str]
) -> list[tuple[Any, ...]]:
    target, policy = graded_by
    among, apart = listed(engine, events), listed(engine, without)
    return run_at_once(engine, _HELD, among, target, policy, apart, target)


def follow(connection: Connection, scored: Sequence[Scored]) -> None:
    """Let events hold lines as they are scored now, in the transaction that records their scores.

    It holds the locks of both counters, so that whoever grades the same event at the same time waits.
    """
    [(sequence, followed_to)] = fetch(connection, _FOLLOWED)
    if followed_to < sequence:
        gone = [id for (id,) in fetch(connection, _GONE, followed_to, _CANCELLED)]
        if gone:
            run(connection, _DROP, listed(connection, gone))
        run(connection, _FOLLOW, sequence)
    last = {(one.target, one.line_id): one for one in scored}
    standing = [row for one in last.values() if (row := event_row(one)) is not None]
    lone = [line for line, one in last.items() if one.event is None]
    if standing:
        run_many(connection, _PUT, standing)
    if lone:
        run_many(connection, _DROP_ONE, lone)


def event_row(scored: Scored) -> tuple[object, ...] | None:
    """Return a line as its event holds it, in the order of the table; None where it has no event."""
    if scored.event is None or scored.grading is None:
        return None
    told = _LINE.decode(scored.grading)
    unit = None if told.quantity is None else told.unit or ""
    own = msgspec.json.encode(told.own).decode()
    return (
        scored.target,
        scored.line_id,
        scored.event,
        told.policy,
        gravity(told.own) + scored.line_id,
        None if told.quantity is None else min(told.quantity, _MOST),
        unit,
        own,
    )


def gravity(cell: Cell) -> str:
    """Write a grade, and within it the probability of harm, as text that sorts the gravest first."""
    # The bits of a positive float, read as a number, are in the order of the floats.
    (bits,) = struct.unpack(">q", struct.pack(">d", cell.probability))
    return f"{_PLACE[cell.grade]}{2**63 - 1 - bits:019d}"


_CELL = msgspec.json.Decoder(Cell)
_LINE = msgspec.json.Decoder(EventLine)
