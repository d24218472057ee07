"""What records of one kind say about counting, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.history.keys import Hashed, hash_columns
from features.records import Nonconformity

LARGEST = 1 << 53
"""Fixed-point measures are held to this, so that a thousand of the largest still sum exactly."""

GOODS = ("consignee", "manufacturer", "brand", "origin", "hs_code")


class Content(NamedTuple):
    """Links, whether the rows count in each tally of their kind, measures and keys."""

    links: Sequence[str | None]
    counts: NDArray[np.bool_]
    values: NDArray[np.int64]
    hashed: Hashed


def hash_goods(records: Sequence[Nonconformity], directions: Sequence[str]) -> Hashed:
    """Hash the goods and parties that records name themselves."""
    columns: dict[str, Sequence[str | None]] = {
        name: [getattr(record, name) for record in records] for name in GOODS
    }
    return hash_columns({**columns, **headings(columns["hs_code"])}, directions)


def headings(codes: Sequence[str | None]) -> Mapping[str, Sequence[str | None]]:
    """Return the heading and subheading of each code that is long enough."""
    return {
        name: [code[:digits] if code and len(code) >= digits else None for code in codes]
        for name, digits in (("hs4", 4), ("hs6", 6))
    }


def held(value: int) -> int:
    """Return a measure held to LARGEST."""
    return max(-LARGEST, min(LARGEST, value))


def whole(rows: Sequence[tuple[int, ...]], width: int) -> NDArray[np.int64]:
    """Return measures as int64 (rows, width)."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), width)


def flags(counts: Iterable[bool]) -> NDArray[np.bool_]:
    """Return whether rows count, as bool (rows, 1)."""
    return np.array(list(counts), dtype=np.bool_).reshape(-1, 1)
