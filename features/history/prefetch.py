"""Asks the processor for a line of memory before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_BYTE, _INT = ir.IntType(8).as_pointer(), ir.IntType(32)
_FOR_WRITING, _KEEP, _DATA = 1, 3, 1


def _prefetch(typing_context: Any, array: Any, place: Any) -> Any:  # noqa: ARG001
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(start, [arguments[1]]), _BYTE)
        kind = ir.FunctionType(ir.VoidType(), [_BYTE, _INT, _INT, _INT])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [_BYTE], kind)
        builder.call(ask, [address, _INT(_FOR_WRITING), _INT(_KEEP), _INT(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


prefetch: Callable[..., None] = intrinsic(_prefetch)
"""`prefetch(array, place)`: in a kernel, have element `place` of a one-dimensional array brought near.

It changes nothing and never fails, whatever the place.
"""
