"""Down and up the trees, in numba: tiles of rows for batches, groups of quadrature nodes for a single row.

Both add the same numbers in the same order, so that a row has the same bits alone or among others: nodes are summed
in four lanes (node i in lane i modulo 4), lanes as (0 + 1) + (2 + 3), edges and trees in the program's order. fastmath
stays off: it would allow another order, and would make every isnan false.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.tree_shap.program import ALONE, FIRST, LEAF, LEAVE, Program
from models.tree_shap.vectors import (
    NODES,
    ROWS,
    add,
    at_most,
    choose,
    fill_rows,
    is_nan,
    load_nodes,
    load_rows,
    multiply,
    node_scale,
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
    """Room for one walk: products down and sums up by depth and node, masks by edge and split, sums by feature."""

    down: Floats
    up: Floats
    hot: NDArray[np.int64]
    left: NDArray[np.int64]
    phi: Floats
    x: Floats


@njit(cache=True, error_model="numpy")
def in_categories(value, words, at, length):  # type: ignore[no-untyped-def]
    """Say whether a category is in the bit set words[at : at + length]; NaN, negative and unseen are not."""
    if not (-1.0 < value < LARGEST_CATEGORY):
        return False
    category = int(value)
    word = category >> 5
    return word < length and (words[at + word] >> (category & 31)) & 1 == 1


@njit(cache=True, error_model="numpy")
def goes_left(p: Program, split, value):  # type: ignore[no-untyped-def]
    """Decide a split for one value as LightGBM does."""
    if p.split_words[split] >= 0:
        return in_categories(value, p.words, p.split_word[split], p.split_words[split])
    if np.isnan(value):
        return p.split_nan_left[split]
    if p.split_zero_missing[split] and -ZERO <= value <= ZERO:
        return p.split_default_left[split]
    return value <= p.split_threshold[split]


@njit(cache=True, error_model="numpy")
def _decide_tile(p: Program, tree, scratch: Scratch):  # type: ignore[no-untyped-def]
    """Set the mask of rows that go left, for every split of a tree."""
    x, left = scratch.x, scratch.left
    start = p.tree_split[tree]
    for split in range(start, p.tree_split[tree + 1]):
        at = p.split_feature[split] * ROWS
        if p.split_words[split] >= 0 or p.split_zero_missing[split]:
            mask = 0
            for row in range(ROWS):
                if goes_left(p, split, x[at + row]):
                    mask |= 1 << row
        else:
            values = load_rows(x, at)
            mask = at_most(values, p.split_threshold[split])
            if p.split_nan_left[split]:
                mask |= is_nan(values)
        left[split - start] = mask


@njit(cache=True, error_model="numpy")
def _factor(hot, live, tables, at, cold, null):  # type: ignore[no-untyped-def]
    """Take the hot value, the cold one, or where the edge above is cold already the null one."""
    other = fill_rows(tables[cold])
    if live != ALL_ROWS:
        other = choose(live, other, fill_rows(null))
    return choose(hot, fill_rows(tables[at]), other)


@njit(cache=True, error_model="numpy")
def _enter_tile(down, above, tables, at, nodes, masks):  # type: ignore[no-untyped-def]
    """Multiply the products of a parent by the factors of an edge."""
    hot, live, null = masks
    below = above + nodes * ROWS
    for q in range(nodes):
        factor = _factor(hot, live, tables, at + q, at + 2 * nodes + q, null)
        store_rows(down, below + q * ROWS, multiply(load_rows(down, above + q * ROWS), factor))


@njit(cache=True, error_model="numpy")
def _pass_tile(up, above, role, total):  # type: ignore[no-untyped-def]
    """Hand a sum on to the parent's."""
    if role == FIRST:
        store_rows(up, above, total)
    elif role != ALONE:
        store_rows(up, above, add(load_rows(up, above), total))


