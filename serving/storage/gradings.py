"""Queries on grades: how a line of an event was graded, and the policies that graded."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy import text as text_of
from sqlalchemy.exc import IntegrityError

from features.instants import now
from models.grading import VersionTaken
from serving.storage.tables import GRADING_POLICIES, SCORES
from serving.storage.transactions import writing

_LOCK = 0x67726164  # one number for all processes that take up a policy


class GradedLine(NamedTuple):
    """A line of an event as it was graded: `grading` is JSON."""

    event: str
    line_id: str
    grading: str


def gradings_of(engine: Engine, event: str, line_id: str) -> list[GradedLine]:
    """Return how a line was graded in an event, oldest first; what-ifs apart."""
    columns = SCORES.c
    wanted = select(columns.event, columns.line_id, columns.grading).where(
        columns.line_id == line_id,
        columns.event == event,
        columns.what_if.is_(False),
        columns.grading.is_not(None),
    )
    with engine.connect() as connection:
        return [GradedLine(*row) for row in connection.execute(wanted.order_by(columns.id))]


def remember_policy(engine: Engine, sha256: str, version: str, text: str) -> None:
    """Keep the text of a policy that grades; a no-op where it is kept.

    Raises VersionTaken where another content is kept under its version.
    """
    if find_policy(engine, sha256) is not None:
        return
    row = {"sha256": sha256, "version": version, "text": text, "first_used_at": now()}
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":  # two contents of one version may come at once
                connection.execute(text_of("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            kept = _kept_under(connection, version)
            if kept and sha256 not in kept:
                raise VersionTaken(version, sha256, kept[0])
            connection.execute(insert(GRADING_POLICIES).values(row))
    except IntegrityError:
        return  # another worker was first


def kept_under(engine: Engine, version: str) -> list[str]:
    """Return the SHA-256 of every policy that is kept under a version, in the order of their first use.

    From before versions were held to one content there may be several.
    """
    with engine.connect() as connection:
        return _kept_under(connection, version)


def _kept_under(connection: Connection, version: str) -> list[str]:
    columns = GRADING_POLICIES.c
    wanted = select(columns.sha256).where(columns.version == version)
    return list(connection.execute(wanted.order_by(columns.first_used_at)).scalars())


def find_policy(engine: Engine, sha256: str) -> str | None:
    """Return the text of a policy that graded."""
    wanted = select(GRADING_POLICIES.c.text).where(GRADING_POLICIES.c.sha256 == sha256)
    with engine.connect() as connection:
        return connection.execute(wanted).scalar()
