"""How kernels are compiled: to the cache beside the source, without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a function of arrays and numbers to machine code; one thread, no interpreter lock held."""
    compiled: Function = numba.njit(cache=True, nogil=True)(function)
    return compiled


def inlined(function: Function) -> Function:
    """Compile a part of a kernel into whatever kernel calls it: for what runs billions of times."""
    compiled: Function = numba.njit(cache=True, nogil=True, forceinline=True)(function)
    return compiled


@numba.extending.register_jitable
def int64(value: int) -> int:
    """Return an integer of one type: a kernel is compiled once for each type that it is called with."""
    return np.int64(value)  # type: ignore[return-value]
