"""Eight bytes at a time: what a byte after the other would take most of the time of reading a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from features.kernel import inlined

_WORD = ir.IntType(64)
_LOW, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_ZERO, _ONE, _BYTE, _LAST = np.uint64(0), np.uint64(1), np.uint64(8), np.uint64(0xFF)

SLACK = 8
"""How many bytes must stand behind the last that is asked for."""


def _word_at(typing_context: Any, data: Any, place: Any) -> Any:  # noqa: ARG001
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(start, [arguments[1]]), _WORD.as_pointer())
        return builder.load(address, align=1)

    return types.uint64(data, types.int64), generate


word_at: Callable[..., np.uint64] = intrinsic(_word_at)
"""`word_at(data, place)`: in a kernel, the eight bytes from a place on, the first in the lowest bits."""


@inlined
def bytes_before(word: np.uint64, first: np.uint64, second: np.uint64) -> int:
    """Return how many bytes of a word stand before the first that is one of two signs; 8 if none is."""
    one, other = word ^ (first * _LOW), word ^ (second * _LOW)
    found = ((one - _LOW) & ~one | (other - _LOW) & ~other) & _HIGH
    if found == _ZERO:
        return 8
    places = 0
    while found & _LAST == _ZERO:
        found >>= _BYTE
        places += 1
    return places


@inlined
def first_bytes(word: np.uint64, count: int) -> np.uint64:
    """Return the first bytes of a word, fewer than 8, noughts for the others."""
    return word & ((_ONE << (_BYTE * np.uint64(count))) - _ONE)


@inlined
def are_same(some: Any, start: int, others: Any, begin: int, length: int) -> bool:
    """Say whether so many bytes of two arrays are the same; both have SLACK bytes more."""
    at = 0
    while at + 8 <= length:
        if word_at(some, start + at) != word_at(others, begin + at):
            return False
        at += 8
    different = word_at(some, start + at) ^ word_at(others, begin + at)
    return first_bytes(different, length - at) == _ZERO
