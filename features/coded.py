"""Texts as numbers of distinct ones: what recurs is kept, compared and worked on once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Codes = NDArray[np.int32]

Values: TypeAlias = NDArray[np.object_]
"""Distinct texts, none missing."""

FEW = 64
"""Fewer texts are worked on as they come: to number them would cost more."""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Texts (n,): `codes` are places among the distinct `values` (objects), -1 where a text is missing.

    Some values may be named by no code. `found` keeps what was made of the values, for all rows taken.
    """

    codes: Codes
    values: Values
    found: dict[Hashable, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Sequence[str | None] | NDArray[Any]) -> Coded:
        """Number the distinct texts of a column, None where missing, in the order in which they come."""
        codes, values = pd.factorize(np.asarray(texts, dtype=object))
        return cls(codes.astype(np.int32), values)

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Any) -> Coded:
        """Return the texts at `rows`: a mask, positions or a slice."""
        return Coded(self.codes[rows], self.values, self.found)

    def of_values(self, work: Callable[[Values], NDArray[Any]]) -> NDArray[Any]:
        """Return what a function makes of the distinct values, computed once for all lines taken of these."""
        told = self.found.get(work)
        if told is None:
            told = self.found[work] = work(self.values)
        return told

    def spread(self, told: NDArray[Any], missing: Any) -> NDArray[Any]:
        """Return what is told of each distinct value, text by text, and `missing` where there is none."""
        padded = np.empty(len(self.values) + 1, dtype=told.dtype)
        padded[:-1], padded[-1] = told, missing
        return np.asarray(padded[self.codes])

    def texts(self) -> NDArray[np.object_]:
        """Return the texts themselves, None where missing; equal ones are one object."""
        return self.spread(self.values, None)


class Coder(dict[str | None, int]):
    """Numbers distinct texts as they come; None is -1."""

    def __init__(self) -> None:
        super().__init__({None: -1})

    def __missing__(self, text: str) -> int:
        self[text] = code = len(self) - 1
        return code

    def codes(self, texts: Iterable[str | None], count: int) -> Codes:
        """Return the numbers of so many texts; new ones get the next."""
        return np.fromiter(map(self.__getitem__, texts), dtype=np.int32, count=count)

    def known(self, texts: Iterable[str | None], count: int) -> Codes:
        """Return the numbers of so many texts, -1 for new ones, which stay new."""
        return np.fromiter((self.get(text, -1) for text in texts), dtype=np.int32, count=count)

    def values(self) -> NDArray[np.object_]:  # type: ignore[override]
        """Return the distinct texts in the order of their numbers."""
        return objects(list(self)[1:])


def distinct_pairs(
    first: Coded, second: Coded
) -> tuple[list[tuple[str | None, str | None]], NDArray[np.intp]]:
    """Return the distinct pairs of two columns of texts, and the place (n,) of each row's among them."""
    rows, place = distinct_rows(first, second)
    return list(zip(first.take(rows).texts(), second.take(rows).texts(), strict=True)), place


def distinct_rows(*columns: Coded | NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return a row of each kind there is, and each row's kind (n,); whole numbers are kinds of their own."""
    kind = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes = column.codes if isinstance(column, Coded) else column
        kind = kind * (int(codes.max(initial=0)) + 2) + codes + 1
    _, rows, place = np.unique(kind, return_index=True, return_inverse=True)
    return rows, place


def objects(values: Iterable[Any]) -> NDArray[np.object_]:
    """Return values as an array of objects."""
    listed = list(values)
    column = np.empty(len(listed), dtype=object)
    column[:] = listed
    return column
