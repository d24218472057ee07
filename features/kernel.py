"""How kernels are compiled: to a cache beside their source, which holds until anything in them changes."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numba
import numpy as np
from numba.core.registry import CPUDispatcher

Function = TypeVar("Function", bound=Callable[..., Any])


class Decorator(Protocol):
    """Leaves a function's type as it is."""

    def __call__(self, function: Function, /) -> Function:
        """Compile a function."""


_STAMPS: dict[Any, str] = {}
"""What each kernel compiled so far was made of."""


def compiled(**options: Any) -> Any:
    """Return a decorator that compiles a function of arrays and numbers to machine code, options as numba's.

    numba keeps machine code until the function's own file changes. Other kernels and constants of other
    files are part of it too, so what is kept is stamped with all of them.
    """

    def compile_function(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(cache=True, **options)(function)
        _STAMPS[dispatcher] = _stamp(function)
        kept = dispatcher._cache._cache_file
        kept._source_stamp = (*kept._source_stamp, _STAMPS[dispatcher])
        kept._load_index = _or_nothing(kept._load_index)
        return dispatcher

    return compile_function


def _or_nothing(load_index: Callable[[], dict[Any, str]]) -> Callable[[], dict[Any, str]]:
    """Take code kept for types since renamed or moved for none: numba reads it before it asks its age."""

    def load() -> dict[Any, str]:
        try:
            return load_index()
        except (AttributeError, ImportError):
            return {}

    return load


kernel: Decorator = compiled(nogil=True)
"""Compiles a function for one thread that holds no interpreter lock."""

inlined: Decorator = compiled(nogil=True, forceinline=True)
"""Compiles a part of a kernel into whatever kernel calls it: for what runs billions of times."""


@numba.extending.register_jitable
def int64(value: int) -> int:
    """Return an integer of one type: a kernel is compiled once for each type that it is called with."""
    return np.int64(value)  # type: ignore[return-value]


def _stamp(function: Callable[..., Any]) -> str:
    """Return a digest of a function's file and of all it names: kernels, constants, arrays, functions."""
    parts = [_file(function)]
    for name in sorted(function.__code__.co_names):
        value = function.__globals__.get(name)
        if isinstance(value, CPUDispatcher):
            parts.append(_STAMPS.get(value) or _file(value.py_func))
        elif isinstance(value, int | float | str | tuple | np.generic):
            parts.append(f"{name} {value!r}")
        elif isinstance(value, np.ndarray):
            held = hashlib.sha256(value.tobytes()).hexdigest()
            parts.append(f"{name} {value.dtype.str} {value.shape} {held}")
        else:
            parts.append(_file(getattr(value, "_defn", value)))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _file(made: Any) -> str:
    """Return the file of a function or class with its time and size, nothing for what comes from no file."""
    name = getattr(sys.modules.get(getattr(made, "__module__", "")), "__file__", None)
    if name is None or not (callable(made) or isinstance(made, type)):
        return ""
    told = Path(name).stat()
    return f"{name} {told.st_mtime_ns} {told.st_size}"
