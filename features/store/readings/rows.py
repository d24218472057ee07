"""Reads stored readings."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from features.opinions.reading import DECODER, Reading
from features.store.statements import numbered, run

_SELECT = "SELECT sequence, body FROM opinion_readings WHERE text_version = ? AND sequence IS ONE OF ?"
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


def unread(connection: Connection, text_version: str) -> int:
    """Return how many revisions of opinions a version of the text code has not read."""
    count: int = run(connection, _UNREAD, text_version).scalar_one()
    return count


def any_opinion(connection: Connection) -> bool:
    """Return whether any opinion was ever stored."""
    found = run(connection, "SELECT 1 FROM record_revisions WHERE kind = 'opinion' LIMIT 1").first()
    return found is not None


def last_sequence(connection: Connection) -> int:
    """Return the last sequence of the records."""
    sequence: int = run(connection, "SELECT sequence FROM record_counter").scalar_one()
    return sequence
