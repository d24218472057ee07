"""Reads everything stored once, for those who need all of it: counting, labelling, comparing.

Lines and inspections come by the million: lines are laid out as columns, each distinct text kept once;
inspections, which are small, stay records. What comes by the thousand stays revisions.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from features.coded import Coder
from features.instants import Instant
from features.line_columns import LineColumns
from features.lines import Lines
from features.records import Inspection
from features.store.reader import CHUNK, LAST, Revision, revision_of
from features.store.statements import fetch
from features.terms import Kind

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Row: TypeAlias = tuple[Any, ...]

NOTHING = -1
"""The instant of an archive that holds nothing."""

_PAGE = (
    f"SELECT {', '.join(Revision.__struct_fields__[:-1])}, BYTES OF body FROM record_revisions "
    f"WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT {CHUNK}"
)
_OF_ONE = ("id", "happened_at", "declaration_id", "selection_probability", "items_tested")
"""What an inspection says that is no part of its result: neither a label nor a count depends on it."""
_AT_ONCE = 1_000
"""Lines read together: so many stay in the processor's cache."""
_SEQUENCE, _KIND, _ID, _REVISION, _ACTION, _VISIBLE, _HASH, _BODY = (
    Revision.__struct_fields__.index(name)
    for name in ("sequence", "kind", "id", "revision", "action", "visible_at", "content_hash", "record")
)


@dataclass(frozen=True, slots=True, eq=False)
class Revisions:
    """Revisions (n,) of one kind as columns, in order of sequence.

    `of` are places among `ids`, the records in the order of their first revision, and `places` finds an id's.
    `put` is false for withdrawals and redactions; `present` says where there is content, which a redaction
    takes from earlier revisions.
    """

    ids: NDArray[np.object_]
    places: Mapping[str | None, int]
    of: Integers
    sequence: Integers
    revision: Integers
    visible_at: Integers
    put: Flags
    present: Flags

    def standing(self, until: Instant) -> Integers:
        """Return, of each record, the last row that was visible before `until`."""
        rows = np.flatnonzero(self.visible_at < until)
        last = np.full(len(self.ids), -1, dtype=np.int64)
        last[self.of[rows]] = rows  # the last one written stays
        return last[last >= 0]

    def seen_from(self) -> Integers:
        """Return since when there has been something of each record."""
        since = np.full(len(self.ids), np.iinfo(np.int64).max, dtype=np.int64)
        np.minimum.at(since, self.of, self.visible_at)
        return since


@dataclass(frozen=True, slots=True, eq=False)
class Declared(Revisions):
    """Revisions of lines; `lines` hold the content of those present, `place` (n,) says where, -1 for none.

    `cancelled` is of `lines`; `hashes` uint8 (n, 32) are of the contents.
    """

    lines: Lines
    place: Integers
    cancelled: Flags
    hashes: NDArray[np.uint8]

    def firsts(self) -> Integers:
        """Return the row of each line's revision that was visible first, often the first stored."""
        order = np.argsort(self.visible_at[::-1], kind="stable")  # the last written of those visible at once
        rows = np.full(len(self.ids), -1, dtype=np.int64)
        by_time = len(self.of) - 1 - order
        rows[self.of[by_time[::-1]]] = by_time[::-1]
        return rows


@dataclass(frozen=True, slots=True, eq=False)
class Inspected(Revisions):
    """Revisions of inspections: `records` (n,), None where nothing is present.

    `line` (n,) are places among the lines' ids, -1 for a line that nobody declared. `result` (n,) are places
    among `results`, the inspections that are the first with their result. Both are -1 where nothing is
    present.
    """

    records: Sequence[Inspection | None]
    line: Integers
    result: Integers
    results: Sequence[Inspection]


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """All revisions up to `sequence`, the last of them visible at `watermark`."""

    sequence: int
    watermark: Instant
    declared: Declared
    inspected: Inspected
    others: Mapping[Kind, Sequence[Revision]]


class Connections(Protocol):
    """A store to read from."""

    def reading(self) -> Any: ...  # noqa: D102


def read_archive(store: Connections, until: int | None = None) -> Archive:
    """Read everything stored, or up to a sequence, page by page as `Store.changes` does."""
    reading = _Reading()
    with _uncollected():
        for page in _pages(store, LAST if until is None else until):
            reading.take(page)
        return reading.archive()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the search for cycles of objects: rows hold none, and it would take a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _pages(store: Connections, until: int) -> Iterator[list[Row]]:
    after = 0
    while True:
        with store.reading() as connection:
            page = _page(connection, after, until)
        if page:
            yield page
            after = page[-1][_SEQUENCE]
        if len(page) < CHUNK:
            return


