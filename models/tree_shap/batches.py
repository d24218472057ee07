"""Batches of rows down and up the trees, in tiles whose rows are the lanes.

A tree's factors are worked out once for a block of rows, by the very functions of the single row, and then picked per
row by the state it has at a split. See `rows` for the order of sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.tree_shap.decisions import goes_left
from models.tree_shap.program import (
    CLASS,
    COLD_GAIN,
    COLUMN,
    DEPTH,
    FINISH,
    FIRST_SPLIT,
    FIRST_STEP,
    FLAGS,
    KIND,
    LEFT_IS_LEAF,
    NAN_LEFT,
    NODES,
    OWN_SHARE,
    QUADRATURE,
    RIGHT_IS_LEAF,
    SHARE,
    SIDE,
    SPLIT,
    TREE_NODES,
    UPPER,
    VALUE,
    WEIGHT,
    WORDS,
    ZERO_MISSING,
    Program,
)
from models.tree_shap.rows import factor, scaled
from models.tree_shap.vectors import (
    ROWS,
    add,
    at_most,
    choose,
    divide,
    fill_nodes,
    fill_rows,
    is_nan,
    load_nodes,
    load_rows,
    multiply,
    store_nodes,
    store_rows,
    subtract,
    zero_nodes,
    zero_rows,
)

Floats = NDArray[np.float64]

BLOCK = 128
"""Rows of a block: for so many a tree's factors are worked out once."""
ALL_ROWS = (1 << ROWS) - 1
GOES_LEFT, GOES_RIGHT, COLD_ABOVE = 0, 1, 2
LEFT_FACTOR, RIGHT_FACTOR, LEFT_GAIN, RIGHT_GAIN = 0, 1, 2, 3
TABLE_ROWS = 4


class BatchScratch(NamedTuple):
    """Room for one block: columns and sums by tile, and for one tile masks, products, sums; a tree's factors."""

    x: Floats
    phi: Floats
    masks: NDArray[np.int64]
    down: Floats
    up: Floats
    tables: Floats
    inverses: Floats
    gains: Floats


@njit(cache=True, error_model="numpy", nogil=True)
def blocks(program: Program, X, out, scratch: BatchScratch):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes x features), a block of rows at a time; the last tile may be part filled."""
    trees, steps, splits = program.trees, program.steps, program.splits
    x, phi, masks, down, up, tables, _, _ = scratch
    features, width = X.shape[1], out.shape[1]
    for start in range(0, X.shape[0], BLOCK):
        count = min(BLOCK, X.shape[0] - start)
        n_tiles = (count + ROWS - 1) // ROWS
        _transpose(X, start, count, x)
        phi[: n_tiles * width * ROWS] = 0.0
        for tree in range(len(trees) - 1):
            nodes = trees[tree, TREE_NODES]
            weights = _tree_tables(program, tree, scratch)
            for q in range(nodes):
                store_rows(down, q * ROWS, fill_rows(program.quadratures[weights + q]))
            for tile in range(n_tiles):
                _tile_masks(program, tree, x[tile * features * ROWS :], masks)
                at = (tile * width + trees[tree, CLASS] * features) * ROWS
                first = trees[tree, FIRST_SPLIT]
                span = trees[tree, FIRST_STEP], trees[tree + 1, FIRST_STEP]
                _tile(splits, steps, tables, masks, down, up, phi, at, first, span, nodes)
        for row in range(count):
            for column in range(width):
                out[start + row, column] = phi[(row // ROWS * width + column) * ROWS + row % ROWS]


@njit(cache=True, error_model="numpy")
def _transpose(X, start, count, x):  # type: ignore[no-untyped-def]
    """Lay rows out as tiles of columns; a part-filled tile repeats the last row."""
    for row in range((count + ROWS - 1) // ROWS * ROWS):
        source, at = start + min(row, count - 1), row // ROWS * X.shape[1] * ROWS + row % ROWS
        for feature in range(X.shape[1]):
            x[at + feature * ROWS] = X[source, feature]


@njit(cache=True, error_model="numpy")
def _tree_tables(program: Program, tree, scratch: BatchScratch):  # type: ignore[no-untyped-def]
    """Work out a tree's factors and gains by split, state, table row and node; return where its weights are."""
    splits, shares, tables = program.splits, program.shares, scratch.tables
    first, nodes = program.trees[tree, FIRST_SPLIT], program.trees[tree, TREE_NODES]
    points = program.quadratures[program.trees[tree, QUADRATURE] :]
    for q in range(0, nodes, NODES):
        store_nodes(scratch.inverses, q, fill_nodes(1.0))
        store_nodes(scratch.gains, q, zero_nodes())
    for s in range(program.trees[tree + 1, FIRST_SPLIT] - first):
        above, at = splits[first + s, UPPER], s * 3 * TABLE_ROWS * nodes
        for taken in range(2):
            _state_table(shares[first + s], points, nodes, (at, above, 2 * s + 2, taken), scratch)
        for side in range(2):
            own, value = shares[first + s, OWN_SHARE + side], shares[first + s, VALUE + side]
            row = at + (COLD_ABOVE * TABLE_ROWS + side) * nodes
            for q in range(0, nodes, NODES):
                null = scaled(factor(own, own, points, nodes, q), fill_nodes(1.0), value)
                store_nodes(tables, row + q, null)
    return program.trees[tree, QUADRATURE] + WEIGHT * nodes


