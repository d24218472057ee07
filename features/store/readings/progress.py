"""How far records were taken in for reading, and from which opinion on readings are to be made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from features.instants import Instant
from features.store.statements import run
from features.text import TEXT_VERSION

_READ = "SELECT taken_in, behind_at, behind_sequence FROM opinion_progress WHERE text_version = ?"
_NEWEST = "SELECT max(visible_at) FROM opinion_readings WHERE text_version = ?"
_BEGIN = "INSERT INTO opinion_progress (text_version, taken_in) VALUES (?, 0) ON CONFLICT DO NOTHING"
_TAKEN_IN = "UPDATE opinion_progress SET taken_in = ? WHERE text_version = ?"
_BEHIND = "UPDATE opinion_progress SET behind_at = ?, behind_sequence = ? WHERE text_version = ?"


class Progress(NamedTuple):
    """Records up to `taken_in` are taken in.

    Readings of opinions after (`behind_at`, `behind_sequence`), in order of visibility, are to be made again;
    None when all are as they should be.
    """

    taken_in: int
    behind_at: Instant | None
    behind_sequence: int | None


def read_progress(connection: Connection) -> Progress:
    """Return the progress of this text version."""
    row = run(connection, _READ, TEXT_VERSION).one_or_none()
    return Progress(0, None, None) if row is None else Progress(*row)


def write_taken_in(connection: Connection, sequence: int) -> None:
    """Note that records up to a sequence are taken in."""
    run(connection, _BEGIN, TEXT_VERSION)
    run(connection, _TAKEN_IN, sequence, TEXT_VERSION)


def fall_behind(connection: Connection, at: Instant) -> None:
    """Note that readings of opinions visible at an instant or later are to be made again."""
    run(connection, _BEGIN, TEXT_VERSION)
    found = read_progress(connection)
    if found.behind_at is None or at <= found.behind_at:
        catch_up(connection, at, 0)


def notice_late(connection: Connection, late: Sequence[Instant]) -> None:
    """Note that readings were made without what turns out to be older: imports before going live do that."""
    newest = run(connection, _NEWEST, TEXT_VERSION).scalar() if late else None
    if newest is not None and min(late) < newest:
        fall_behind(connection, min(late))


def catch_up(connection: Connection, at: Instant | None, sequence: int | None) -> None:
    """Note from which opinion on readings are to be made again; None when all are made."""
    run(connection, _BEHIND, at, sequence, TEXT_VERSION)