@njit(cache=True, error_model="numpy")
def _leaf_tile(scratch: Scratch, above, tables, at, nodes, masks, role):  # type: ignore[no-untyped-def]
    """Weigh a leaf at every node, hand it up and return what its edge adds to its feature."""
    hot, live, null = masks
    down, up = scratch.down, scratch.up
    a, b, c, d = zero_rows(), zero_rows(), zero_rows(), zero_rows()
    for q in range(0, nodes, NODES):
        a = add(a, _leaf_node(down, up, above, tables, at, nodes, q, hot, live, null, role))
        b = add(b, _leaf_node(down, up, above, tables, at, nodes, q + 1, hot, live, null, role))
        c = add(c, _leaf_node(down, up, above, tables, at, nodes, q + 2, hot, live, null, role))
        d = add(d, _leaf_node(down, up, above, tables, at, nodes, q + 3, hot, live, null, role))
    return add(add(a, b), add(c, d))


@njit(cache=True, error_model="numpy")
def _leaf_node(down, up, above, tables, at, nodes, q, hot, live, null, role):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    factor = _factor(hot, live, tables, at + q, at + 2 * nodes + q, null)
    total = multiply(load_rows(down, above + q * ROWS), factor)
    _pass_tile(up, above + q * ROWS, role, total)
    return multiply(total, _factor(hot, live, tables, at + nodes + q, at + 3 * nodes + q, 0.0))


@njit(cache=True, error_model="numpy")
def _leave_tile(scratch: Scratch, above, tables, at, nodes, masks, role):  # type: ignore[no-untyped-def]
    """Hand the sum below an edge up and return what the edge adds to its feature."""
    hot, live = masks
    up = scratch.up
    a, b, c, d = zero_rows(), zero_rows(), zero_rows(), zero_rows()
    for q in range(0, nodes, NODES):
        a = add(a, _leave_node(up, above, tables, at, nodes, q, hot, live, role))
        b = add(b, _leave_node(up, above, tables, at, nodes, q + 1, hot, live, role))
        c = add(c, _leave_node(up, above, tables, at, nodes, q + 2, hot, live, role))
        d = add(d, _leave_node(up, above, tables, at, nodes, q + 3, hot, live, role))
    return add(add(a, b), add(c, d))


@njit(cache=True, error_model="numpy")
def _leave_node(up, above, tables, at, nodes, q, hot, live, role):  # type: ignore[no-untyped-def]  # noqa: PLR0913
    total = load_rows(up, above + (nodes + q) * ROWS)
    _pass_tile(up, above + q * ROWS, role, total)
    return multiply(total, _factor(hot, live, tables, at + nodes + q, at + 3 * nodes + q, 0.0))


@njit(cache=True, error_model="numpy")
def tile_tree(p: Program, tree, s: Scratch):  # type: ignore[no-untyped-def]
    """Add one tree's contributions for a tile of rows."""
    _decide_tile(p, tree, s)
    nodes, first, weights = p.tree_nodes[tree], p.tree_edge[tree], p.tree_weights[tree]
    for q in range(nodes):
        store_rows(s.down, q * ROWS, fill_rows(p.weights[weights + q]))
    tables, hot, phi, stride = p.tables, s.hot, s.phi, nodes * ROWS
    for op in range(p.tree_op[tree], p.tree_op[tree + 1]):
        edge, kind = p.op_edge[op], p.op_kind[op]
        e = first + edge
        upper = p.edge_upper[e]
        live = ALL_ROWS if upper < 0 else hot[upper]
        above, at, null = (p.edge_depth[e] - 1) * stride, p.edge_table[e], p.edge_null[e]
        if kind == LEAVE:
            gain = _leave_tile(s, above, tables, at, nodes, (hot[edge], live), p.edge_role[e])
        else:
            left = s.left[p.edge_split[e]]
            hot[edge] = live & (left if p.edge_is_left[e] else ~left)
            if kind != LEAF:
                _enter_tile(s.down, above, tables, at, nodes, (hot[edge], live, null))
                continue
            gain = _leaf_tile(s, above, tables, at, nodes, (hot[edge], live, null), p.edge_role[e])
        feature = p.edge_feature[e] * ROWS
        store_rows(phi, feature, add(load_rows(phi, feature), gain))


