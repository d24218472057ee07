"""Trees as the kernels read them: splits in the order of a walk, with the shares of training rows on each
side.

For the leaf of value w whose path uses d features, feature j has b_j = 1 if the row takes all its splits
there, else 0, and r_j the share of training rows that do. Its Shapley value is an integral of a polynomial
of degree d - 1,

    w (b_j - r_j) ∫ Π_{k≠j} (r_k + t (b_k - r_k)) dt  over t from 0 to 1,

which Gauss-Legendre quadrature with d / 2 nodes gives exactly. As b is 0 or 1, an edge has only two factors
at a node t: hot (r (1 - t) + t) and cold (r (1 - t)), divided by the hot factor of the edge above that
split on the same feature, which it replaces; and the sum of the leaves below counts for its feature times
(1 - r) / hot factor or -1 / (1 - t), less what it counted for the edge above. Where that edge above is cold
already, the factor is the plain share of rows and nothing is added. Hence a split has three states for a
row: goes left, goes right, cold above.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.errors import UnsupportedBooster
from models.tree_shap.structure import CATEGORICAL, DEFAULT_LEFT, Tree, Trees, missing_type

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NODES = 4
"""Quadrature nodes come in groups of so many, the lanes of a sum."""
CLASS, FIRST_SPLIT, FIRST_STEP, TREE_NODES, QUADRATURE, FIRST_LEAF = range(6)
"""Columns of `trees`; the last row holds the ends."""
COLUMN, PARENT, UPPER, FLAGS, WORDS, WORD, LEFT, RIGHT = range(8)
"""Columns of `splits`. Edge 2 s + side + 2 leads out of split s of a tree. PARENT is the slot of the
product of the edge into the split (0 at the root, else the edge less 1), UPPER the edge above on the same
feature (0 for none)."""
NAN_LEFT, ZERO_MISSING, ZERO_LEFT = 1, 2, 4
"""Bits of FLAGS."""
SHARE, OWN_SHARE, VALUE = 0, 2, 4
"""Columns of `shares`, left and right: of rows that take all splits on the feature so far, of rows of the
split that take this edge, and the value of the leaf it leads to (1 where it leads to a split)."""
AT, REST, COLD_GAIN, WEIGHT = range(4)
"""Rows of a quadrature in `quadratures`: node t, 1 - t, -1 / (1 - t), weight."""
KIND, SPLIT, SOURCE, TARGET = range(4)
"""Columns of `steps`. Of a split at depth d, slot 3 d holds the product down to it, 3 d + 1 and 3 d + 2 the
sums below its left and right edge."""
ENTER_LEFT, ENTER_RIGHT, FINISH = range(3)


class Program(NamedTuple):
    """Everything the kernels read, flat."""

    trees: Ints
    splits: NDArray[np.int32]
    thresholds: Floats
    shares: Floats
    steps: NDArray[np.int32]
    quadratures: Floats
    words: Ints
    leaves: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """How much room a walk needs, and the mean score by class."""

    n_features: int
    n_classes: int
    deepest: int
    most_nodes: int
    most_splits: int
    expected: Floats


@dataclass(slots=True)
class _Walk:
    """One tree's splits as they are met, depth first and left before right; edge 2 s + side leads out of
    split s."""

    order: list[int] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    upper: list[int] = field(default_factory=list)
    """The edge above on the same feature, by split; -1 for none."""
    child: list[int] = field(default_factory=list)
    """The split an edge leads to, -1 for a leaf."""
    own: list[float] = field(default_factory=list)
    share: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    most_features: int = 0


def counts_below(tree: Tree) -> Floats:
    """Return the training rows under each split, summed from the leaves; raises where splits hang loose."""
    order, pending = [], [0]
    while pending:
        split = pending.pop()
        order.append(split)
        pending.extend(int(child) for child in (tree.left[split], tree.right[split]) if child >= 0)
    if len(order) != len(tree.feature):
        raise UnsupportedBooster(f"{len(tree.feature) - len(order)} splits of a tree hang on no root")
    counts = np.zeros(len(tree.feature))
    for split in reversed(order):
        for child in (tree.left[split], tree.right[split]):
            counts[split] += counts[child] if child >= 0 else tree.count[~child]
    return counts


def _walk(tree: Tree) -> _Walk:
    counts, walk = counts_below(tree), _Walk()
    pending: list[tuple[int, int, int, dict[int, int]]] = [(0, -1, 0, {})]
    while pending:
        split, incoming, depth, path = pending.pop()
        here, feature = len(walk.order), int(tree.feature[split])
        upper = path.get(feature, -1)
        walk.order.append(split)
        walk.depth.append(depth)
        walk.parent.append(incoming)
        walk.upper.append(upper)
        if incoming >= 0:
            walk.child[incoming] = here
        for child in (int(tree.left[split]), int(tree.right[split])):
            own = (counts[child] if child >= 0 else tree.count[~child]) / counts[split]
            walk.own.append(own)
            walk.share.append(own * (walk.share[upper] if upper >= 0 else 1.0))
            walk.value.append(1.0 if child >= 0 else float(tree.value[~child]))
            walk.child.append(-1)
        walk.most_features = max(walk.most_features, len(path) + (upper < 0))
        for side in (1, 0):
            child = int(tree.right[split] if side else tree.left[split])
            if child >= 0:
                pending.append((child, 2 * here + side, depth + 1, {**path, feature: 2 * here + side}))
    return walk


def _steps(walk: _Walk) -> NDArray[np.int32]:
    """Return the steps of a tile: right subtree, left subtree, then the split, so that splits end last to
    first."""
    steps: list[tuple[int, int, int, int]] = []
    pending = [(0, False)]
    while pending:
        split, done = pending.pop()
        slot, incoming = 3 * walk.depth[split], walk.parent[split]
        children = walk.child[2 * split], walk.child[2 * split + 1]
        if done:
            leaves = [side for side in (0, 1) if children[side] < 0]
            steps += [(side, split, slot, slot + 1 + side) for side in leaves]
            steps.append((FINISH, split, slot + 1, slot - 2 + incoming % 2 if split else 0))
            continue
        if split:
            steps.append((incoming % 2, incoming // 2, slot - 3, slot))
        pending.append((split, True))
        pending.extend((child, False) for child in children if child >= 0)
    return np.array(steps, dtype=np.int32)


def quadrature(features: int) -> Floats:
    """Return a Gauss-Legendre quadrature on [0, 1], exact for so many features on a path: (4, nodes).

    Rounded up to whole groups of four: more nodes than needed are exact all the same.
    """
    return _gauss_legendre(max(1, -(-features // (2 * NODES))) * NODES)


@lru_cache(maxsize=64)
def _gauss_legendre(count: int) -> Floats:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    at, rest = 0.5 * (1.0 + nodes), 0.5 * (1.0 - nodes)
    return np.stack([at, rest, -1.0 / rest, 0.5 * weights])


def compile_trees(trees: Trees) -> tuple[Program, Sizes]:
    """Turn trees into the flat program of the kernels, and say how much room it needs."""
    builder = _Builder(trees)
    for number, tree in enumerate(trees.trees):
        builder.append(number % trees.n_classes, tree)
    return builder.program(), builder.sizes()


class _Builder:
    """Collects the flat arrays of a program, tree by tree."""

    def __init__(self, trees: Trees) -> None:
        self.shape = trees.n_features, trees.n_classes
        self.trees: list[list[int]] = []
        self.parts: dict[str, list[NDArray[Any]]] = {}
        self.lengths: dict[str, int] = {}
        self.quadratures: dict[int, int] = {}
        self.deepest = self.most_nodes = self.most_splits = 1
        self.expected = np.zeros(trees.n_classes)

    def append(self, number: int, tree: Tree) -> None:
        """Add one tree of class `number`."""
        self.expected[number] += float(np.dot(tree.value, tree.count) / tree.count.sum())
        starts = [self.lengths.get(name, 0) for name in ("splits", "steps", "leaves")]
        self._put("leaves", tree.value)
        if not len(tree.feature):
            self.trees.append([number, starts[0], starts[1], 0, 0, starts[2]])
            return
        walk = _walk(tree)
        points = quadrature(walk.most_features)
        nodes = points.shape[1]
        if nodes not in self.quadratures:
            self.quadratures[nodes] = self._put("quadratures", points.ravel())
        self.trees.append([number, starts[0], starts[1], nodes, self.quadratures[nodes], starts[2]])
        self._put("steps", _steps(walk))
        self._put("thresholds", tree.threshold[walk.order])
        self._put("splits", self._splits(tree, walk))
        sides = [np.reshape(column, (-1, 2)) for column in (walk.share, walk.own, walk.value)]
        self._put("shares", np.hstack(sides))
        self._put("words", tree.words)
        self.deepest = max(self.deepest, *walk.depth)
        self.most_nodes = max(self.most_nodes, nodes)
        self.most_splits = max(self.most_splits, len(walk.order))

    def _splits(self, tree: Tree, walk: _Walk) -> NDArray[np.int32]:
        order = np.array(walk.order)
        decision, threshold = tree.decision[order], tree.threshold[order]
        kind = np.array([missing_type(int(bits)) for bits in decision])
        default, categorical = (decision & DEFAULT_LEFT) > 0, (decision & CATEGORICAL) > 0
        nan_left = np.where(kind == 0, threshold >= 0.0, default)
        which = np.where(categorical, threshold, 0).astype(np.int64)
        bounds = tree.boundaries if len(tree.boundaries) else np.zeros(2, dtype=np.int64)
        columns = {
            COLUMN: tree.feature[order],
            PARENT: np.array(walk.parent) + 1,
            UPPER: np.where(np.array(walk.upper) >= 0, np.array(walk.upper) + 2, 0),
            FLAGS: NAN_LEFT * nan_left + ZERO_MISSING * (kind == 1) + ZERO_LEFT * default,
            WORDS: np.where(categorical, bounds[which + categorical] - bounds[which], -1),
            WORD: self.lengths.get("words", 0) + bounds[which],
            LEFT: _targets(walk, tree.left[order], 0),
            RIGHT: _targets(walk, tree.right[order], 1),
        }
        return np.column_stack([columns[name] for name in range(len(columns))]).astype(np.int32)

    def _put(self, name: str, values: NDArray[Any]) -> int:
        at = self.lengths.get(name, 0)
        self.parts.setdefault(name, []).append(values)
        self.lengths[name] = at + len(values)
        return at

    def program(self) -> Program:
        """Return everything appended, flat."""
        ends = [
            0,
            self.lengths.get("splits", 0),
            self.lengths.get("steps", 0),
            0,
            0,
            self.lengths.get("leaves", 0),
        ]
        return Program(
            trees=np.array([*self.trees, ends], dtype=np.int64),
            splits=self._flat("splits", np.zeros((0, 8), dtype=np.int32)),
            thresholds=self._flat("thresholds", np.zeros(0)),
            shares=self._flat("shares", np.zeros((0, 6))),
            steps=self._flat("steps", np.zeros((0, 4), dtype=np.int32)),
            quadratures=self._flat("quadratures", np.zeros(0)),
            words=self._flat("words", np.zeros(0, dtype=np.int64)),
            leaves=self._flat("leaves", np.zeros(0)),
        )

    def _flat(self, name: str, empty: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(np.concatenate([empty, *self.parts.get(name, [])]), dtype=empty.dtype)

    def sizes(self) -> Sizes:
        """Return the room needed by the deepest, widest and finest tree."""
        return Sizes(*self.shape, self.deepest, self.most_nodes, self.most_splits, self.expected)


def _targets(walk: _Walk, children: Ints, side: int) -> Ints:
    """Return where edges of one side lead: a split in the order of the walk, or ~leaf."""
    return np.where(children >= 0, np.array(walk.child[side::2]), children)
