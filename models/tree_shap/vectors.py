"""A row of float64 lanes as one numba value, so that loops over rows or quadrature nodes are vectors for
certain.

numba's own vectoriser gives up on these kernels: their slices share one scratch array and may overlap. Here
each operation is spelt out; LLVM maps a vector to whatever registers the machine has, lane by lane in the
same IEEE arithmetic, so that results do not depend on it. A mask is an integer with a bit per lane.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, register_model

from models.tree_shap.program import NODES

ROWS = 16
"""Rows of a tile, and so lanes of its vectors."""


class Lanes(types.Type):
    """The numba type of a vector of so many float64 lanes."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"Lanes({lanes})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, _vector(lanes.lanes))


_ROW_LANES, _NODE_LANES = Lanes(ROWS), Lanes(NODES)


def _vector(lanes: int) -> ir.VectorType:
    return ir.VectorType(ir.DoubleType(), lanes)


def _pointer(context: Any, builder: Any, signature: Any, args: Any, lanes: int) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), _vector(lanes).as_pointer())


def _load(lanes: Lanes) -> Any:
    def typing(_context: Any, values: Any, _at: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.load(_pointer(context, builder, signature, args, lanes.lanes), align=8)

        return lanes(values, types.intp), emit

    return typing


def _store(lanes: Lanes) -> Any:
    def typing(_context: Any, values: Any, _at: Any, _vector: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            builder.store(args[2], _pointer(context, builder, signature, args, lanes.lanes), align=8)
            return context.get_dummy_value()

        return types.void(values, types.intp, lanes), emit

    return typing


def _splat(builder: Any, scalar: Any, lanes: int) -> Any:
    one = builder.insert_element(
        ir.Constant(_vector(lanes), ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0)
    )
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), None)
    return builder.shuffle_vector(one, ir.Constant(_vector(lanes), ir.Undefined), zeros)


def _shuffled(builder: Any, vector: Any, lanes: list[int]) -> Any:
    places = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), places)


def _bits(builder: Any, mask: Any, lanes: int) -> Any:
    narrow = builder.trunc(mask, ir.IntType(lanes))
    return builder.bitcast(narrow, ir.VectorType(ir.IntType(1), lanes))


def _mask(builder: Any, bits: Any, lanes: int) -> Any:
    return builder.zext(builder.bitcast(bits, ir.IntType(lanes)), ir.IntType(64))


@intrinsic
def load_rows(typingctx, values, at):  # type: ignore[no-untyped-def]
    """Load the lanes of a tile's rows from values[at:]."""
    return _load(_ROW_LANES)(typingctx, values, at)


@intrinsic
def store_rows(typingctx, values, at, vector):  # type: ignore[no-untyped-def]
    """Store the lanes of a tile's rows to values[at:]."""
    return _store(_ROW_LANES)(typingctx, values, at, vector)


@intrinsic
def load_nodes(typingctx, values, at):  # type: ignore[no-untyped-def]
    """Load a group of quadrature nodes from values[at:]."""
    return _load(_NODE_LANES)(typingctx, values, at)


@intrinsic
def store_nodes(typingctx, values, at, vector):  # type: ignore[no-untyped-def]
    """Store a group of quadrature nodes to values[at:]."""
    return _store(_NODE_LANES)(typingctx, values, at, vector)


@intrinsic
def add(typingctx, a, b):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Add lane by lane."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.fadd(*args)

    return a(a, b), emit


@intrinsic
def multiply(typingctx, a, b):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Multiply lane by lane."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.fmul(*args)

    return a(a, b), emit


@intrinsic
def divide(typingctx, a, b):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Divide lane by lane."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.fdiv(*args)

    return a(a, b), emit


@intrinsic
def subtract(typingctx, a, b):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Subtract lane by lane."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.fsub(*args)

    return a(a, b), emit


@intrinsic
def fill_nodes(typingctx, scalar):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Return the scalar in every lane of a group of nodes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return _splat(builder, args[0], NODES)

    return _NODE_LANES(types.float64), emit


@intrinsic
def node_sum(typingctx, vector):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Sum the nodes of a group as (first + second) + (third + fourth), the order of the tile kernel."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        a, b, c, d = (builder.extract_element(args[0], ir.Constant(ir.IntType(32), i)) for i in range(NODES))
        return builder.fadd(builder.fadd(a, b), builder.fadd(c, d))

    return types.float64(_NODE_LANES), emit


@intrinsic
def repeat_nodes(typingctx, values, at):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Load a group of quadrature nodes from values[at:] and repeat it through a tile's lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        nodes = builder.load(_pointer(context, builder, signature, args, NODES), align=8)
        return _shuffled(builder, nodes, [lane % NODES for lane in range(ROWS)])

    return _ROW_LANES(values, types.intp), emit


@intrinsic
def node_sums(typingctx, vector):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Sum each group of nodes in a tile's lanes, in the order of `node_sum`; one lane a group."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        groups = range(0, ROWS, NODES)
        a, b, c, d = (_shuffled(builder, args[0], [group + i for group in groups]) for i in range(NODES))
        return builder.fadd(builder.fadd(a, b), builder.fadd(c, d))

    return _NODE_LANES(_ROW_LANES), emit


@intrinsic
def zero_nodes(typingctx):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Return a group of zeros."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return ir.Constant(_vector(NODES), None)

    return _NODE_LANES(), emit


@intrinsic
def zero_rows(typingctx):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Return zeros for a tile's rows."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return ir.Constant(_vector(ROWS), None)

    return _ROW_LANES(), emit


@intrinsic
def fill_rows(typingctx, scalar):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Return the scalar in every lane of a tile's rows."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return _splat(builder, args[0], ROWS)

    return _ROW_LANES(types.float64), emit


@intrinsic
def choose(typingctx, mask, a, b):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Take `a` in the lanes whose bit of the mask is set, `b` in the others."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.select(_bits(builder, args[0], ROWS), args[1], args[2])

    return _ROW_LANES(types.int64, _ROW_LANES, _ROW_LANES), emit


@intrinsic
def at_most(typingctx, vector, scalar):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Return the mask of lanes that are at most the scalar; NaN is not."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        found = builder.fcmp_ordered("<=", args[0], _splat(builder, args[1], ROWS))
        return _mask(builder, found, ROWS)

    return types.int64(_ROW_LANES, types.float64), emit


@intrinsic
def is_nan(typingctx, vector):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Return the mask of lanes that are NaN."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return _mask(builder, builder.fcmp_unordered("uno", args[0], args[0]), ROWS)

    return types.int64(_ROW_LANES), emit
