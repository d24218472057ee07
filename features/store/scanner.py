"""Reads many stored bodies of one kind into columns, each distinct text of a column numbered once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.coded import Coder
from features.store.scan import (
    Bytes,
    Spans,
    Texts,
    fill_table,
    find_values,
    number_texts,
    read_instants,
    read_numbers,
)
from features.store.words import SLACK

_read_number = msgspec.json.Decoder(float).decode
_BEHIND = b'"' * (1 + SLACK)
_FEW_TEXTS, _FEW_BYTES = 1 << 10, 1 << 14


class Scanned(NamedTuple):
    """Columns (n,) by name: codes int32, -1 for none; numbers, NaN; instants int64, -1.

    `left` (n,) says which rows are left to the decoder: what stands there is of no use.
    """

    columns: dict[str, NDArray[Any]]
    left: NDArray[np.bool_]


class Scanner:
    """Reads bodies into columns; `coders` number the texts of theirs, and may be used beside it."""

    def __init__(
        self,
        fields: Sequence[str],
        coders: Mapping[str, Coder],
        numbers: Sequence[str],
        instants: Sequence[str],
    ) -> None:
        names = [name.encode() for name in fields]
        self._names = _joined(names), np.cumsum([0, *map(len, names)])
        self._place = {name: place for place, name in enumerate(fields)}
        self._numbers, self._instants = numbers, instants
        self._texts = {name: _TextsOf(coder) for name, coder in coders.items()}

    def scan(self, bodies: Sequence[bytes]) -> Scanned:
        """Read some bodies; texts that are new are numbered by the coders."""
        data, rows = _joined(bodies), len(bodies)
        spans = np.full((2, len(self._place), rows), -1, dtype=np.int32)
        left = np.zeros(rows, dtype=bool)
        find_values(data, np.cumsum([0, *map(len, bodies)]), self._names, spans, left)
        spans[:, :, left] = -1  # the last value of such a row may have a beginning and no end
        columns: dict[str, NDArray[Any]] = {}
        for name in self._instants:
            columns[name] = instants = np.full(rows, -1, dtype=np.int64)
            read_instants(data, spans[:, self._place[name]], instants, left)
        for name in self._numbers:
            columns[name] = _numbers(data, spans[:, self._place[name]], left)
        for name, texts in self._texts.items():
            columns[name] = texts.numbered(data, spans[:, self._place[name]], left)
        return Scanned(columns, left)


def _joined(parts: Sequence[bytes]) -> Bytes:
    return np.frombuffer(b"".join([*parts, _BEHIND]), dtype=np.uint8)


def _numbers(data: Bytes, spans: Spans, left: NDArray[np.bool_]) -> NDArray[np.float64]:
    column, hard = np.full(len(left), np.nan), np.empty(len(left), dtype=np.int64)
    size = read_numbers(data, spans, column, left, hard)
    for row in hard[:size].tolist():
        try:
            column[row] = _read_number(data[spans[0, row] : spans[1, row]].tobytes())
        except msgspec.DecodeError:
            left[row] = True
    return column


class _TextsOf:
    """The texts of one column, numbered here as by their coder."""

    def __init__(self, coder: Coder) -> None:
        self._coder = coder
        self._texts = _room(_FEW_TEXTS, _FEW_BYTES)

    def numbered(self, data: Bytes, spans: Spans, left: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the number of each row's text, -1 for none."""
        self._learn()
        self._make_room(len(left), int((spans[1] - spans[0]).sum(dtype=np.int64)))
        before, codes = int(self._texts.sizes[0]), np.full(len(left), -1, dtype=np.int32)
        number_texts(data, spans, self._texts, codes, left)
        ends = self._texts.ends[before : int(self._texts.sizes[0]) + 1]
        told, places = self._texts.room[ends[0] : ends[-1]].tobytes(), (ends - ends[0]).tolist()
        for start, stop in pairwise(places):
            self._coder[told[start:stop].decode("utf-8", "surrogatepass")]
        return codes

    def _learn(self) -> None:
        """Take in what the coder numbered meanwhile."""
        known = int(self._texts.sizes[0])
        if len(self._coder) - 1 == known:
            return
        told = [str(text).encode("utf-8", "surrogatepass") for text in list(self._coder)[1 + known :]]
        data = _joined([b'"' + text for text in told])
        stops = np.cumsum([1 + len(text) for text in told])
        spans = np.stack([stops - [len(text) for text in told], stops]).astype(np.int32)
        self._make_room(len(told), int(stops[-1]))
        number_texts(data, spans, self._texts, np.empty(len(told), np.int32), np.zeros(len(told), bool))

    def _make_room(self, texts: int, size: int) -> None:
        """Have room for so many more texts of so many bytes."""
        known = self._texts
        texts, size = texts + int(known.sizes[0]), size + int(known.sizes[1]) + SLACK
        if texts <= len(known.hashes) and size <= len(known.room):
            return
        wider = _room(max(texts, 2 * len(known.hashes)), max(size, 2 * len(known.room)))
        wider.hashes[: len(known.hashes)], wider.ends[: len(known.ends)] = known.hashes, known.ends
        wider.room[: len(known.room)], wider.sizes[:] = known.room, known.sizes
        fill_table(wider)
        self._texts = wider


def _room(texts: int, size: int) -> Texts:
    return Texts(
        np.zeros(1 << (2 * texts).bit_length(), dtype=np.uint32),
        np.zeros(texts, dtype=np.uint64),
        np.zeros(texts + 1, dtype=np.int64),
        np.zeros(size, dtype=np.uint8),
        np.zeros(2, dtype=np.int64),
    )
