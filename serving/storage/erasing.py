"""Redactions carried over to what was said: to scores, and to answers kept for repeated requests."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, select, text, update

from features.store.entries import Action
from features.store.tables import record_revisions
from features.terms import Kind
from serving.notices import Notice
from serving.storage.tables import ANSWERS, SCORE_COUNTER, SCORES

ERASED = 410
"""The status under which a kept answer stands whose body was erased."""

_SPEAKS_OF = {
    "sqlite": "instr(body, :needle) > 0",
    "postgresql": "position(CAST(:needle AS bytea) IN body) > 0",
}
"""Whether an answer's body holds some bytes; all are looked through, as they are kept for days only."""


_TAKEN_OUT = "(redacted)"


class Redacted(NamedTuple):
    """A record that was redacted."""

    kind: str
    id: str


def redacted_to(engine: Engine) -> int:
    """Return the record sequence up to which redactions have been carried over."""
    with engine.connect() as connection:
        return int(connection.execute(select(SCORE_COUNTER.c.redacted_to)).scalar_one())


def redactions(engine: Engine, after: int, until: int) -> list[Redacted]:
    """Return the records redacted with after < sequence <= until."""
    columns = record_revisions.c
    query = select(columns.kind, columns.id).where(
        columns.sequence > after, columns.sequence <= until, columns.action == str(Action.REDACT)
    )
    with engine.connect() as connection:
        return [Redacted(*row) for row in connection.execute(query)]


def erase(connection: Connection, records: list[Redacted], until: int) -> None:
    """Blank what was kept of redacted records, and note up to which sequence that was done.

    Of a score the line that its what-if kept, and what its warnings show of a line; of a kept answer that
    names the record the whole body, so that a repeat is refused in place of telling, or recording, anew. A
    no-op where another worker was first.
    """
    # First of all locks, as a commit of scores takes it before it keeps an answer.
    noted = SCORE_COUNTER.c.redacted_to < until
    if not connection.execute(update(SCORE_COUNTER).where(noted).values(redacted_to=until)).rowcount:
        return
    for record in records:
        if record.kind == Kind.DECLARATION:
            _blank_scores(connection, record.id)
        speaks = text(_SPEAKS_OF[connection.dialect.name])
        # `"id":"X"` of a receipt or reject, `"line_id":"X"` of a score
        needle = b'id":' + msgspec.json.encode(record.id)
        blank = update(ANSWERS).where(speaks).values(status=ERASED, body=b"")
        connection.execute(blank, {"needle": needle})


def _blank_scores(connection: Connection, line_id: str) -> None:
    of_line = SCORES.c.line_id == line_id
    connection.execute(update(SCORES).where(of_line, SCORES.c.line.is_not(None)).values(line=None))
    warned = select(SCORES.c.id, SCORES.c.warnings).where(of_line, SCORES.c.warnings != "[]")
    for id, warnings in connection.execute(warned).all():
        blank = [_blank(notice) for notice in msgspec.json.decode(warnings, type=list[Notice])]
        changed = msgspec.json.encode(blank).decode()
        connection.execute(update(SCORES).where(SCORES.c.id == id).values(warnings=changed))


def _blank(notice: Notice) -> Notice:
    """Take a line's value out of a notice; that of an old model is the model's."""
    return notice if notice.code == "stale_model" else Notice(notice.code, notice.field, _TAKEN_OUT)
