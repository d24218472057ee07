"""Takes in what other records say for readings: names, and nonconformities; each with when it was known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from features.instants import Instant
from features.opinions.names import names_of
from features.opinions.yields import every_about
from features.records import Declaration, Inspection, Nonconformity
from features.store import reader
from features.store.readings.book import Book
from features.store.readings.naming import keep_names
from features.store.readings.progress import Progress, notice_late, read_progress, write_taken_in
from features.store.statements import run_many
from features.terms import FAILED_OUTCOMES, Kind
from features.text import TEXT_VERSION

KINDS = (Kind.PARTY, Kind.DECLARATION, Kind.INSPECTION, Kind.NONCONFORMITY)
_KEEP_OUTCOME = """
    INSERT INTO opinion_outcomes (text_version, about, visible_at, sequence) VALUES (?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_LONGEST_ABOUT = 520


class Outcome(NamedTuple):
    """A nonconformity of something became known; `sequence` is the revision that said so."""

    about: str
    at: Instant
    sequence: int


def take_in(connection: Connection, until: int) -> bool:
    """Take in at most 10,000 revisions up to a sequence; returns whether there was any.

    The caller holds the counter's lock. Readings made without what was known before them fall behind.
    """
    progress = read_progress(connection)
    revisions = reader.some_of(connection, progress.taken_in, until, KINDS)
    _keep(connection, revisions)
    full = len(revisions) == reader.CHUNK
    write_taken_in(connection, revisions[-1].sequence if full else until)
    notice_late(connection, [one.visible_at for one in revisions if one.visible_at < one.recorded_at])
    return full


def pending(connection: Connection, book: Book, progress: Progress) -> Book:
    """Return a book with, on top of another, all that was stored and is not taken in yet."""
    top, after = Book(book), progress.taken_in
    while revisions := reader.some_of(connection, after, None, KINDS):
        for revision in revisions:
            for name in names_of(revision.record, revision.visible_at) if revision.record else ():
                top.add_name(name)
        for outcome in _outcomes(connection, revisions):
            top.add_outcome(outcome.about, outcome.at)
        after = revisions[-1].sequence
    return top


def _keep(connection: Connection, revisions: Sequence[reader.Revision]) -> None:
    keep_names(connection, revisions)
    outcomes = [(TEXT_VERSION, *one) for one in _outcomes(connection, revisions)]
    if outcomes:
        run_many(connection, _KEEP_OUTCOME, outcomes)


def _outcomes(connection: Connection, revisions: Iterable[reader.Revision]) -> Iterator[Outcome]:
    failed: list[tuple[reader.Revision, str]] = []
    for revision in revisions:
        record = revision.record
        if isinstance(record, Nonconformity) and record.declaration_id is None:
            yield from _of(record, revision)
        elif isinstance(record, Inspection) and record.outcome in FAILED_OUTCOMES:
            failed.append((revision, record.declaration_id))
    lines = reader.revisions(connection, Kind.DECLARATION, {id for _, id in failed})
    for revision, id in failed:
        held = reader.state_at(lines.get(id, []), revision.visible_at + 1)
        if held is not None and isinstance(held.record, Declaration):
            yield from _of(held.record, revision)


def _of(goods: Nonconformity | Declaration, revision: reader.Revision) -> Iterator[Outcome]:
    heading = goods.hs_code[:4] if goods.hs_code and len(goods.hs_code) >= 4 else None
    for about in every_about(heading, goods.brand, goods.manufacturer):
        if len(about) <= _LONGEST_ABOUT:
            yield Outcome(about, revision.visible_at, revision.sequence)
