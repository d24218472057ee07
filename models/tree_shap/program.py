"""Trees as the kernels read them: operations in the order of a walk, with every factor that no row changes.

For the leaf of value w whose path uses d features, feature j has b_j = 1 if the row takes all its splits there, else
0, and r_j the share of training rows that do. Its Shapley value is an integral of a polynomial of degree d - 1,

    w (b_j - r_j) ∫ Π_{k≠j} (r_k + t (b_k - r_k)) dt  over t from 0 to 1,

which Gauss-Legendre quadrature with d / 2 nodes gives exactly. As b is 0 or 1, each edge of a tree has only two
factors at a node t, hot (1 + (1 - r)(t - 1)) and cold (r (1 - t)), divided by that of the edge above which split
on the same feature and which it replaces; and two coefficients that turn the sum of the leaves below into what the
edge adds to its feature. If the edge above is cold already, the factor is the plain share of rows and nothing is added.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.errors import UnsupportedBooster
from models.tree_shap.structure import CATEGORICAL, DEFAULT_LEFT, Tree, Trees, missing_type
from models.tree_shap.vectors import NODES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ENTER, LEAF, LEAVE = 0, 1, 2
ALONE, FIRST, SECOND = 0, 1, 2
"""What an edge does with the sum below it: nothing (its parent is a root), begin its parent's, or add to it."""
_MISSING_NONE, _MISSING_ZERO = 0, 1


class Program(NamedTuple):
    """What the kernels run, flat. `op_*` by operation, `split_*` by split, `edge_*` by edge; all trees in turn."""

    n_features: int
    n_classes: int
    deepest: int
    most_nodes: int
    most_edges: int
    most_splits: int
    tree_class: Ints
    tree_op: Ints
    tree_edge: Ints
    tree_split: Ints
    tree_nodes: Ints
    tree_weights: Ints
    weights: Floats
    op_kind: Ints
    op_edge: Ints
    split_feature: Ints
    split_threshold: Floats
    split_nan_left: NDArray[np.bool_]
    split_zero_missing: NDArray[np.bool_]
    split_default_left: NDArray[np.bool_]
    split_words: Ints
    split_word: Ints
    words: Ints
    split_left: Ints
    split_right: Ints
    leaf_value: Floats
    tree_leaf: Ints
    edge_depth: Ints
    edge_split: Ints
    edge_is_left: NDArray[np.bool_]
    edge_upper: Ints
    edge_feature: Ints
    edge_role: Ints
    edge_null: Floats
    edge_table: Ints
    tables: Floats
    expected: Floats


_SIZES = 6
_FLOATS = frozenset({"weights", "split_threshold", "leaf_value", "edge_null", "tables"})
_BITS = frozenset({"split_nan_left", "split_zero_missing", "split_default_left", "edge_is_left"})


@dataclass(slots=True)
class _Edges:
    """The edges of one tree while it is walked; `upper` and `split` count within the tree."""

    depth: list[int] = field(default_factory=list)
    split: list[int] = field(default_factory=list)
    is_left: list[bool] = field(default_factory=list)
    upper: list[int] = field(default_factory=list)
    role: list[int] = field(default_factory=list)
    share: list[float] = field(default_factory=list)
    own_share: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    ops: list[int] = field(default_factory=list)
    most_features: int = 0
    reached: int = 0


def counts_below(tree: Tree) -> Floats:
    """Return the training rows under each split, summed from the leaves; raises where splits do not reach root."""
    order, pending = [], [0]
    while pending:
        split = pending.pop()
        order.append(split)
        pending.extend(int(child) for child in (tree.left[split], tree.right[split]) if child >= 0)
    if len(order) != len(tree.feature):
        raise UnsupportedBooster(f"{len(tree.feature) - len(order)} splits of a tree cannot be reached")
    counts = np.zeros(len(tree.feature))
    for split in reversed(order):
        for child in (tree.left[split], tree.right[split]):
            counts[split] += counts[child] if child >= 0 else tree.count[~child]
    return counts


