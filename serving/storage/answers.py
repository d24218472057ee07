"""Answers kept under a caller's Idempotency-Key, so that a repeated request changes nothing twice."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select

from features.instants import Instant
from features.store.statements import run_many
from serving.storage.tables import ANSWERS
from serving.storage.transactions import writing

AT_ONCE = 1000
"""So many answers are dropped in one transaction."""
_FORGET = f"DELETE FROM {ANSWERS.name} WHERE caller = ? AND key = ?"


@dataclass(frozen=True, slots=True)
class Answer:
    """A kept answer; `request_hash` tells the same request from another under the same key."""

    caller: str
    key: str
    request_hash: str
    status: int
    body: bytes
    answered_at: Instant


def find_answer(engine: Engine, caller: str, key: str, since: Instant) -> Answer | None:
    """Return the answer kept under a caller's key; None where it was answered before `since`."""
    wanted = _under(caller, key) & (ANSWERS.c.answered_at >= since)
    with engine.connect() as connection:
        row = connection.execute(select(ANSWERS).where(wanted)).first()
    return None if row is None else Answer(*row)


def keep_answer(connection: Connection, answer: Answer, since: Instant) -> None:
    """Keep an answer in the transaction of what it reports, in place of one answered before `since`.

    Raises IntegrityError where its key is taken.
    """
    outlived = _under(answer.caller, answer.key) & (ANSWERS.c.answered_at < since)
    connection.execute(delete(ANSWERS).where(outlived))
    values = {name: getattr(answer, name) for name in Answer.__slots__}
    connection.execute(insert(ANSWERS).values(values))


def forget_answers(engine: Engine, before: Instant) -> int:
    """Drop answers older than an instant, but for those being replaced just now; returns how many.

    In pieces, so that a score on SQLite waits for one of them only.
    """
    old = select(ANSWERS.c.caller, ANSWERS.c.key).where(ANSWERS.c.answered_at < before).limit(AT_ONCE)
    forgotten, full = 0, True
    while full:
        with writing(engine) as connection:
            # Of all who take answers' locks none waits for another's: they may hold what he waits for.
            keys = connection.execute(old.with_for_update(skip_locked=True)).all()
            run_many(connection, _FORGET, [tuple(key) for key in keys])
        forgotten, full = forgotten + len(keys), len(keys) == AT_ONCE
    return forgotten


def _under(caller: str, key: str) -> ColumnElement[bool]:
    return (ANSWERS.c.caller == caller) & (ANSWERS.c.key == key)
