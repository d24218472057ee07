"""What opinions say about counting: as they were read, their source's word first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.entities import COMPLAINED, ENDANGERED
from features.history.content import GOODS, Content, headings, held, whole
from features.history.keys import hash_columns
from features.opinions.reading import Reading
from features.records import Opinion


def opinion_content(records: Sequence[Opinion], readings: Sequence[Reading | None]) -> Content:
    """Return what opinions count for; one without a reading, and one that is no complaint, counts nowhere."""
    rows = [_measures(reading) if reading is not None else (0,) * _WIDTH for reading in readings]
    counts = [
        (
            reading is not None and reading.complaint,
            reading is not None and reading.counts_once and bool(reading.hazards),
        )
        for reading in readings
    ]
    columns: dict[str, list[str | None]] = {
        name: [_goods(*pair, name) for pair in zip(records, readings, strict=True)] for name in GOODS
    }
    coded = headings(columns["hs_code"])
    stated = zip(coded["hs4"], readings, strict=True)
    hs4 = [code or (None if reading is None else reading.hs4) for code, reading in stated]
    hashed = hash_columns(
        {**columns, "hs4": hs4, "hs6": coded["hs6"]}, [record.direction for record in records]
    )
    flags = np.array(counts, dtype=np.bool_).reshape(len(records), 2)
    return Content([None] * len(records), flags, whole(rows, _WIDTH), hashed)


_WIDTH = len(COMPLAINED.measures) + len(ENDANGERED.measures)


def _goods(record: Opinion, reading: Reading | None, name: str) -> str | None:
    read: str | None = getattr(reading, name, None)
    stated: str | None = getattr(record, name)
    return stated or read


def _measures(reading: Reading) -> tuple[int, ...]:
    if not reading.counts_once:
        return (1, *(0,) * (_WIDTH - 1))
    named = {hazard.hazard for hazard in reading.hazards}
    return (
        0,
        int(bool(named) or reading.injury > 0),
        reading.severity,
        held(reading.injured),
        int(reading.first_time),
        round(reading.weight * 100),
        *(int(hazard in named) for hazard in ENDANGERED.measures),
    )
