"""Keeps the names that records bring: since when each is known, and how many lines bore a name of goods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from features.instants import Instant
from features.opinions.names import GOODS, Name, names_of
from features.store.reader import Revision
from features.store.statements import listed, run, run_many
from features.text import TEXT_VERSION

_KEEP = """
    INSERT INTO opinion_names (text_version, kind, name, owner, lines, since, sequence)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (text_version, kind, name, owner, lines) DO UPDATE
    SET since = excluded.since, sequence = excluded.sequence WHERE excluded.since < opinion_names.since
"""
_COUNTED = "SELECT name, hs4, lines, newest FROM opinion_goods WHERE text_version = ? AND name IS AMONG ?"
_COUNT = """
    INSERT INTO opinion_goods (text_version, name, hs4, lines, newest) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (text_version, name, hs4) DO UPDATE SET lines = excluded.lines, newest = excluded.newest
"""


class _Borne(NamedTuple):
    """A goods name under a heading: lines so far, and when the newest of them became visible."""

    lines: int
    newest: Instant


def keep_names(connection: Connection, revisions: Sequence[Revision]) -> None:
    """Keep the names of revisions that are taken in, in their order."""
    known: dict[Name, tuple[Instant, int]] = {}
    goods: list[tuple[Name, Revision]] = []
    for revision in revisions:
        for name in names_of(revision.record, revision.visible_at) if revision.record else ():
            if name.kind == GOODS and revision.revision == 1:
                goods.append((name, revision))
            key, first = name._replace(since=0), (name.since, revision.sequence)
            known[key] = min(first, known.get(key, first))
    for name, sequence in _counted(connection, goods):
        known.setdefault(name._replace(since=0), (name.since, sequence))
    if known:
        rows = [(TEXT_VERSION, *key[:3], key.lines, *first) for key, first in known.items()]
        run_many(connection, _KEEP, rows)


def _counted(connection: Connection, goods: Sequence[tuple[Name, Revision]]) -> Iterator[tuple[Name, int]]:
    """Count lines by goods name, and yield the names whose lines came to a power of two."""
    if not goods:
        return
    names = listed(connection, {name.name for name, _ in goods})
    rows = run(connection, _COUNTED, TEXT_VERSION, names)
    borne = {(name, hs4): _Borne(lines, newest) for name, hs4, lines, newest in rows}
    for name, revision in goods:
        key = name.name, name.owner
        before = borne.get(key, _Borne(0, revision.visible_at))
        now = borne[key] = _Borne(before.lines + 1, max(before.newest, revision.visible_at))
        if now.lines > 1 and now.lines.bit_count() == 1:
            yield name._replace(since=now.newest, lines=now.lines), revision.sequence
    run_many(connection, _COUNT, [(TEXT_VERSION, *key, *now) for key, now in borne.items()])
