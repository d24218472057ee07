"""Redactions carried over to what was said: to scores, and to answers kept for repeated requests."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, select, update

from features.instants import Instant
from features.store.entries import Action
from features.store.tables import record_revisions
from features.terms import Kind
from serving.notices import Notice
from serving.storage.tables import ANSWERS, SCORE_COUNTER, SCORES
from serving.storage.transactions import writing

ERASED = 410
"""The status under which a kept answer stands whose body was erased."""
AT_ONCE = 500
"""So many records are carried over in one transaction, as scores wait for it."""

_NAMED = re.compile(rb'id":("(?:[^"\\]|\\.)*")')
"""`"id":"X"` of a receipt or reject, `"line_id":"X"` of a score; quotes within a text are escaped there."""
_TAKEN_OUT = "(redacted)"


class Redacted(NamedTuple):
    """A record that was redacted, at a sequence."""

    sequence: int
    kind: str
    id: str


class AnswerKey(NamedTuple):
    """Which answer: under its key another may come to stand, at another time."""

    caller: str
    key: str
    answered_at: Instant


_KEY = [ANSWERS.c[name] for name in AnswerKey._fields]


def redacted_to(engine: Engine) -> int:
    """Return the record sequence up to which redactions have been carried over."""
    with engine.connect() as connection:
        return int(connection.execute(select(SCORE_COUNTER.c.redacted_to)).scalar_one())


def carry_over(engine: Engine, after: int, until: int) -> None:
    """Blank what was kept of records redacted with after < sequence <= until, and note what was done.

    Of a score the line that its what-if kept, and what its warnings show of a line; of a kept answer that
    names the record the whole body, so that a repeat is refused in place of telling, or recording, anew.
    Raises OperationalError where a request is just replacing such an answer: to be tried again.
    """
    records = _redactions(engine, after, until)
    pieces = [records[first : first + AT_ONCE] for first in range(0, len(records), AT_ONCE)]
    for piece in pieces:
        erase(engine, piece, piece[-1].sequence)


def _redactions(engine: Engine, after: int, until: int) -> list[Redacted]:
    columns = record_revisions.c
    query = select(columns.sequence, columns.kind, columns.id).where(
        columns.sequence > after, columns.sequence <= until, columns.action == str(Action.REDACT)
    )
    with engine.connect() as connection:
        return [Redacted(*row) for row in connection.execute(query.order_by(columns.sequence))]


def erase(engine: Engine, records: list[Redacted], until: int) -> None:
    """Blank what was kept of records in one transaction; a no-op where another worker was first.

    Answers are read through before it begins, as scores wait for it; in it only those kept since.
    """
    ids = {msgspec.json.encode(record.id) for record in records}
    read = _read_answers(engine, ids)
    with writing(engine) as connection:
        if not _noted(connection, until):
            return
        _blank_scores(connection, [record.id for record in records if record.kind == Kind.DECLARATION])
        for row in connection.execute(select(*_KEY)).all():
            answer = AnswerKey(*row)
            if read[answer] if answer in read else _names(connection, answer, ids):
                _blank_answer(connection, answer)


def note(engine: Engine, until: int) -> None:
    """Note that redactions up to a sequence have been carried over."""
    with writing(engine) as connection:
        _noted(connection, until)


def _noted(connection: Connection, until: int) -> bool:
    # The first of all locks, as a commit of scores takes it before it keeps an answer.
    behind = SCORE_COUNTER.c.redacted_to < until
    return bool(connection.execute(update(SCORE_COUNTER).where(behind).values(redacted_to=until)).rowcount)


def _read_answers(engine: Engine, ids: set[bytes]) -> dict[AnswerKey, bool]:
    """Return of every kept answer whether it names one of some records; ids as JSON."""
    query = select(*_KEY, ANSWERS.c.body).execution_options(yield_per=100)
    with engine.connect() as connection:
        return {AnswerKey(*key): _speaks(body, ids) for *key, body in connection.execute(query)}


def _names(connection: Connection, answer: AnswerKey, ids: set[bytes]) -> bool:
    return _speaks(connection.execute(select(ANSWERS.c.body).where(_is(answer))).scalar_one(), ids)


def _speaks(body: bytes, ids: set[bytes]) -> bool:
    return not ids.isdisjoint(_NAMED.findall(body))


def _blank_answer(connection: Connection, answer: AnswerKey) -> None:
    # Who replaces an outlived answer may wait for scores while these wait for him: so none waits here.
    connection.execute(select(ANSWERS.c.status).where(_is(answer)).with_for_update(nowait=True))
    connection.execute(update(ANSWERS).where(_is(answer)).values(status=ERASED, body=b""))


def _is(answer: AnswerKey) -> ColumnElement[bool]:
    c = ANSWERS.c
    return (c.caller == answer.caller) & (c.key == answer.key) & (c.answered_at == answer.answered_at)


def _blank_scores(connection: Connection, line_ids: list[str]) -> None:
    of_lines = SCORES.c.line_id.in_(line_ids)
    connection.execute(update(SCORES).where(of_lines, SCORES.c.line.is_not(None)).values(line=None))
    warned = select(SCORES.c.id, SCORES.c.warnings).where(of_lines, SCORES.c.warnings != "[]")
    for id, warnings in connection.execute(warned).all():
        blank = [_blank(notice) for notice in msgspec.json.decode(warnings, type=list[Notice])]
        changed = msgspec.json.encode(blank).decode()
        connection.execute(update(SCORES).where(SCORES.c.id == id).values(warnings=changed))


def _blank(notice: Notice) -> Notice:
    """Take a line's value out of a notice; that of an old model is the model's."""
    return notice if notice.code == "stale_model" else Notice(notice.code, notice.field, _TAKEN_OUT)
