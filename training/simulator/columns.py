"""Columns of record files: text by code into a vocabulary, numbers with gaps, instants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.instants import DAY
from training.simulator.draws import Flags, Floats, Ints


def coded(vocabulary: list[str], codes: Ints, known: Flags | None = None) -> Any:
    """Return text by its position in `vocabulary`; missing where the code is negative or not `known`."""
    missing = codes < 0 if known is None else (codes < 0) | ~known
    indices = pa.array(codes.astype(np.int32), mask=missing)
    return pa.DictionaryArray.from_arrays(indices, pa.array(vocabulary, type=pa.string()))


def constant(text: str, count: int, known: Flags | None = None) -> Any:
    """Return one text for every row, or for those `known`."""
    return coded([text], np.zeros(count, dtype=np.int64), known)


def numbers(values: NDArray[Any], known: Flags | None = None) -> Any:
    """Return numbers or truth values, missing where not `known`."""
    return pa.array(values, mask=None if known is None else ~known)


def instants(begin: int, days: Floats) -> Ints:
    """Return the instants of days since `begin`."""
    return begin + np.floor(days * DAY).astype(np.int64)


def numbered(prefix: str, values: Ints, width: int) -> Any:
    """Return ids such as L000000017."""
    digits = pc.utf8_lpad(pc.cast(pa.array(values), pa.string()), width=width, padding="0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


def replace(table: Any, name: str, column: Any) -> Any:
    """Return `table` with one column replaced."""
    place = table.schema.get_field_index(name)
    return table.set_column(place, name, column)


def gaps(table: Any, names: tuple[str, ...]) -> Any:
    """Return `table` with nothing in the named columns."""
    for name in names:
        table = replace(table, name, pa.nulls(table.num_rows, table.schema.field(name).type))
    return table
