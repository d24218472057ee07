"""Answers kept under a caller's Idempotency-Key, so that a repeated request changes nothing twice."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, tuple_

from features.instants import Instant
from serving.storage.tables import ANSWERS

AT_ONCE = 1000
"""So many answers are dropped by one statement."""


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


def forget_answers(connection: Connection, before: Instant) -> int:
    """Drop answers older than an instant, but for those being replaced just now; returns how many."""
    old = select(ANSWERS.c.caller, ANSWERS.c.key).where(ANSWERS.c.answered_at < before)
    # Of all who take answers' locks none waits for another's: they may hold what he waits for.
    keys = connection.execute(old.with_for_update(skip_locked=True)).all()
    for first in range(0, len(keys), AT_ONCE):
        among = tuple_(ANSWERS.c.caller, ANSWERS.c.key).in_(keys[first : first + AT_ONCE])
        connection.execute(delete(ANSWERS).where(among))
    return len(keys)


def _under(caller: str, key: str) -> ColumnElement[bool]:
    return (ANSWERS.c.caller == caller) & (ANSWERS.c.key == key)
