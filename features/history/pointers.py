"""Levels as addresses: a kernel takes one small table instead of fifty arrays, whatever the number of levels.

The arrays must live, and must not move, while a kernel runs; a TallyState holds both them and the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import carray, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from features.history.kernel import kernel
from features.history.keys import Integers
from features.history.level import Level
from features.history.loose import Loose


def address_table(parts: Sequence[Level | Loose]) -> NDArray[np.int64]:
    """Return address, rows and row length of every array of every part: int64 (parts, arrays, 3)."""
    rows = [[_address(array) for array in part] for part in parts]
    return np.array(rows, dtype=np.int64).reshape(len(rows), -1 if rows else 0, 3)


def _address(array: NDArray[Any]) -> tuple[int, int, int]:
    if not array.flags.c_contiguous or array.dtype.itemsize != 8:
        raise ValueError("A level's arrays are contiguous and of 8-byte numbers.")
    return array.ctypes.data, len(array), array.shape[1] if array.ndim == 2 else 1


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
def integers(entry: Integers) -> Integers:
    """Return the int64 array (rows,) at a table entry."""
    return carray(_integers_at(entry[0]), (entry[1],))


@kernel
def matrix(entry: Integers) -> NDArray[np.int64]:
    """Return the int64 array (rows, columns) at a table entry."""
    return carray(_integers_at(entry[0]), (entry[1], entry[2]))


@kernel
def hashes(entry: Integers) -> NDArray[np.uint64]:
    """Return the uint64 array (rows,) at a table entry."""
    return carray(_hashes_at(entry[0]), (entry[1],))


@kernel
def level_at(table: NDArray[np.int64]) -> Level:
    """Return the level whose arrays a table (arrays, 3) lists."""
    return Level(
        integers(table[0]),
        hashes(table[1]),
        hashes(table[2]),
        integers(table[3]),
        integers(table[4]),
        integers(table[5]),
        matrix(table[6]),
        integers(table[7]),
        integers(table[8]),
        integers(table[9]),
        integers(table[10]),
        matrix(table[11]),
        matrix(table[12]),
        integers(table[13]),
        integers(table[14]),
        integers(table[15]),
    )


@kernel
def loose_at(table: NDArray[np.int64]) -> Loose:
    """Return the loose changes whose arrays a table (arrays, 3) lists."""
    return Loose(
        integers(table[0]),
        hashes(table[1]),
        hashes(table[2]),
        integers(table[3]),
        integers(table[4]),
        integers(table[5]),
        matrix(table[6]),
    )
