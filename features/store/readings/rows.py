"""Reads stored readings."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from features.instants import Instant
from features.opinions.reading import DECODER, Reading
from features.store.statements import numbered, run
from features.text import TEXT_VERSION

_SELECT = "SELECT sequence, body FROM opinion_readings WHERE text_version = ? AND sequence IS ONE OF ?"
_TOLD = """
    SELECT visible_at FROM opinion_readings AS this
    WHERE text_version = ? AND hs4 = ? AND visible_at > ? AND complaint AND duplicate_of IS NULL
    AND body LIKE ? AND NOT EXISTS (
        SELECT 1 FROM record_revisions AS later
        WHERE later.kind = 'opinion' AND later.id = this.id AND later.sequence > this.sequence
    )
"""
_FIRST = "SELECT min(visible_at) FROM opinion_readings WHERE text_version = ?"
_UNREAD = """
    SELECT count(*) FROM record_revisions AS this WHERE kind = 'opinion' AND action = 'put'
    AND body IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM opinion_readings AS read WHERE read.sequence = this.sequence AND read.text_version = ?
    )
"""


def readings(connection: Connection, sequences: Iterable[int], text_version: str) -> dict[int, Reading]:
    """Return the readings of revisions, by sequence, as a version of the text code made them."""
    rows = run(connection, _SELECT, text_version, numbered(connection, sequences))
    return {sequence: DECODER.decode(body) for sequence, body in rows}


def told_at(connection: Connection, hs4: str, hazard: str, since: Instant) -> list[Instant]:
    """Return when complaints about a heading that name a hazard became known, repeats left out."""
    named = f'%"hazard":"{hazard}"%'
    return [at for (at,) in run(connection, _TOLD, TEXT_VERSION, hs4, since, named)]


def first_heard(connection: Connection) -> Instant | None:
    """Return when the first opinion became known."""
    at: Instant | None = run(connection, _FIRST, TEXT_VERSION).scalar()
    return at


def unread(connection: Connection, text_version: str) -> int:
    """Return how many revisions of opinions a version of the text code has not read."""
    count: int = run(connection, _UNREAD, text_version).scalar_one()
    return count


def any_opinion(connection: Connection) -> bool:
    """Return whether any opinion was ever stored."""
    found = run(connection, "SELECT 1 FROM record_revisions WHERE kind = 'opinion' LIMIT 1").first()
    return found is not None


def times_changed(connection: Connection) -> int:
    """Return how often readings were changed after the fact."""
    times: int = run(connection, "SELECT readings FROM record_counter").scalar_one()
    return times


def last_sequence(connection: Connection) -> int:
    """Return the last sequence of the records."""
    sequence: int = run(connection, "SELECT sequence FROM record_counter").scalar_one()
    return sequence
