"""Down and up the trees, in numba: tiles of rows for batches, groups of quadrature nodes for a single row.

Both add the same numbers in the same order, so that a row has the same bits alone or among others: quadrature node i
in lane i modulo 4, lanes as (0 + 1) + (2 + 3), splits of a tree last to first, trees first to last. fastmath stays
off: it would allow another order, and would make every isnan false.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.tree_shap.program import (
    CLASS,
    COLD_ABOVE,
    COLUMN,
    DEFAULT,
    DEPTH,
    FINISH,
    FIRST_LEAF,
    FIRST_SPLIT,
    FIRST_STEP,
    GOES_LEFT,
    GOES_RIGHT,
    KIND,
    LEFT,
    LEFT_FACTOR,
    LEFT_GAIN,
    LEFT_IS_LEAF,
    NAN_LEFT,
    NODES,
    PARENT,
    PHI,
    RIGHT,
    RIGHT_FACTOR,
    RIGHT_GAIN,
    RIGHT_IS_LEAF,
    SIDE,
    SPLIT,
    TABLE,
    TABLE_ROWS,
    TREE_NODES,
    UPPER,
    UPPER_SIDE,
    WEIGHTS,
    WORD,
    WORDS,
    ZERO_MISSING,
    Program,
)
from models.tree_shap.vectors import (
    ROWS,
    add,
    at_most,
    choose,
    fill_rows,
    is_nan,
    load_nodes,
    load_rows,
    multiply,
    node_sum,
    store_nodes,
    store_rows,
    zero_nodes,
    zero_rows,
)

Floats = NDArray[np.float64]

ALL_ROWS = (1 << ROWS) - 1
ZERO = float(np.float32(1e-35))
"""What LightGBM takes for zero, either side of it."""
LARGEST_CATEGORY = float(2**31)


class Scratch(NamedTuple):
    """Room for one walk: the row or tile, sums by feature, states of splits, products and sums."""

    x: Floats
    phi: Floats
    states: NDArray[np.int64]
    down: Floats
    up: Floats


@njit(cache=True, error_model="numpy")
def in_categories(value, words, at, length):  # type: ignore[no-untyped-def]
    """Say whether a category is in the bit set words[at : at + length]; NaN, negative and unseen are not."""
    if not (-1.0 < value < LARGEST_CATEGORY):
        return False
    category = int(value)
    word = category >> 5
    return word < length and (words[at + word] >> (category & 31)) & 1 == 1


@njit(cache=True, error_model="numpy", forceinline=True)
def goes_left(value, splits, split, threshold, words):  # type: ignore[no-untyped-def]
    """Decide a split for one value as LightGBM does."""
    if splits[split, WORDS] >= 0:
        return in_categories(value, words, splits[split, WORD], splits[split, WORDS])
    if splits[split, ZERO_MISSING] == 1 and -ZERO <= value <= ZERO:
        return splits[split, DEFAULT] == 1
    return (value <= threshold) | (np.isnan(value) & (splits[split, NAN_LEFT] == 1))


@njit(cache=True, error_model="numpy", nogil=True)
def rows_one_by_one(program: Program, X, out, scratch: Scratch):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes x features), one row at a time, with the quadrature nodes as lanes."""
    trees, splits, thresholds, _, tables, words, _ = program
    _, phi, states, values, _ = scratch
    for row in range(X.shape[0]):
        phi[:] = 0.0
        for tree in range(len(trees) - 1):
            first, count = trees[tree, FIRST_SPLIT], trees[tree + 1, FIRST_SPLIT] - trees[tree, FIRST_SPLIT]
            nodes = trees[tree, TREE_NODES]
            _row_states(X[row], splits, thresholds, words, states, first, count)
            for q in range(0, nodes, NODES):
                store_nodes(values, q, load_nodes(tables, trees[tree, WEIGHTS] + q))
            _row_down(splits, tables, states, values, first, count, nodes)
            _row_up(splits, tables, states, values, phi, first, count, nodes)
        out[row] = phi


@njit(cache=True, error_model="numpy", forceinline=True)
def _row_states(x, splits, thresholds, words, states, first, count):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Set the state of each split of a tree; states[0] stands above all and goes left."""
    states[0] = GOES_LEFT
    for s in range(count):
        split = first + s
        left = goes_left(x[splits[split, COLUMN]], splits, split, thresholds[split], words)
        alive = states[splits[split, UPPER]] == splits[split, UPPER_SIDE]
        states[s + 1] = (GOES_LEFT if left else GOES_RIGHT) if alive else COLD_ABOVE


@njit(cache=True, error_model="numpy", forceinline=True)
def _row_down(splits, tables, states, values, first, count, nodes):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Multiply products down the edges; a leaf's value is part of its edge's factor."""
    for s in range(count):
        table = splits[first + s, TABLE] + states[s + 1] * TABLE_ROWS * nodes
        above, below = splits[first + s, PARENT] * nodes, (1 + 2 * s) * nodes
        for q in range(0, nodes, NODES):
            product = load_nodes(values, above + q)
            left = multiply(product, load_nodes(tables, table + LEFT_FACTOR * nodes + q))
            right = multiply(product, load_nodes(tables, table + RIGHT_FACTOR * nodes + q))
            store_nodes(values, below + q, left)
            store_nodes(values, below + nodes + q, right)