@njit(cache=True, error_model="numpy")
def row_tree(p: Program, tree, s: Scratch):  # type: ignore[no-untyped-def]
    """Add one tree's contributions for a single row, with the quadrature nodes as lanes."""
    nodes, first, start = p.tree_nodes[tree], p.tree_edge[tree], p.tree_split[tree]
    for split in range(start, p.tree_split[tree + 1]):
        s.left[split - start] = goes_left(p, split, s.x[p.split_feature[split]])
    for q in range(nodes):
        s.down[q] = p.weights[p.tree_weights[tree] + q]
    tables, hot, phi, down, up = p.tables, s.hot, s.phi, s.down, s.up
    for op in range(p.tree_op[tree], p.tree_op[tree + 1]):
        edge, kind = p.op_edge[op], p.op_kind[op]
        e = first + edge
        upper = p.edge_upper[e]
        live = upper < 0 or hot[upper] == 1
        above, role, null = (p.edge_depth[e] - 1) * nodes, p.edge_role[e], p.edge_null[e]
        if kind != LEAVE:
            hot[edge] = live and (s.left[p.edge_split[e]] == 1) == p.edge_is_left[e]
            at = p.edge_table[e] + (0 if hot[edge] == 1 else 2 * nodes)
            for q in range(0, nodes, NODES):
                product = load_nodes(down, above + q)
                product = multiply(product, load_nodes(tables, at + q)) if live else node_scale(product, null)
                store_nodes(up if kind == LEAF else down, above + nodes + q, product)
            if kind != LEAF:
                continue
        at = p.edge_table[e] + (nodes if hot[edge] == 1 else 3 * nodes)
        gain = zero_nodes()
        for q in range(0, nodes, NODES):
            total = load_nodes(up, above + nodes + q)
            if role == FIRST:
                store_nodes(up, above + q, total)
            elif role != ALONE:
                store_nodes(up, above + q, add(load_nodes(up, above + q), total))
            gain = add(gain, multiply(total, load_nodes(tables, at + q)))
        if live:
            phi[p.edge_feature[e]] += node_sum(gain)


@njit(cache=True, error_model="numpy", nogil=True)
def rows_one_by_one(p: Program, X, out, s: Scratch):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes x features), one row at a time."""
    for row in range(X.shape[0]):
        s.phi[:] = 0.0
        s.x[: X.shape[1]] = X[row]
        for tree in range(len(p.tree_class)):
            row_tree(p, tree, s)
        out[row] = s.phi[: out.shape[1]]


@njit(cache=True, error_model="numpy", nogil=True)
def tiles(p: Program, X, out, s: Scratch):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes x features), a tile of rows at a time; the last tile may be part filled."""
    for start in range(0, X.shape[0], ROWS):
        count = min(ROWS, X.shape[0] - start)
        for feature in range(X.shape[1]):
            for row in range(ROWS):
                s.x[feature * ROWS + row] = X[start + min(row, count - 1), feature]
        s.phi[:] = 0.0
        for tree in range(len(p.tree_class)):
            tile_tree(p, tree, s)
        for row in range(count):
            for column in range(out.shape[1]):
                out[start + row, column] = s.phi[column * ROWS + row]


@njit(cache=True, error_model="numpy", nogil=True)
def leaf_sums(p: Program, X, out):  # type: ignore[no-untyped-def]
    """Fill out (rows, classes) with the sums of the leaves that rows fall into."""
    for row in range(X.shape[0]):
        for tree in range(len(p.tree_class)):
            start, node = p.tree_split[tree], 0
            if p.tree_split[tree + 1] == start:
                node = -1
            while node >= 0:
                split = start + node
                left = goes_left(p, split, X[row, p.split_feature[split]])
                node = p.split_left[split] if left else p.split_right[split]
            out[row, p.tree_class[tree]] += p.leaf_value[p.tree_leaf[tree] + ~node]
