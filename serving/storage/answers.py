"""Answers kept under a caller's Idempotency-Key, so that a repeated request changes nothing twice."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, select

from features.instants import Instant
from serving.storage.tables import ANSWERS


@dataclass(frozen=True, slots=True)
class Answer:
    """A kept answer; `request_hash` tells the same request from another under the same key."""

    caller: str
    key: str
    request_hash: str
    status: int
    body: bytes
    answered_at: Instant


def find_answer(engine: Engine, caller: str, key: str) -> Answer | None:
    """Return the answer kept under a caller's key."""
    wanted = (ANSWERS.c.caller == caller) & (ANSWERS.c.key == key)
    with engine.connect() as connection:
        row = connection.execute(select(ANSWERS).where(wanted)).first()
    return None if row is None else Answer(*row)


def keep_answer(connection: Connection, answer: Answer) -> None:
    """Keep an answer in the transaction of what it reports; IntegrityError where its key is taken."""
    values = {name: getattr(answer, name) for name in Answer.__slots__}
    connection.execute(insert(ANSWERS).values(values))


def forget_answers(connection: Connection, before: Instant) -> int:
    """Drop answers older than an instant; returns how many."""
    return connection.execute(delete(ANSWERS).where(ANSWERS.c.answered_at < before)).rowcount
