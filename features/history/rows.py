"""Revisions as columns: what each says about counting, its keys hashed, its measures in fixed point."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.entities import DECLARED, PRICED
from features.history.content import LARGEST, Content, flags, hash_goods, whole
from features.history.keys import (
    BOTH_SEEDS,
    KEY_COLUMNS,
    Hashed,
    Hashes,
    Integers,
    hash_columns,
    hash_texts,
)
from features.history.told import opinion_content
from features.kernel import kernel
from features.lines import headings_of
from features.opinions.reading import Reading
from features.records import AnyRecord, Declaration, Inspection, Nonconformity
from features.store.reader import Revision
from features.terms import FAILED_OUTCOMES, Depth, Direction, Kind, LineStatus, Outcome, Selection
from features.values import value_cny

COUNTED: dict[Kind, tuple[str, ...]] = {
    Kind.DECLARATION: ("declared", "priced"),
    Kind.INSPECTION: ("inspected",),
    Kind.NONCONFORMITY: ("found",),
    Kind.OPINION: ("complained", "endangered"),
}
"""Which tallies a kind of record is counted in."""

_STATED = {column: attrgetter(column) for column in KEY_COLUMNS if column not in ("hs4", "hs6")}

Scalar = TypeVar("Scalar", bound=np.generic)


class Rows(NamedTuple):
    """Revisions of one kind as columns, in order of sequence.

    `ids` and `links` are 64-bit hashes of the record's id and of the declaration it names (0 for none),
    with checks; `present` is false after a withdrawal or redaction. `counts` bool (rows, tallies of the
    kind) says whether the content counts, `values` int64 (rows, measures) hold the measures of those
    tallies side by side.
    """

    ids: Hashes
    id_checks: Hashes
    links: Hashes
    link_checks: Hashes
    sequence: Integers
    visible: Integers
    present: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    values: NDArray[np.int64]
    keys: Hashes
    key_checks: Hashes
    direction: Integers

    @property
    def hashed(self) -> Hashed:
        """The key columns of the rows."""
        return Hashed(self.keys, self.key_checks, self.direction)


@lru_cache(maxsize=8)
def no_rows(kind: Kind) -> Rows:
    """Return rows of length 0."""
    return rows_of(kind, [])


def rows_of(kind: Kind, revisions: Sequence[Revision], readings: Mapping[int, Reading] | None = None) -> Rows:
    """Lay revisions of one kind out as columns; opinions by their readings, and unread ones do not count."""
    records = [revision.record for revision in revisions]
    present = np.array([record is not None for record in records], dtype=np.bool_)
    kept = [record for record in records if record is not None]
    if kind == Kind.OPINION:
        sequences = [revision.sequence for revision in revisions if revision.record is not None]
        read = [(readings or {}).get(sequence) for sequence in sequences]
        content = opinion_content(kept, read)  # type: ignore[arg-type]
    else:
        content = _CONTENT[kind](kept)
    ids, id_checks = hash_texts([revision.id for revision in revisions], BOTH_SEEDS)
    links, link_checks = hash_texts(content.links, BOTH_SEEDS)
    return Rows(
        ids=ids,
        id_checks=id_checks,
        links=spread(links, present),
        link_checks=spread(link_checks, present),
        sequence=np.array([revision.sequence for revision in revisions], dtype=np.int64),
        visible=np.array([revision.visible_at for revision in revisions], dtype=np.int64),
        present=present,
        **content_columns(content, present),
    )


def content_columns(content: Content, present: NDArray[np.bool_]) -> dict[str, Any]:
    """Return what content says as columns of `Rows`, nothing where none is present."""
    hashed = content.hashed
    told = {
        "counts": content.counts, "values": content.values, "keys": hashed.values,
        "key_checks": hashed.checks, "direction": hashed.direction,
    }  # fmt: skip
    return {name: spread(column, present) for name, column in told.items()}


def join_rows(parts: Sequence[Rows], kind: Kind) -> Rows:
    """Put parts behind one another; none at all gives rows of length 0."""
    if len(parts) < 2:
        return parts[0] if parts else no_rows(kind)
    return Rows._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def spread(values: NDArray[Scalar], present: NDArray[np.bool_]) -> NDArray[Scalar]:
    """Place values of the rows that are present, zeros for the others."""
    if present.all():
        return values
    spread: NDArray[Scalar] = np.zeros((len(present), *values.shape[1:]), dtype=values.dtype)
    spread[present] = values
    return spread


def declared_content(records: Sequence[Declaration]) -> Content:
    """Lay out what lines say about counting."""
    told = [_measured(record) for record in records]
    values = in_units(np.array([measures for _, measures in told], dtype=np.float64).reshape(-1, 3))
    counts = np.array([counts for counts, _ in told], dtype=np.bool_).reshape(-1, 2)
    columns: dict[str, Sequence[str | None]] = {
        name: list(map(stated, records)) for name, stated in _STATED.items()
    }
    columns |= headings_of([one.hs_code for one in records])
    hashed = hash_columns(columns, [one.direction for one in records])
    return Content([None] * len(records), counts, values, hashed)


def _measured(record: Declaration) -> tuple[tuple[bool, bool], tuple[float | None, float, float]]:
    """Return whether a line counts as declared and as priced; its value, log unit price and its square."""
    value = value_cny(record)
    price = value / record.quantity if value is not None and record.quantity else math.nan
    declared = record.status != LineStatus.CANCELLED
    if not (math.isfinite(price) and price > 0):
        return (declared, False), (value, 0.0, 0.0)
    log = math.log(price)
    return (declared, declared), (value, log, log * log)


def inspected_content(records: Sequence[Inspection]) -> Content:
    """Lay out what inspections say about counting."""
    rows = [
        (
            record.outcome in FAILED_OUTCOMES,
            record.selected_by == Selection.RANDOM,
            record.outcome in FAILED_OUTCOMES and record.selected_by == Selection.RANDOM,
            record.depth == Depth.LABORATORY,
        )
        for record in records
    ]
    counts = [record.outcome != Outcome.PENDING for record in records]
    hashed = Hashed(np.empty((len(rows), 0), np.uint64), np.empty((len(rows), 0), np.uint64), _zeros(records))
    return Content([record.declaration_id for record in records], flags(counts), whole(rows, 4), hashed)


def _findings(records: Sequence[Nonconformity]) -> Content:
    rows = [(2 if record.severity is None else record.severity,) for record in records]
    counts = [record.declaration_id is None for record in records]
    directions = [record.direction or Direction.IMPORT for record in records]
    return Content([None] * len(rows), flags(counts), whole(rows, 1), hash_goods(records, directions))


_CONTENT: dict[Kind, Callable[[Sequence[AnyRecord]], Content]] = {
    Kind.DECLARATION: declared_content,  # type: ignore[dict-item]
    Kind.INSPECTION: inspected_content,  # type: ignore[dict-item]
    Kind.NONCONFORMITY: _findings,  # type: ignore[dict-item]
}


_SCALES = np.array([DECLARED.scale, PRICED.scale, PRICED.scale], dtype=np.float64)


def in_units(measures: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return lines' value, log price and its square (rows, 3) in whole units of their scales."""
    return _fixed(measures, _SCALES)


@kernel
def _fixed(values: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return values (rows, measures) in whole units of 1/scale, 0 where missing, held to LARGEST."""
    fixed = np.zeros(values.shape, dtype=np.int64)
    for row in range(values.shape[0]):
        for measure in range(values.shape[1]):
            value = values[row, measure]
            if not np.isnan(value):
                scaled = min(max(value, -LARGEST), LARGEST) * scales[measure]
                fixed[row, measure] = np.int64(np.rint(min(max(scaled, -LARGEST), LARGEST)))
    return fixed


def _zeros(records: Sequence[AnyRecord]) -> Integers:
    return np.zeros(len(records), dtype=np.int64)
