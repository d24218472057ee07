"""Reads opinions again: after a change of dictionary or models, or of what was known before them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from features.instants import Instant
from features.records import Opinion
from features.store import reader
from features.store.append import Heard, advance_counter, lock_counter
from features.store.readings.book import Book
from features.store.readings.deriving import read_all
from features.store.readings.progress import catch_up, fall_behind, read_progress
from features.store.readings.rows import unread
from features.store.statements import numbered, run
from features.terms import Kind
from features.text import TEXT_VERSION

CHUNK = 1_000
"""Opinions read again in one transaction."""

_BEGINNING = -1
_NEXT = f"""
    SELECT sequence, visible_at, id FROM record_revisions
    WHERE kind = 'opinion' AND body IS NOT NULL AND (visible_at > ? OR (visible_at = ? AND sequence > ?))
    ORDER BY visible_at, sequence LIMIT {CHUNK}
"""
_LEFT = """
    SELECT count(*) FROM record_revisions
    WHERE kind = 'opinion' AND body IS NOT NULL AND (visible_at > ? OR (visible_at = ? AND sequence > ?))
"""
_FORGET = "DELETE FROM opinion_readings WHERE text_version = ? AND sequence IS ONE OF ?"
_FORGET_BANDS = "DELETE FROM opinion_bands WHERE text_version = ? AND sequence IS ONE OF ?"


def begin(connection: Connection, *, everything: bool) -> int:
    """Note what is to be read again, and return how many opinions that is; 0 when all is as it should be."""
    started = read_progress(connection).behind_at is not None
    if everything or (not started and unread(connection, TEXT_VERSION)):
        fall_behind(connection, _BEGINNING)
    return left(connection)


def left(connection: Connection) -> int:
    """Return how many opinions are still to be read again."""
    progress = read_progress(connection)
    if progress.behind_at is None:
        return 0
    at, sequence = progress.behind_at, progress.behind_sequence
    count: int = run(connection, _LEFT, at, at, sequence).scalar_one()
    return count


def read_more(connection: Connection, book: Book) -> int:
    """Read the next opinions again and return how many; with 0 all are read, and histories count anew.

    Within the transaction of `connection`, so that a stop at any moment leaves whole chunks.
    """
    counter = lock_counter(connection)
    progress = read_progress(connection)
    if progress.behind_at is None:
        return 0
    found = run(connection, _NEXT, progress.behind_at, progress.behind_at, progress.behind_sequence).all()
    sequences = [row.sequence for row in found]
    if not sequences:
        catch_up(connection, None, None)
        advance_counter(connection, counter._replace(readings=counter.readings + 1))
        return 0
    for statement in (_FORGET, _FORGET_BANDS):
        run(connection, statement, TEXT_VERSION, numbered(connection, sequences))
    read_all(connection, _heard(connection, sequences), book)
    last: tuple[Instant, int] = (found[-1].visible_at, found[-1].sequence)
    catch_up(connection, *last)
    return len(sequences)


def _heard(connection: Connection, sequences: Sequence[int]) -> list[Heard]:
    revisions = reader.numbered_of(connection, sequences)
    assert all(revision.kind == Kind.OPINION for revision in revisions)
    return [
        Heard(one.sequence, one.visible_at, False, one.record)
        for one in revisions
        if isinstance(one.record, Opinion)
    ]