@njit(cache=True, error_model="numpy", forceinline=True)
def _state_table(shares, points, nodes, where, scratch: BatchScratch):  # type: ignore[no-untyped-def]
    """Work out factors and gains of both edges of a split for rows that take one of them."""
    at, above, edge, taken = where
    tables, other = scratch.tables, 1 - taken
    row, here = at + taken * TABLE_ROWS * nodes, (edge + taken) * nodes
    for q in range(0, nodes, NODES):
        inverse_above = load_nodes(scratch.inverses, above * nodes + q)
        gain_above = load_nodes(scratch.gains, above * nodes + q)
        hot = factor(shares[SHARE + taken], 1.0, points, nodes, q)
        cold = factor(shares[SHARE + other], 0.0, points, nodes, q)
        inverse = divide(fill_nodes(1.0), hot)
        gain = multiply(inverse, fill_nodes(1.0 - shares[SHARE + taken]))
        store_nodes(scratch.inverses, here + q, inverse)
        store_nodes(scratch.gains, here + q, gain)
        cold_gain = subtract(load_nodes(points, COLD_GAIN * nodes + q), gain_above)
        store_nodes(tables, row + taken * nodes + q, scaled(hot, inverse_above, shares[VALUE + taken]))
        store_nodes(tables, row + other * nodes + q, scaled(cold, inverse_above, shares[VALUE + other]))
        store_nodes(tables, row + (LEFT_GAIN + taken) * nodes + q, subtract(gain, gain_above))
        store_nodes(tables, row + (LEFT_GAIN + other) * nodes + q, cold_gain)


@njit(cache=True, error_model="numpy", forceinline=True)
def _tile_masks(program: Program, tree, x, masks):  # type: ignore[no-untyped-def]
    """Set the masks of a tree's edges: the rows that take all splits on the edge's feature so far."""
    splits, thresholds = program.splits, program.thresholds
    first = program.trees[tree, FIRST_SPLIT]
    masks[0] = ALL_ROWS
    for s in range(program.trees[tree + 1, FIRST_SPLIT] - first):
        split = first + s
        at, flags = splits[split, COLUMN] * ROWS, splits[split, FLAGS]
        if splits[split, WORDS] >= 0 or flags & ZERO_MISSING:
            left = 0
            for row in range(ROWS):
                if goes_left(x[at + row], splits, split, thresholds[split], program.words):
                    left |= 1 << row
        else:
            values = load_rows(x, at)
            left = at_most(values, thresholds[split])
            if flags & NAN_LEFT:
                left |= is_nan(values)
        alive = masks[splits[split, UPPER]]
        masks[2 * s + 2], masks[2 * s + 3] = alive & left, alive & ~left


@njit(cache=True, error_model="numpy")
def _tile(splits, steps, tables, masks, down, up, phi, column, first, span, nodes):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Take a tile down and up one tree."""
    for step in range(span[0], span[1]):
        kind, split, depth, side = steps[step, KIND], steps[step, SPLIT], steps[step, DEPTH], steps[step, SIDE]
        at, state = split * 3 * TABLE_ROWS * nodes, (masks[2 * split + 2], masks[2 * split + 3])
        whole, stride = state[0] | state[1] == ALL_ROWS, nodes * ROWS
        if kind < FINISH:
            if whole:
                _enter(tables, at + side * nodes, nodes, down, depth, state, True)
            else:
                _enter(tables, at + side * nodes, nodes, down, depth, state, False)
            continue
        slots = (depth * stride, 2 * (depth + 1) * stride, (2 * depth + side) * stride)
        if whole:
            gain = _finish_whole(tables, at, nodes, down, up, slots, state, kind >> 1)
        else:
            gain = _finish_part(tables, at, nodes, down, up, slots, state, kind >> 1)
        target = column + splits[first + split, COLUMN] * ROWS
        store_rows(phi, target, add(load_rows(phi, target), gain))


@njit(cache=True, error_model="numpy", forceinline=True)
def _pick(tables, at, state, masks, whole):  # type: ignore[no-untyped-def]
    """Take each row's entry of a split's table by the row's state; `whole` promises that no row is cold above."""
    left, right = masks
    entry = choose(left, fill_rows(tables[at]), fill_rows(tables[at + state]))
    if whole:
        return entry
    return choose(left | right, entry, fill_rows(tables[at + 2 * state]))


