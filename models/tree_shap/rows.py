"""A single row down and up the trees, with the quadrature nodes as lanes and without a branch per split.

It adds the same numbers in the same order as the tiles of `batches`, so that a row has the same bits alone
or among others: quadrature node i in lane i modulo 4, lanes as (0 + 1) + (2 + 3), splits of a tree last to
first, trees first to last. fastmath stays off: it would allow another order, and would make every isnan
false.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.kernel import compiled
from models.tree_shap.decisions import in_categories, number_goes_left
from models.tree_shap.program import (
    AT,
    CLASS,
    COLD_GAIN,
    COLUMN,
    FIRST_LEAF,
    FIRST_SPLIT,
    FLAGS,
    LEFT,
    NODES,
    OWN_SHARE,
    PARENT,
    QUADRATURE,
    REST,
    RIGHT,
    SHARE,
    TREE_NODES,
    UPPER,
    VALUE,
    WEIGHT,
    WORD,
    WORDS,
    Program,
)
from models.tree_shap.vectors import (
    add,
    divide,
    fill_nodes,
    load_nodes,
    multiply,
    node_sum,
    store_nodes,
    subtract,
    zero_nodes,
)

Floats = NDArray[np.float64]


class RowScratch(NamedTuple):
    """Room for one row: states by edge, products by edge; of the hot edge of each split 1 / factor and its
    gain."""

    states: NDArray[np.int64]
    products: Floats
    inverses: Floats
    gains: Floats


@compiled(error_model="numpy", forceinline=True)
def factor(share, hot, points, nodes, q):  # type: ignore[no-untyped-def]
    """Return share (1 - t) + hot t: `hot` is 1, 0 for a cold edge, or the share itself where cold above."""
    rest, at = load_nodes(points, REST * nodes + q), load_nodes(points, AT * nodes + q)
    return add(multiply(rest, fill_nodes(share)), multiply(at, fill_nodes(hot)))


@compiled(error_model="numpy", forceinline=True)
def scaled(edge, inverse_above, value):  # type: ignore[no-untyped-def]
    """Return an edge's factor in place of the one above, times the value of its leaf."""
    return multiply(multiply(edge, inverse_above), fill_nodes(value))


@compiled(error_model="numpy", nogil=True)
def rows_one_by_one(program: Program, X, out, scratch: RowScratch):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes x features), row after row of one tree after the other."""
    out[:] = 0.0
    for tree in range(len(program.trees) - 1):
        nodes = program.trees[tree, TREE_NODES]
        for row in range(X.shape[0]):
            # Nearly every tree needs one group of nodes: with their number known, a step is half as long.
            if nodes == NODES:
                _one_tree(program, X, out, scratch, (tree, row, NODES))
            else:
                _one_tree(program, X, out, scratch, (tree, row, nodes))


@compiled(error_model="numpy", forceinline=True)
def _one_tree(program: Program, X, out, scratch: RowScratch, at):  # type: ignore[no-untyped-def]
    """Take a row down and up one tree, adding to its sums by feature."""
    trees, splits, thresholds, _, _, quadratures, words, _ = program
    states, products, inverses, gains = scratch
    tree, row, nodes = at
    first, count = trees[tree, FIRST_SPLIT], trees[tree + 1, FIRST_SPLIT] - trees[tree, FIRST_SPLIT]
    points, phi = quadratures[trees[tree, QUADRATURE] :], trees[tree, CLASS] * X.shape[1]
    for q in range(0, nodes, NODES):
        store_nodes(products, q, load_nodes(points, WEIGHT * nodes + q))
        store_nodes(inverses, q, fill_nodes(1.0))
        store_nodes(gains, q, zero_nodes())
    states[0] = 1
    for s in range(count):
        split = first + s
        value = X[row, splits[split, COLUMN]]
        if splits[split, WORDS] < 0:
            left = np.int64(number_goes_left(value, thresholds[split], splits[split, FLAGS]))
        else:
            left = np.int64(in_categories(value, words, splits[split, WORD], splits[split, WORDS]))
        alive = states[splits[split, UPPER]]
        states[2 * s + 2], states[2 * s + 3] = alive & left, alive & (1 - left)
        _down(program, (points, nodes), scratch, (split, s, left, alive))
    for s in range(count - 1, -1, -1):
        state = states[2 * s + 2], states[2 * s + 3]
        gain = _up(program, (points, nodes), scratch, (first + s, s), state)
        out[row, phi + splits[first + s, COLUMN]] += gain


@compiled(error_model="numpy", forceinline=True)
def _down(program: Program, quadrature, scratch: RowScratch, at):  # type: ignore[no-untyped-def]
    """Multiply a split's product down both its edges; a leaf's value is part of its edge's factor."""
    splits, shares, (points, nodes), (split, s, left, alive) = program.splits, program.shares, quadrature, at
    _, products, inverses, gains = scratch
    taken, other, of = 1 - left, left, SHARE if alive else OWN_SHARE
    share, other_share = shares[split, of + taken], shares[split, of + other]
    hot, other_hot = (1.0, 0.0) if alive else (share, other_share)
    above, here = (splits[split, UPPER] >> 1) * nodes if alive else 0, (s + 1) * nodes
    source, below = splits[split, PARENT] * nodes, (2 * s + 1) * nodes
    for q in range(0, nodes, NODES):
        product, inverse_above = load_nodes(products, source + q), load_nodes(inverses, above + q)
        edge = factor(share, hot, points, nodes, q)
        inverse = divide(fill_nodes(1.0), edge)
        store_nodes(inverses, here + q, inverse)
        store_nodes(gains, here + q, multiply(inverse, fill_nodes(hot - share)))
        edge = scaled(edge, inverse_above, shares[split, VALUE + taken])
        rest = scaled(
            factor(other_share, other_hot, points, nodes, q), inverse_above, shares[split, VALUE + other]
        )
        store_nodes(products, below + taken * nodes + q, multiply(product, edge))
        store_nodes(products, below + other * nodes + q, multiply(product, rest))