def _walk(tree: Tree, counts: Floats) -> _Edges:
    """Lay out a tree's edges and operations, depth first, left before right."""
    edges = _Edges()
    pending: list[tuple[int, bool, int, dict[int, int]]] = [(0, False, 1, {}), (0, True, 1, {})]
    leaving: list[int] = []
    while pending:
        split, is_left, depth, path = pending.pop()
        while leaving and edges.depth[leaving[-1]] >= depth:
            _operate(edges, LEAVE, leaving.pop())
        edge, below = _edge(edges, tree, counts, (split, is_left, depth, path))
        child = int(tree.left[split] if is_left else tree.right[split])
        _operate(edges, ENTER if child >= 0 else LEAF, edge)
        if child >= 0:
            leaving.append(edge)
            pending += [(child, False, depth + 1, below), (child, True, depth + 1, below)]
        else:
            edges.most_features = max(edges.most_features, len(below))
    while leaving:
        _operate(edges, LEAVE, leaving.pop())
    return edges


def _operate(edges: _Edges, kind: int, edge: int) -> None:
    edges.kinds.append(kind)
    edges.ops.append(edge)


def _edge(
    edges: _Edges, tree: Tree, counts: Floats, at: tuple[int, bool, int, dict[int, int]]
) -> tuple[int, dict[int, int]]:
    split, is_left, depth, path = at
    edge, feature = len(edges.depth), int(tree.feature[split])
    child = int(tree.left[split] if is_left else tree.right[split])
    upper = path.get(feature, -1)
    own = (counts[child] if child >= 0 else tree.count[~child]) / counts[split]
    edges.depth.append(depth)
    edges.split.append(split)
    edges.is_left.append(is_left)
    edges.upper.append(upper)
    edges.role.append(ALONE if depth == 1 else FIRST if is_left else SECOND)
    edges.own_share.append(own)
    edges.share.append(own * (edges.share[upper] if upper >= 0 else 1.0))
    edges.value.append(1.0 if child >= 0 else float(tree.value[~child]))
    return edge, {**path, feature: edge}