@njit(cache=True, error_model="numpy", forceinline=True)
def _enter(tables, at, nodes, down, depth, masks, whole):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Multiply products down one edge that leads to a split."""
    above = depth * nodes * ROWS
    below = above + nodes * ROWS
    for q in range(nodes):
        factor = _pick(tables, at + q, TABLE_ROWS * nodes, masks, whole)
        store_rows(down, below + q * ROWS, multiply(load_rows(down, above + q * ROWS), factor))


@njit(cache=True, error_model="numpy", forceinline=True)
def _total(tables, at, nodes, values, slot, masks, whole, is_leaf):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Return the sum of the leaves below one edge: a leaf's own, or what its split left behind."""
    if is_leaf:
        return multiply(load_rows(values, slot), _pick(tables, at, TABLE_ROWS * nodes, masks, whole))
    return load_rows(values, slot)


@njit(cache=True, error_model="numpy", forceinline=True)
def _node(tables, at, nodes, down, up, slots, masks, whole, leaves, q):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Sum both edges at one quadrature node, hand the sum up and return its gain."""
    product, below, above = slots
    left = _total(
        tables, at + q, nodes, down if leaves[0] else up, (product if leaves[0] else below) + q * ROWS,
        masks, whole, leaves[0],
    )  # fmt: skip
    right = _total(
        tables, at + nodes + q, nodes, down if leaves[1] else up,
        (product if leaves[1] else below + nodes * ROWS) + q * ROWS, masks, whole, leaves[1],
    )  # fmt: skip
    store_rows(up, above + q * ROWS, add(left, right))
    state = TABLE_ROWS * nodes
    left_gain = multiply(left, _pick(tables, at + LEFT_GAIN * nodes + q, state, masks, True))
    right_gain = multiply(right, _pick(tables, at + RIGHT_GAIN * nodes + q, state, masks, True))
    return add(left_gain, right_gain)


@njit(cache=True, error_model="numpy", forceinline=True)
def _finish(tables, at, nodes, down, up, slots, masks, whole, leaves):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Finish a split: hand the sum of its leaves up and return what it gives to its feature."""
    a, b, c, d = zero_rows(), zero_rows(), zero_rows(), zero_rows()
    for q in range(0, nodes, NODES):
        a = add(a, _node(tables, at, nodes, down, up, slots, masks, whole, leaves, q))
        b = add(b, _node(tables, at, nodes, down, up, slots, masks, whole, leaves, q + 1))
        c = add(c, _node(tables, at, nodes, down, up, slots, masks, whole, leaves, q + 2))
        d = add(d, _node(tables, at, nodes, down, up, slots, masks, whole, leaves, q + 3))
    gain = add(add(a, b), add(c, d))
    if whole:
        return gain
    return choose(masks[0] | masks[1], gain, zero_rows())


@njit(cache=True, error_model="numpy", forceinline=True)
def _finish_whole(tables, at, nodes, down, up, slots, masks, leaves):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Finish a split with code of its own for each of its shapes: branches inside would spill every vector."""
    if leaves == 0:
        return _finish(tables, at, nodes, down, up, slots, masks, True, (False, False))
    if leaves == LEFT_IS_LEAF:
        return _finish(tables, at, nodes, down, up, slots, masks, True, (True, False))
    if leaves == RIGHT_IS_LEAF:
        return _finish(tables, at, nodes, down, up, slots, masks, True, (False, True))
    return _finish(tables, at, nodes, down, up, slots, masks, True, (True, True))


@njit(cache=True, error_model="numpy", forceinline=True)
def _finish_part(tables, at, nodes, down, up, slots, masks, leaves):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Finish a split where some rows are cold above."""
    if leaves == 0:
        return _finish(tables, at, nodes, down, up, slots, masks, False, (False, False))
    if leaves == LEFT_IS_LEAF:
        return _finish(tables, at, nodes, down, up, slots, masks, False, (True, False))
    if leaves == RIGHT_IS_LEAF:
        return _finish(tables, at, nodes, down, up, slots, masks, False, (False, True))
    return _finish(tables, at, nodes, down, up, slots, masks, False, (True, True))
