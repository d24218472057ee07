"""Queries on grades: the lines of an event graded so far, and the policies that graded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from features.instants import now
from features.store.statements import listed, run_at_once
from serving.storage.tables import GRADING_POLICIES, SCORES
from serving.storage.transactions import writing

_OF_EVENTS = (
    f"SELECT event, line_id, grading FROM {SCORES.name} "
    "WHERE event IS AMONG ? AND NOT what_if AND grading IS NOT NULL ORDER BY id"
)
"""Spelt out, as it stands on the path of every score."""


class GradedLine(NamedTuple):
    """A line of an event as it was graded: `grading` is JSON."""

    event: str
    line_id: str
    grading: str


def lines_of_events(engine: Engine, events: Iterable[str]) -> list[GradedLine]:
    """Return the recorded gradings of these events' lines, oldest first; a line scored again stands twice."""
    return [GradedLine(*row) for row in run_at_once(engine, _OF_EVENTS, listed(engine, events))]


def remember_policy(engine: Engine, sha256: str, version: str, text: str) -> None:
    """Keep the text of a policy that grades; a no-op where it is kept."""
    if find_policy(engine, sha256) is not None:
        return
    row = {"sha256": sha256, "version": version, "text": text, "first_used_at": now()}
    try:
        with writing(engine) as connection:
            connection.execute(insert(GRADING_POLICIES).values(row))
    except IntegrityError:
        return  # another worker was first


def find_policy(engine: Engine, sha256: str) -> str | None:
    """Return the text of a policy that graded."""
    wanted = select(GRADING_POLICIES.c.text).where(GRADING_POLICIES.c.sha256 == sha256)
    with engine.connect() as connection:
        return connection.execute(wanted).scalar()
