"""A few rows down and up the trees together: the lanes are the quadrature nodes of each row, side by side.

A tree's factors are worked out once for all of them as for the tiles of `batches`, and added in the order
that `rows` tells of.
"""

from __future__ import annotations

from features.kernel import compiled
from models.tree_shap.batches import (
    COLD_ABOVE,
    LEFT_GAIN,
    RIGHT_GAIN,
    STATES,
    TABLE_ROWS,
    BatchScratch,
    tile_masks,
    tree_tables,
)
from models.tree_shap.program import (
    CLASS,
    COLUMN,
    FINISH,
    FIRST_SPLIT,
    FIRST_STEP,
    KIND,
    NODES,
    QUADRATURE,
    SOURCE,
    SPLIT,
    TARGET,
    TREE_NODES,
    WEIGHT,
    Program,
)
from models.tree_shap.vectors import (
    ROWS,
    add,
    choose,
    load_nodes,
    load_rows,
    multiply,
    node_sums,
    repeat_nodes,
    store_nodes,
    store_rows,
    zero_rows,
)

FEW = ROWS // NODES
"""Rows whose nodes fill a tile's lanes."""


@compiled(error_model="numpy", nogil=True)
def few_rows(program: Program, X, out, scratch: BatchScratch):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes x features) for at most FEW rows."""
    phi, width = scratch.phi, out.shape[1]
    _lay_out(X, scratch.x)
    phi[: width * FEW] = 0.0
    for tree in range(len(program.trees) - 1):
        first, nodes = program.trees[tree, FIRST_SPLIT], program.trees[tree, TREE_NODES]
        column = program.trees[tree, CLASS] * X.shape[1]
        tile_masks(program, tree, scratch.x, scratch.masks, NODES)
        # Nearly every tree needs one group of nodes: with their number known, a step is shorter.
        if nodes == NODES:
            tree_tables(program, tree, NODES, scratch)
            _walk(program, (tree, first, NODES), scratch, phi[column * FEW :])
        else:
            tree_tables(program, tree, nodes, scratch)
            _walk(program, (tree, first, nodes), scratch, phi[column * FEW :])
    for row in range(X.shape[0]):
        for column in range(width):
            out[row, column] = phi[column * FEW + row]


@compiled(error_model="numpy")
def _lay_out(X, x):  # type: ignore[no-untyped-def]
    """Lay rows out by column, each value in all lanes of its row; the last row stands for those missing."""
    for lane in range(ROWS):
        row = min(lane // NODES, X.shape[0] - 1)
        for feature in range(X.shape[1]):
            x[feature * ROWS + lane] = X[row, feature]


@compiled(error_model="numpy", forceinline=True)
def _walk(program: Program, at, scratch: BatchScratch, phi):  # type: ignore[no-untyped-def]
    """Take the rows down and up one tree, adding to their sums `phi` by feature."""
    tree, first, nodes = at
    trees, splits, steps = program.trees, program.splits, program.steps
    values, tables, masks = scratch.values, scratch.tables, scratch.masks
    weights, stride, size = trees[tree, QUADRATURE] + WEIGHT * nodes, nodes * FEW, TABLE_ROWS * nodes
    for q in range(0, nodes, NODES):
        store_rows(values, q * FEW, repeat_nodes(program.quadratures, weights + q))
    for step in range(trees[tree, FIRST_STEP], trees[tree + 1, FIRST_STEP]):
        kind, split = steps[step, KIND], steps[step, SPLIT]
        source, target = steps[step, SOURCE] * stride, steps[step, TARGET] * stride
        table, left, right = split * STATES * size, masks[2 * split + 2], masks[2 * split + 3]
        if kind == FINISH:
            gain = _finish(tables, (table, nodes), values, source, target, left)
            gain = node_sums(choose(left | right, gain, zero_rows()))
            column = splits[first + split, COLUMN] * FEW
            store_nodes(phi, column, add(load_nodes(phi, column), gain))
        else:
            _enter(tables, (table + kind * nodes, nodes), values, source, target, (left, left | right))


@compiled(error_model="numpy", forceinline=True)
def _pick(tables, at, size, left):  # type: ignore[no-untyped-def]
    """Take a group of a split's table for the rows that go left, or for those that go right."""
    return choose(left, repeat_nodes(tables, at), repeat_nodes(tables, at + size))


@compiled(error_model="numpy", forceinline=True)
def _enter(tables, where, values, source, target, rows):  # type: ignore[no-untyped-def]
    """Multiply products down one edge."""
    at, nodes = where
    left, alive = rows
    for q in range(0, nodes, NODES):
        null = repeat_nodes(tables, at + COLD_ABOVE * TABLE_ROWS * nodes + q)
        edge = choose(alive, _pick(tables, at + q, TABLE_ROWS * nodes, left), null)
        store_rows(values, target + q * FEW, multiply(load_rows(values, source + q * FEW), edge))


@compiled(error_model="numpy", forceinline=True)
def _finish(tables, where, values, source, target, left):  # type: ignore[no-untyped-def]
    """Hand the sums of both edges up and return what the split gives to its feature, by node."""
    at, nodes = where
    size, total = TABLE_ROWS * nodes, zero_rows()
    for q in range(0, nodes, NODES):
        left_sum = load_rows(values, source + q * FEW)
        right_sum = load_rows(values, source + (nodes + q) * FEW)
        store_rows(values, target + q * FEW, add(left_sum, right_sum))
        left_gain = multiply(left_sum, _pick(tables, at + LEFT_GAIN * nodes + q, size, left))
        right_gain = multiply(right_sum, _pick(tables, at + RIGHT_GAIN * nodes + q, size, left))
        total = add(total, add(left_gain, right_gain))
    return total
