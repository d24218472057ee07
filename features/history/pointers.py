"""Arrays as addresses: a kernel takes one small table instead of fifty arrays, whatever the number of levels.

Kernels that got arrays as such would count references to them at every call, an atomic operation each time.
The arrays must live, and must not move, while a kernel runs; whoever makes a table holds both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba import carray, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from features.history.keys import Hashes, Integers
from features.history.loose import Loose
from features.history.query import Answer, Query
from features.kernel import kernel

Table: TypeAlias = NDArray[np.int64]
"""Address and shape of every array of every part: int64 (parts, arrays, 4), the shape filled up with 0."""

_DIMENSIONS = 3

BLOCKS, KEYS, _, OFFSETS, BORN, SEQUENCE, SUMS, CORRECTED = range(8)
C_BORN, C_KNOWN, C_SEQUENCE, C_CHANGE, C_SUMS, C_LOW, C_HIGH, LATEST = range(8, 16)
"""Positions of the arrays of a Level."""


def address_table(parts: Sequence[NamedTuple]) -> Table:
    """Return the table of some levels, of loose changes, of a query or an answer."""
    rows = [[_address(array) for array in part] for part in parts]
    return np.array(rows, dtype=np.int64).reshape(len(rows), -1 if rows else 0, 1 + _DIMENSIONS)


def _address(array: NDArray[Any]) -> tuple[int, ...]:
    if not array.flags.c_contiguous or array.dtype.itemsize != 8:
        raise ValueError("A level's arrays are contiguous and of 8-byte numbers.")
    return array.ctypes.data, *array.shape, *(0,) * (_DIMENSIONS - array.ndim)


def _pointer_to(element: Any) -> Callable[..., Any]:
    def typed(typing_context: Any, address: Any) -> Any:  # noqa: ARG001
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(element)(address), generate

    pointer: Callable[..., Any] = intrinsic(typed)
    return pointer


_integers_at = _pointer_to(types.int64)
_hashes_at = _pointer_to(types.uint64)


@kernel
def integers(table: Table, part: int, field: int) -> Integers:
    """Return an int64 array (rows,) of a part."""
    return carray(_integers_at(table[part, field, 0]), (table[part, field, 1],))


@kernel
def matrix(table: Table, part: int, field: int) -> NDArray[np.int64]:
    """Return an int64 array (rows, columns) of a part."""
    shape = (table[part, field, 1], table[part, field, 2])
    return carray(_integers_at(table[part, field, 0]), shape)


@kernel
def hashes(table: Table, part: int, field: int) -> Hashes:
    """Return a uint64 array (rows,) of a part."""
    return carray(_hashes_at(table[part, field, 0]), (table[part, field, 1],))


@kernel
def loose_at(table: Table) -> Loose:
    """Return the loose changes that a table lists."""
    return Loose(
        integers(table, 0, 0),
        hashes(table, 0, 1),
        hashes(table, 0, 2),
        integers(table, 0, 3),
        integers(table, 0, 4),
        integers(table, 0, 5),
        matrix(table, 0, 6),
        integers(table, 0, 7),
        integers(table, 0, 8),
        integers(table, 0, 9),
        integers(table, 0, 10),
        matrix(table, 0, 11),
        matrix(table, 0, 12),
    )


@kernel
def unowned_query(query: Query) -> Query:
    """Return the same query as arrays whose references nobody counts."""
    keys = carray(_hashes_at(query.keys.ctypes.data), query.keys.shape)
    as_of = carray(_integers_at(query.as_of.ctypes.data), query.as_of.shape)
    return Query(keys, as_of, carray(_integers_at(query.lengths.ctypes.data), query.lengths.shape))


@kernel
def unowned_answer(answer: Answer) -> Answer:
    """Return the same answer as arrays whose references nobody counts."""
    cells = carray(_integers_at(answer.cells.ctypes.data), answer.cells.shape)
    return Answer(cells, carray(_integers_at(answer.failures.ctypes.data), answer.failures.shape))
