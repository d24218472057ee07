"""Batches of rows down and up the trees, in tiles whose rows are the lanes.

A tree's factors are worked out once for a block of rows, by the very functions of the single row, and then
picked per row by the state it has at a split. See `rows` for the order of sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.kernel import compiled
from models.tree_shap.decisions import in_categories, number_goes_left
from models.tree_shap.program import (
    CLASS,
    COLD_GAIN,
    COLUMN,
    FINISH,
    FIRST_SPLIT,
    FIRST_STEP,
    FLAGS,
    KIND,
    NAN_LEFT,
    NODES,
    OWN_SHARE,
    QUADRATURE,
    SHARE,
    SOURCE,
    SPLIT,
    TARGET,
    TREE_NODES,
    UPPER,
    VALUE,
    WEIGHT,
    WORD,
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
COLD_ABOVE = 2
LEFT_GAIN, RIGHT_GAIN = 2, 3
STATES, TABLE_ROWS = 3, 4


class BatchScratch(NamedTuple):
    """Room for one block: columns and sums by tile; for one tile masks by edge, products and sums by slot;
    for one tree factors and gains by split and state, and of hot edges 1 / factor and gain."""

    x: Floats
    phi: Floats
    masks: NDArray[np.int64]
    values: Floats
    tables: Floats
    inverses: Floats
    gains: Floats


@compiled(error_model="numpy", nogil=True)
def blocks(program: Program, X, out, scratch: BatchScratch):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes x features), a block of rows at a time; the last tile may be part filled."""
    phi, features, width = scratch.phi, X.shape[1], out.shape[1]
    for start in range(0, X.shape[0], BLOCK):
        count = min(BLOCK, X.shape[0] - start)
        n_tiles = (count + ROWS - 1) // ROWS
        _transpose(X, start, count, scratch.x)
        phi[: n_tiles * width * ROWS] = 0.0
        for tree in range(len(program.trees) - 1):
            tree_tables(program, tree, program.trees[tree, TREE_NODES], scratch)
            for tile in range(n_tiles):
                tile_masks(program, tree, scratch.x[tile * features * ROWS :], scratch.masks, 1)
                at = (tile * width + program.trees[tree, CLASS] * features) * ROWS
                _tile(program, tree, scratch, phi[at:])
        for row in range(count):
            for column in range(width):
                out[start + row, column] = phi[(row // ROWS * width + column) * ROWS + row % ROWS]


@compiled(error_model="numpy")
def _transpose(X, start, count, x):  # type: ignore[no-untyped-def]
    """Lay rows out as tiles of columns; a part-filled tile repeats the last row."""
    for row in range((count + ROWS - 1) // ROWS * ROWS):
        source, at = start + min(row, count - 1), row // ROWS * X.shape[1] * ROWS + row % ROWS
        for feature in range(X.shape[1]):
            x[at + feature * ROWS] = X[source, feature]


@compiled(error_model="numpy", forceinline=True)
def tree_tables(program: Program, tree, nodes, scratch: BatchScratch):  # type: ignore[no-untyped-def]
    """Work out the factors and gains of a tree of so many nodes by split, state, table row and node."""
    splits, shares, tables = program.splits, program.shares, scratch.tables
    first = program.trees[tree, FIRST_SPLIT]
    points = program.quadratures[program.trees[tree, QUADRATURE] :]
    for q in range(0, nodes, NODES):
        store_nodes(scratch.inverses, q, fill_nodes(1.0))
        store_nodes(scratch.gains, q, zero_nodes())
    for s in range(program.trees[tree + 1, FIRST_SPLIT] - first):
        above, at = splits[first + s, UPPER], s * STATES * TABLE_ROWS * nodes
        for taken in range(2):
            _state_table(shares[first + s], points, nodes, (at, above, 2 * s + 2, taken), scratch)
        for side in range(2):
            own, value = shares[first + s, OWN_SHARE + side], shares[first + s, VALUE + side]
            row = at + (COLD_ABOVE * TABLE_ROWS + side) * nodes
            for q in range(0, nodes, NODES):
                null = scaled(factor(own, own, points, nodes, q), fill_nodes(1.0), value)
                store_nodes(tables, row + q, null)


@compiled(error_model="numpy", forceinline=True)
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


@compiled(error_model="numpy", forceinline=True)
def tile_masks(program: Program, tree, x, masks, lanes):  # type: ignore[no-untyped-def]
    """Set the masks of a tree's edges: the rows that take all splits on the edge's feature so far.

    Each row has so many `lanes`.
    """
    splits, thresholds = program.splits, program.thresholds
    first = program.trees[tree, FIRST_SPLIT]
    masks[0] = ALL_ROWS
    for s in range(program.trees[tree + 1, FIRST_SPLIT] - first):
        split = first + s
        at, flags = splits[split, COLUMN] * ROWS, splits[split, FLAGS]
        if splits[split, WORDS] < 0 and not flags & ZERO_MISSING:
            values = load_rows(x, at)
            left = at_most(values, thresholds[split])
            if flags & NAN_LEFT:
                left |= is_nan(values)
        else:
            left = _one_by_one(program, split, x[at : at + ROWS], lanes)
        alive = masks[splits[split, UPPER]]
        masks[2 * s + 2], masks[2 * s + 3] = alive & left, alive & ~left


@compiled(error_model="numpy")
def _one_by_one(program: Program, split, values, lanes):  # type: ignore[no-untyped-def]
    """Return the mask of rows that go left at a split on categories or with zero missing."""
    splits, left, all_lanes = program.splits, 0, (1 << lanes) - 1
    for row in range(0, ROWS, lanes):
        if splits[split, WORDS] < 0:
            goes = number_goes_left(values[row], program.thresholds[split], splits[split, FLAGS])
        else:
            goes = in_categories(values[row], program.words, splits[split, WORD], splits[split, WORDS])
        if goes:
            left |= all_lanes << row
    return left


@compiled(error_model="numpy")
def _tile(program: Program, tree, scratch: BatchScratch, phi):  # type: ignore[no-untyped-def]
    """Take a tile down and up one tree, adding to its sums `phi` by feature."""
    trees, splits, steps = program.trees, program.splits, program.steps
    values, tables, masks = scratch.values, scratch.tables, scratch.masks
    first, nodes = trees[tree, FIRST_SPLIT], trees[tree, TREE_NODES]
    weights, stride, state_size = trees[tree, QUADRATURE] + WEIGHT * nodes, nodes * ROWS, TABLE_ROWS * nodes
    for q in range(nodes):
        store_rows(values, q * ROWS, fill_rows(program.quadratures[weights + q]))
    for step in range(trees[tree, FIRST_STEP], trees[tree + 1, FIRST_STEP]):
        kind, split = steps[step, KIND], steps[step, SPLIT]
        source, target = steps[step, SOURCE] * stride, steps[step, TARGET] * stride
        at, left, right = split * STATES * state_size, masks[2 * split + 2], masks[2 * split + 3]
        if kind == FINISH:
            gain = _finish(tables, (at, nodes), values, source, target, left)
            gain = choose(left | right, gain, zero_rows())
            column = splits[first + split, COLUMN] * ROWS
            store_rows(phi, column, add(load_rows(phi, column), gain))
        elif left | right == ALL_ROWS:
            _enter(tables, (at + kind * nodes, nodes), values, source, target, left)
        else:
            _enter_part(tables, (at + kind * nodes, nodes), values, source, target, (left, left | right))


@compiled(error_model="numpy", forceinline=True)
def _pick(tables, at, state_size, left):  # type: ignore[no-untyped-def]
    """Take an entry of a split's table for the rows that go left, or for those that go right."""
    return choose(left, fill_rows(tables[at]), fill_rows(tables[at + state_size]))


@compiled(error_model="numpy", forceinline=True)
def _enter(tables, where, values, source, target, left):  # type: ignore[no-untyped-def]
    """Multiply products down one edge, where no row is cold above."""
    at, nodes = where
    for q in range(nodes):
        edge = _pick(tables, at + q, TABLE_ROWS * nodes, left)
        store_rows(values, target + q * ROWS, multiply(load_rows(values, source + q * ROWS), edge))


@compiled(error_model="numpy", forceinline=True)
def _enter_part(tables, where, values, source, target, rows):  # type: ignore[no-untyped-def]
    """Multiply products down one edge, where only some rows are not cold above."""
    at, nodes = where
    left, alive = rows
    for q in range(nodes):
        null = fill_rows(tables[at + COLD_ABOVE * TABLE_ROWS * nodes + q])
        edge = choose(alive, _pick(tables, at + q, TABLE_ROWS * nodes, left), null)
        store_rows(values, target + q * ROWS, multiply(load_rows(values, source + q * ROWS), edge))


@compiled(error_model="numpy", forceinline=True)
def _finish(tables, where, values, source, target, left):  # type: ignore[no-untyped-def]
    """Hand the sum of both edges up and return what the split gives to its feature."""
    at, nodes = where
    a, b, c, d = zero_rows(), zero_rows(), zero_rows(), zero_rows()
    for q in range(0, nodes, NODES):
        a = add(a, _node(tables, (at + q, nodes), values, source + q * ROWS, target + q * ROWS, left))
        q1, q2, q3 = q + 1, q + 2, q + 3
        b = add(b, _node(tables, (at + q1, nodes), values, source + q1 * ROWS, target + q1 * ROWS, left))
        c = add(c, _node(tables, (at + q2, nodes), values, source + q2 * ROWS, target + q2 * ROWS, left))
        d = add(d, _node(tables, (at + q3, nodes), values, source + q3 * ROWS, target + q3 * ROWS, left))
    return add(add(a, b), add(c, d))


@compiled(error_model="numpy", forceinline=True)
def _node(tables, where, values, source, target, left):  # type: ignore[no-untyped-def]
    """Do so for one quadrature node."""
    at, nodes = where
    left_sum, right_sum = load_rows(values, source), load_rows(values, source + nodes * ROWS)
    store_rows(values, target, add(left_sum, right_sum))
    left_gain = multiply(left_sum, _pick(tables, at + LEFT_GAIN * nodes, TABLE_ROWS * nodes, left))
    right_gain = multiply(right_sum, _pick(tables, at + RIGHT_GAIN * nodes, TABLE_ROWS * nodes, left))
    return add(left_gain, right_gain)
