"""Redactions carried over to what was said: to scores, and to answers kept for repeated requests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, select, update

from features.instants import SECOND, Instant, now
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


class Looked(NamedTuple):
    """What was found in kept answers: those that name an id, written as JSON; those kept since an instant."""

    naming: dict[bytes, list[AnswerKey]]
    since: Instant
    recent: frozenset[AnswerKey]


_LATE = 60 * SECOND
"""An answer is committed so long after its instant, by any machine's clock, at most."""
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
    records = _redactions(engine, max(after, redacted_to(engine)), until)
    if not records:
        return
    looked = look(engine, records)
    for first in range(0, len(records), AT_ONCE):
        erase(engine, records[first : first + AT_ONCE], looked)


def _redactions(engine: Engine, after: int, until: int) -> list[Redacted]:
    columns = record_revisions.c
    query = select(columns.sequence, columns.kind, columns.id).where(
        columns.sequence > after, columns.sequence <= until, columns.action == str(Action.REDACT)
    )
    with engine.connect() as connection:
        return [Redacted(*row) for row in connection.execute(query.order_by(columns.sequence))]


def look(engine: Engine, records: Sequence[Redacted]) -> Looked:
    """Look through all kept answers for those that name records; one body at a time, as they may be large."""
    ids, since = _as_json(records), now() - _LATE
    naming: dict[bytes, list[AnswerKey]] = {}
    recent = set()
    query = select(*_KEY, ANSWERS.c.body).execution_options(yield_per=1)
    with engine.connect() as connection:
        for *columns, body in connection.execute(query):
            answer = AnswerKey(*columns)
            if answer.answered_at >= since:
                recent.add(answer)
            for id in ids.intersection(_NAMED.findall(body)):
                naming.setdefault(id, []).append(answer)
    return Looked(naming, since, frozenset(recent))


def erase(engine: Engine, records: Sequence[Redacted], looked: Looked) -> None:
    """Blank what was kept of records in one transaction; a no-op where another worker was first.

    Scores wait for it, so that of the answers only those are read that were kept since it was `looked`.
    """
    ids = _as_json(records)
    with writing(engine) as connection:
        if not _noted(connection, records[-1].sequence):
            return
        _blank_scores(connection, [record.id for record in records if record.kind == Kind.DECLARATION])
        named = {answer for id in ids for answer in looked.naming.get(id, ())}
        for answer in sorted(named | _named_since(connection, ids, looked)):
            _blank_answer(connection, answer)


def _as_json(records: Sequence[Redacted]) -> set[bytes]:
    return {msgspec.json.encode(record.id) for record in records}


def _named_since(connection: Connection, ids: set[bytes], looked: Looked) -> set[AnswerKey]:
    kept = connection.execute(select(*_KEY).where(ANSWERS.c.answered_at >= looked.since)).all()
    new = {AnswerKey(*columns) for columns in kept} - looked.recent
    bodies = {
        answer: connection.execute(select(ANSWERS.c.body).where(_is(answer))).scalar() for answer in new
    }
    return {answer for answer, body in bodies.items() if not ids.isdisjoint(_NAMED.findall(body or b""))}


def note(engine: Engine, until: int) -> None:
    """Note that redactions up to a sequence have been carried over."""
    with writing(engine) as connection:
        _noted(connection, until)


def _noted(connection: Connection, until: int) -> bool:
    # The first of all locks, as a commit of scores takes it before it keeps an answer.
    behind = SCORE_COUNTER.c.redacted_to < until
    return bool(connection.execute(update(SCORE_COUNTER).where(behind).values(redacted_to=until)).rowcount)


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