@compiled(error_model="numpy", forceinline=True)
def _up(program: Program, quadrature, scratch: RowScratch, at, state):  # type: ignore[no-untyped-def]
    """Sum the leaves of both edges into the edge above, and return what the split gives to its feature."""
    splits, (points, nodes), (split, s) = program.splits, quadrature, at
    products, gains = scratch.products, scratch.gains
    taken, alive = state[1], state[0] | state[1]
    above, here = (splits[split, UPPER] >> 1) * nodes if alive else 0, (s + 1) * nodes
    target, below = splits[split, PARENT] * nodes, (2 * s + 1) * nodes
    total = zero_nodes()
    for q in range(0, nodes, NODES):
        gain_above = load_nodes(gains, above + q)
        hot = subtract(load_nodes(gains, here + q), gain_above)
        cold = multiply(load_nodes(points, COLD_GAIN * nodes + q), fill_nodes(np.float64(alive)))
        warm_sum = load_nodes(products, below + taken * nodes + q)
        cold_sum = load_nodes(products, below + (1 - taken) * nodes + q)
        store_nodes(products, target + q, add(warm_sum, cold_sum))
        gain = add(multiply(warm_sum, hot), multiply(cold_sum, subtract(cold, gain_above)))
        total = add(total, gain)
    return node_sum(total)


@compiled(error_model="numpy", nogil=True)
def leaf_sums(program: Program, X, out):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes) with the sums of the leaves that rows fall into."""
    trees, splits, thresholds, _, _, _, words, leaves = program
    for row in range(X.shape[0]):
        for tree in range(len(trees) - 1):
            first = trees[tree, FIRST_SPLIT]
            node = np.int64(0 if trees[tree + 1, FIRST_SPLIT] > first else -1)
            while node >= 0:
                split = first + node
                value = X[row, splits[split, COLUMN]]
                if splits[split, WORDS] < 0:
                    left = number_goes_left(value, thresholds[split], splits[split, FLAGS])
                else:
                    left = in_categories(value, words, splits[split, WORD], splits[split, WORDS])
                node = np.int64(splits[split, LEFT] if left else splits[split, RIGHT])
            out[row, trees[tree, CLASS]] += leaves[trees[tree, FIRST_LEAF] + ~node]