def _page(connection: Connection, after: int, until: int) -> list[Row]:
    return fetch(connection, _PAGE, after, until)


class _Revising:
    """Takes rows of one kind and gives their columns."""

    def __init__(self) -> None:
        self.ids = Coder()
        self._columns: list[tuple[NDArray[Any], ...]] = []

    def take(self, rows: Sequence[Row]) -> None:
        columns = list(zip(*rows, strict=True))
        self._columns.append(
            (
                self.ids.codes(columns[_ID], len(rows)).astype(np.int64),
                *(np.array(columns[at], dtype=np.int64) for at in (_SEQUENCE, _REVISION, _VISIBLE)),
                np.array([action == "put" for action in columns[_ACTION]], dtype=bool),
                np.array([body is not None for body in columns[_BODY]], dtype=bool),
            )
        )

    def columns(self) -> dict[str, Any]:
        """Return what `Revisions` is made of."""
        nothing = (*(np.empty(0, dtype=np.int64),) * 4, *(np.empty(0, dtype=bool),) * 2)
        names = Revisions.__slots__[2:]
        parts = zip(nothing, *self._columns, strict=True)
        return {"ids": self.ids.values(), "places": dict(self.ids)} | dict(
            zip(names, map(np.concatenate, parts), strict=True)
        )


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self._sequence, self._watermark = 0, NOTHING
        self._lines, self._hashes = LineColumns(), [b""]
        self._inspections: list[Inspection | None] = []
        self._revising = {Kind.DECLARATION: _Revising(), Kind.INSPECTION: _Revising()}
        self._others: dict[Kind, list[Revision]] = {kind: [] for kind in Kind if kind not in self._revising}

    def take(self, page: Sequence[Row]) -> None:
        """Take a page of rows, which follows those before."""
        of_kind: dict[str, list[Row]] = {}
        for row in page:
            of_kind.setdefault(row[_KIND], []).append(row)
        for name, rows in of_kind.items():
            kind = Kind(name)
            if kind in self._revising:
                self._revising[kind].take(rows)
                (self._take_lines if kind is Kind.DECLARATION else self._take_inspections)(rows)
            else:
                self._others[kind] += map(revision_of, rows)
        self._sequence = page[-1][_SEQUENCE]
        self._watermark = max(self._watermark, *(row[_VISIBLE] for row in page))

    def _take_lines(self, rows: Sequence[Row]) -> None:
        self._hashes += [row[_HASH] for row in rows]
        present = [row for row in rows if row[_BODY] is not None]
        for start in range(0, len(present), _AT_ONCE):
            part = present[start : start + _AT_ONCE]
            self._lines.add([row[_ID] for row in part], [_bytes_of(row[_BODY]) for row in part])

    def _take_inspections(self, rows: Sequence[Row]) -> None:
        bodies = (row[_BODY] for row in rows)
        self._inspections += [None if body is None else _decode_inspection(body) for body in bodies]

    def archive(self) -> Archive:
        """Return all that was taken."""
        declared, inspected = (revising.columns() for revising in self._revising.values())
        present = declared["present"]
        named = [None if one is None else one.declaration_id for one in self._inspections]
        line = self._revising[Kind.DECLARATION].ids.known(named, len(named)).astype(np.int64)
        result, results = _distinct(self._inspections)
        lines, cancelled = self._lines.lines()
        return Archive(
            self._sequence,
            self._watermark,
            Declared(
                **declared,
                lines=lines,
                place=np.where(present, np.cumsum(present) - 1, -1),
                cancelled=cancelled,
                hashes=np.frombuffer(b"".join(self._hashes), dtype=np.uint8).reshape(len(present), 32),
            ),
            Inspected(**inspected, records=self._inspections, line=line, result=result, results=results),
            self._others,
        )


def _bytes_of(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _distinct(inspections: Sequence[Inspection | None]) -> tuple[Integers, list[Inspection]]:
    """Number the distinct results, and return the first inspection with each."""
    numbers: dict[Any, int] = {}
    results: list[Inspection] = []
    found = np.full(len(inspections), -1, dtype=np.int64)
    for row, inspection in enumerate(inspections):
        if inspection is None:
            continue
        said = _result_of(inspection)
        number = numbers.get(said)
        if number is None:
            number = numbers[said] = len(results)
            results.append(inspection)
        found[row] = number
    return found, results


_result_of = attrgetter(*(name for name in Inspection.__struct_fields__ if name not in _OF_ONE))
_decode_inspection = msgspec.json.Decoder(Inspection).decode