def quadrature(features: int) -> tuple[Floats, Floats]:
    """Return Gauss-Legendre nodes and weights on [0, 1], exact for so many features on a path.

    Rounded up to whole groups of four, which costs nothing and is exact all the more.
    """
    groups = max(1, -(-features // (2 * NODES)))
    nodes, weights = np.polynomial.legendre.leggauss(groups * NODES)
    return 0.5 * (nodes + 1.0), 0.5 * weights


def _tables(edges: _Edges, nodes: Floats) -> Floats:
    """Return, by edge, the rows hot factor, hot coefficient, cold factor, cold coefficient: (edges, 4, nodes)."""
    share = np.array(edges.share)[:, None]
    upper = np.array(edges.upper)
    above = (upper >= 0)[:, None]
    hot = share + nodes * (1.0 - share)
    gain = (1.0 - share) / hot
    divisor = np.where(above, hot[upper], 1.0)
    gain_above = np.where(above, gain[upper], 0.0)
    value = np.array(edges.value)[:, None]
    cold_gain = -1.0 / (1.0 - nodes) - gain_above
    rows = [value * hot / divisor, gain - gain_above, value * share * (1.0 - nodes) / divisor, cold_gain]
    return np.stack(rows, axis=1)


def compile_trees(trees: Trees) -> Program:
    """Turn trees into the flat program of the kernels."""
    builder = _Builder(trees)
    for number, tree in enumerate(trees.trees):
        builder.append(number % trees.n_classes, tree)
    return builder.program()


class _Builder:
    """Collects the flat columns of a program, tree by tree."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self.columns: dict[str, list[NDArray[np.generic]]] = {}
        self.length = {"op": 0, "edge": 0, "split": 0, "leaf": 0, "word": 0, "table": 0}
        self.deepest = self.most_nodes = self.most_edges = self.most_splits = 1
        self.quadratures: dict[int, int] = {}
        self.expected = np.zeros(trees.n_classes)

    def append(self, number: int, tree: Tree) -> None:
        """Add one tree of class `number`."""
        self._put(tree_class=[number], tree_leaf=[self.length["leaf"]], leaf_value=tree.value)
        self.length["leaf"] += len(tree.value)
        self.expected[number] += float(np.dot(tree.value, tree.count) / tree.count.sum())
        if not len(tree.feature):
            self._place(0, 0)
            return
        edges = _walk(tree, counts_below(tree))
        nodes, weights = quadrature(edges.most_features)
        if len(nodes) not in self.quadratures:
            self.quadratures[len(nodes)] = sum(self.quadratures)
            self._put(weights=weights)
        self._place(len(nodes), self.quadratures[len(nodes)])
        self._splits(tree)
        self._edges(tree, edges, number, _tables(edges, nodes))
        self.deepest = max(self.deepest, *edges.depth)
        self.most_nodes = max(self.most_nodes, len(nodes))
        self.most_edges = max(self.most_edges, len(edges.depth))
        self.most_splits = max(self.most_splits, len(tree.feature))

    def _place(self, nodes: int, weights: int) -> None:
        at = self.length
        self._put(tree_op=[at["op"]], tree_edge=[at["edge"]], tree_split=[at["split"]])
        self._put(tree_nodes=[nodes], tree_weights=[weights])

    def _splits(self, tree: Tree) -> None:
        kind = np.array([missing_type(int(bits)) for bits in tree.decision])
        default = (tree.decision & DEFAULT_LEFT) > 0
        categorical = (tree.decision & CATEGORICAL) > 0
        self._put(
            split_feature=tree.feature,
            split_threshold=tree.threshold,
            split_nan_left=np.where(kind == _MISSING_NONE, tree.threshold >= 0.0, default),
            split_zero_missing=kind == _MISSING_ZERO,
            split_default_left=default,
            split_left=tree.left,
            split_right=tree.right,
        )
        which = np.where(categorical, tree.threshold, 0).astype(np.int64)
        bounds = tree.boundaries if len(tree.boundaries) else np.zeros(2, dtype=np.int64)
        self._put(
            split_words=np.where(categorical, bounds[which + categorical] - bounds[which], -1),
            split_word=self.length["word"] + bounds[which],
            words=tree.words,
        )
        self.length["split"] += len(tree.feature)
        self.length["word"] += len(tree.words)

    def _edges(self, tree: Tree, edges: _Edges, number: int, tables: Floats) -> None:
        self._put(op_kind=edges.kinds, op_edge=edges.ops)
        self._put(edge_depth=edges.depth, edge_split=edges.split, edge_is_left=np.array(edges.is_left))
        self._put(edge_upper=edges.upper, edge_role=edges.role)
        self._put(edge_feature=number * self.trees.n_features + tree.feature[np.array(edges.split)])
        self._put(edge_null=np.array(edges.own_share) * np.array(edges.value))
        size = tables[0].size
        self._put(edge_table=self.length["table"] + size * np.arange(len(tables)), tables=tables.ravel())
        self.length["op"] += len(edges.ops)
        self.length["edge"] += len(edges.depth)
        self.length["table"] += tables.size

    def _put(self, **columns: NDArray[np.generic] | list[int]) -> None:
        for name, values in columns.items():
            self.columns.setdefault(name, []).append(np.asarray(values))

    def program(self) -> Program:
        """Return everything appended, flat."""
        ends = {"tree_op": "op", "tree_edge": "edge", "tree_split": "split", "tree_leaf": "leaf"}
        for name, length in ends.items():
            self._put(**{name: [self.length[length]]})
        flat = {name: _flat(name, self.columns.get(name, [])) for name in Program._fields[_SIZES:-1]}
        return Program(
            n_features=self.trees.n_features,
            n_classes=self.trees.n_classes,
            deepest=self.deepest,
            most_nodes=self.most_nodes,
            most_edges=self.most_edges,
            most_splits=self.most_splits,
            expected=self.expected,
            **flat,
        )


def _flat(name: str, parts: list[NDArray[np.generic]]) -> NDArray[np.generic]:
    dtype: type = np.float64 if name in _FLOATS else np.bool_ if name in _BITS else np.int64
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)