@njit(cache=True, error_model="numpy", forceinline=True)
def _row_up(splits, tables, states, values, phi, first, count, nodes):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Sum the leaves up the edges, and add what each split gives to its feature."""
    for s in range(count - 1, -1, -1):
        table = splits[first + s, TABLE] + states[s + 1] * TABLE_ROWS * nodes
        above, below = splits[first + s, PARENT] * nodes, (1 + 2 * s) * nodes
        gain = zero_nodes()
        for q in range(0, nodes, NODES):
            left, right = load_nodes(values, below + q), load_nodes(values, below + nodes + q)
            left_gain = multiply(left, load_nodes(tables, table + LEFT_GAIN * nodes + q))
            right_gain = multiply(right, load_nodes(tables, table + RIGHT_GAIN * nodes + q))
            gain = add(gain, add(left_gain, right_gain))
            store_nodes(values, above + q, add(left, right))
        phi[splits[first + s, PHI]] += node_sum(gain)


@njit(cache=True, error_model="numpy", nogil=True)
def tiles(program: Program, X, out, scratch: Scratch):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes x features), a tile of rows at a time; the last tile may be part filled."""
    trees, splits, thresholds, steps, tables, words, _ = program
    x, phi, states, down, up = scratch
    for start in range(0, X.shape[0], ROWS):
        count = min(ROWS, X.shape[0] - start)
        for feature in range(X.shape[1]):
            for row in range(ROWS):
                x[feature * ROWS + row] = X[start + min(row, count - 1), feature]
        phi[:] = 0.0
        for tree in range(len(trees) - 1):
            first, nodes = trees[tree, FIRST_SPLIT], trees[tree, TREE_NODES]
            _tile_states(x, splits, thresholds, words, states, first, trees[tree + 1, FIRST_SPLIT] - first)
            for q in range(nodes):
                store_rows(down, q * ROWS, fill_rows(tables[trees[tree, WEIGHTS] + q]))
            for step in range(trees[tree, FIRST_STEP], trees[tree + 1, FIRST_STEP]):
                kind, split = steps[step, KIND], steps[step, SPLIT]
                depth, side = steps[step, DEPTH], steps[step, SIDE]
                at, masks = splits[first + split, TABLE], (states[2 * split + 2], states[2 * split + 3])
                whole, stride = masks[0] | masks[1] == ALL_ROWS, nodes * ROWS
                if kind < FINISH:
                    if whole:
                        _enter(tables, at + side * nodes, nodes, down, depth, masks, True)
                    else:
                        _enter(tables, at + side * nodes, nodes, down, depth, masks, False)
                    continue
                slots = (depth * stride, 2 * (depth + 1) * stride, (2 * depth + side) * stride)
                if whole:
                    gain = _finish_whole(tables, at, nodes, down, up, slots, masks, kind >> 2)
                else:
                    gain = _finish_part(tables, at, nodes, down, up, slots, masks, kind >> 2)
                target = splits[first + split, PHI] * ROWS
                store_rows(phi, target, add(load_rows(phi, target), gain))
        for row in range(count):
            for column in range(out.shape[1]):
                out[start + row, column] = phi[column * ROWS + row]


@njit(cache=True, error_model="numpy", forceinline=True)
def _tile_states(x, splits, thresholds, words, states, first, count):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    """Set two masks for each split of a tree: rows that go left hot, and rows that go right hot."""
    states[0], states[1] = ALL_ROWS, ALL_ROWS
    for s in range(count):
        split = first + s
        at = splits[split, COLUMN] * ROWS
        if splits[split, WORDS] >= 0 or splits[split, ZERO_MISSING] == 1:
            left = 0
            for row in range(ROWS):
                if goes_left(x[at + row], splits, split, thresholds[split], words):
                    left |= 1 << row
        else:
            values = load_rows(x, at)
            left = at_most(values, thresholds[split])
            if splits[split, NAN_LEFT] == 1:
                left |= is_nan(values)
        alive = states[2 * splits[split, UPPER] + splits[split, UPPER_SIDE]]
        states[2 * s + 2], states[2 * s + 3] = alive & left, alive & ~left


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


@njit(cache=True, error_model="numpy", nogil=True)
def leaf_sums(program: Program, X, out):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes) with the sums of the leaves that rows fall into."""
    trees, splits, thresholds, _, _, words, leaves = program
    for row in range(X.shape[0]):
        for tree in range(len(trees) - 1):
            first = trees[tree, FIRST_SPLIT]
            node = 0 if trees[tree + 1, FIRST_SPLIT] > first else -1
            while node >= 0:
                split = first + node
                left = goes_left(X[row, splits[split, COLUMN]], splits, split, thresholds[split], words)
                node = splits[split, LEFT] if left else splits[split, RIGHT]
            out[row, trees[tree, CLASS]] += leaves[trees[tree, FIRST_LEAF] + ~node]
