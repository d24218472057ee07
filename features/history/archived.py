"""What an archive says about counting: its columns as rows, each distinct text hashed once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.coded import Coded
from features.history.build import Gathered, ReadOpinions
from features.history.content import Content
from features.history.keys import (
    BOTH_SEEDS,
    KEY_COLUMNS,
    Hashed,
    Hashes,
    hash_columns,
    hash_distinct,
    hash_texts,
)
from features.history.parties import party_rows
from features.history.rows import COUNTED, Rows, content_columns, in_units, inspected_content, rows_of
from features.store.archive import Archive, Declared, Inspected, Revisions
from features.terms import Kind

Floats = NDArray[np.float64]


def gather_archive(archive: Archive, read: ReadOpinions) -> Gathered:
    """Lay out everything stored as `gather` does, opinions by their readings."""
    rows = {
        Kind.DECLARATION: declared_rows(archive.declared),
        Kind.INSPECTION: inspected_rows(archive.inspected, archive.declared),
    }
    for kind in COUNTED:
        if kind not in rows:
            revisions = archive.others[kind]
            told = read([one.sequence for one in revisions]) if kind == Kind.OPINION else None
            rows[kind] = rows_of(kind, revisions, told)
    return Gathered(rows, party_rows(archive.others[Kind.PARTY]))


def declared_rows(declared: Declared) -> Rows:
    """Lay out revisions of lines."""
    lines = declared.lines
    price, standing = lines["unit_price_cny"], ~declared.cancelled
    priced = np.isfinite(price) & (price > 0)
    log = np.zeros(len(price))
    log[priced] = list(map(math.log, price[priced].tolist()))
    values = in_units(np.column_stack([lines["value_cny"], log, log * log]))
    counts = np.column_stack([standing, standing & priced])
    hashed = hash_columns({name: lines.coded(name) for name in KEY_COLUMNS}, lines.coded("direction"))
    return _rows(declared, Content([], counts, values, hashed), [np.zeros(len(declared.of), np.uint64)] * 2)


def inspected_rows(inspected: Inspected, declared: Declared) -> Rows:
    """Lay out revisions of inspections; what each distinct result says is found once."""
    said, result = inspected_content(inspected.results), inspected.result[inspected.present]
    keys = said.hashed
    hashed = Hashed(keys.values[result], keys.checks[result], keys.direction[result])
    content = Content([], said.counts[result], said.values[result], hashed)
    return _rows(inspected, content, _links(inspected, declared))


def _links(inspected: Inspected, declared: Declared) -> list[Hashes]:
    """Hash the lines that inspections name, 0 where one is not present."""
    known = Coded(inspected.line.astype(np.int32), declared.ids)
    links = hash_texts(known, BOTH_SEEDS)
    unknown = np.flatnonzero(inspected.present & (inspected.line < 0))
    records = (inspected.records[row] for row in unknown.tolist())
    named = [None if record is None else record.declaration_id for record in records]
    for some, told in zip(links, hash_texts(named, BOTH_SEEDS), strict=True):
        some[unknown] = told
    return links


def _rows(revisions: Revisions, content: Content, links: Sequence[Hashes]) -> Rows:
    ids, id_checks = (hash_distinct(revisions.ids, seed)[revisions.of] for seed in BOTH_SEEDS)
    present = revisions.present
    return Rows(
        ids=ids,
        id_checks=id_checks,
        links=links[0],
        link_checks=links[1],
        sequence=revisions.sequence,
        visible=revisions.visible_at,
        present=present,
        **content_columns(content, present),
    )
