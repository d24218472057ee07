"""Revisions as columns: what each says about counting, its keys hashed, its measures in fixed point."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.entities import DECLARED, PRICED
from features.history.keys import (
    BOTH_SEEDS,
    KEY_COLUMNS,
    Hashed,
    Hashes,
    Integers,
    hash_columns,
    hash_texts,
)
from features.lines import Lines
from features.records import AnyRecord, Declaration, Inspection, Nonconformity, Opinion
from features.store.reader import Revision
from features.terms import FAILED_OUTCOMES, Depth, Direction, Kind, LineStatus, Outcome, Selection

LARGEST = 1 << 53
"""Fixed-point measures are held to this, so that a thousand of the largest still sum exactly."""

COUNTED: dict[Kind, tuple[str, ...]] = {
    Kind.DECLARATION: ("declared", "priced"),
    Kind.INSPECTION: ("inspected",),
    Kind.NONCONFORMITY: ("found",),
    Kind.OPINION: ("opined",),
}
"""Which tallies a kind of record is counted in."""


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


class _Content(NamedTuple):
    links: Sequence[str | None]
    counts: NDArray[np.bool_]
    values: NDArray[np.int64]
    hashed: Hashed


@lru_cache(maxsize=8)
def no_rows(kind: Kind) -> Rows:
    """Return rows of length 0."""
    return rows_of(kind, [])


def rows_of(kind: Kind, revisions: Sequence[Revision]) -> Rows:
    """Lay revisions of one kind out as columns."""
    records = [revision.record for revision in revisions]
    present = np.array([record is not None for record in records], dtype=np.bool_)
    content = _CONTENT[kind]([record for record in records if record is not None])
    ids, id_checks = hash_texts([revision.id for revision in revisions], BOTH_SEEDS)
    links, link_checks = hash_texts(content.links, BOTH_SEEDS)
    return Rows(
        ids=ids,
        id_checks=id_checks,
        links=_spread(links, present),
        link_checks=_spread(link_checks, present),
        sequence=np.array([revision.sequence for revision in revisions], dtype=np.int64),
        visible=np.array([revision.visible_at for revision in revisions], dtype=np.int64),
        present=present,
        counts=_spread(content.counts, present),
        values=_spread(content.values, present),
        keys=_spread(content.hashed.values, present),
        key_checks=_spread(content.hashed.checks, present),
        direction=_spread(content.hashed.direction, present),
    )


def join_rows(parts: Sequence[Rows], kind: Kind) -> Rows:
    """Put parts behind one another; none at all gives rows of length 0."""
    if len(parts) < 2:
        return parts[0] if parts else no_rows(kind)
    return Rows._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _spread(values: NDArray[Scalar], present: NDArray[np.bool_]) -> NDArray[Scalar]:
    """Place values of the rows that are present, zeros for the others."""
    if present.all():
        return values
    spread: NDArray[Scalar] = np.zeros((len(present), *values.shape[1:]), dtype=values.dtype)
    spread[present] = values
    return spread


def _declarations(records: Sequence[Declaration]) -> _Content:
    lines = Lines.of(records)
    value, price = lines["value_cny"], lines["unit_price_cny"]
    priced = np.isfinite(price) & (price > 0)
    logs = np.array([math.log(each) for each in np.where(priced, price, 1.0).tolist()], dtype=np.float64)
    declared = np.array([record.status != LineStatus.CANCELLED for record in records], dtype=np.bool_)
    values = [_fixed(value, DECLARED.scale), _fixed(logs, PRICED.scale), _fixed(logs * logs, PRICED.scale)]
    hashed = hash_columns({name: lines[name] for name in KEY_COLUMNS}, lines["direction"].tolist())
    counts = np.stack([declared, declared & priced], axis=1)
    return _Content([None] * len(records), counts, np.stack(values, axis=1), hashed)


def _inspections(records: Sequence[Inspection]) -> _Content:
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
    return _Content([record.declaration_id for record in records], _flags(counts), _whole(rows, 4), hashed)


def _findings(records: Sequence[Nonconformity]) -> _Content:
    rows = [(2 if record.severity is None else record.severity,) for record in records]
    counts = [record.declaration_id is None for record in records]
    directions = [record.direction or Direction.IMPORT for record in records]
    return _Content([None] * len(rows), _flags(counts), _whole(rows, 1), _hash_goods(records, directions))


def _opinions(records: Sequence[Opinion]) -> _Content:
    rows = [
        (1 if record.severity is None else record.severity, _held(record.injured or 0)) for record in records
    ]
    counts = [record.praise is not True for record in records]
    directions = [record.direction for record in records]
    return _Content([None] * len(rows), _flags(counts), _whole(rows, 2), _hash_goods(records, directions))


_CONTENT: dict[Kind, Callable[[Sequence[AnyRecord]], _Content]] = {
    Kind.DECLARATION: _declarations,  # type: ignore[dict-item]
    Kind.INSPECTION: _inspections,  # type: ignore[dict-item]
    Kind.NONCONFORMITY: _findings,  # type: ignore[dict-item]
    Kind.OPINION: _opinions,  # type: ignore[dict-item]
}


def _hash_goods(records: Sequence[Nonconformity | Opinion], directions: Sequence[str]) -> Hashed:
    columns: dict[str, Sequence[str | None]] = {
        name: [getattr(record, name) for record in records]
        for name in ("consignee", "manufacturer", "brand", "origin", "hs_code")
    }
    for name, digits in (("hs4", 4), ("hs6", 6)):
        columns[name] = [
            code[:digits] if code and len(code) >= digits else None for code in columns["hs_code"]
        ]
    return hash_columns(columns, directions)


def _fixed(values: NDArray[np.float64], scale: int) -> NDArray[np.int64]:
    """Return values in whole units of 1/scale, 0 where missing, held to LARGEST."""
    scaled = np.nan_to_num(np.clip(values, -LARGEST, LARGEST) * scale)
    return np.rint(np.clip(scaled, -LARGEST, LARGEST)).astype(np.int64)


def _held(value: int) -> int:
    return max(-LARGEST, min(LARGEST, value))


def _whole(rows: Sequence[tuple[int, ...]], width: int) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width)


def _flags(counts: Iterable[bool]) -> NDArray[np.bool_]:
    return np.array(list(counts), dtype=np.bool_).reshape(-1, 1)


def _zeros(records: Sequence[AnyRecord]) -> Integers:
    return np.zeros(len(records), dtype=np.int64)
