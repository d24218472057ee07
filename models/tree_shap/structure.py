"""The trees of a LightGBM model, read from its text and checked before any kernel walks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.errors import UnsupportedBooster

if TYPE_CHECKING:
    from lightgbm import Booster

AnyBooster: TypeAlias = "Booster | str"
"""A LightGBM booster, or the text that it saves."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CATEGORICAL, DEFAULT_LEFT = 1, 2
_MISSING_SHIFT = 2
NAN_MISSING = 2 << _MISSING_SHIFT


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One tree: splits (n_leaves - 1 each) and leaves; a child below 0 is the leaf ~child.

    `decision` holds LightGBM's bits; `count` of a leaf is its number of training rows. The categories of
    the split with threshold i that go left are the bits of words[boundaries[i]:boundaries[i + 1]].
    """

    feature: Ints
    threshold: Floats
    decision: Ints
    left: Ints
    right: Ints
    value: Floats
    count: Floats
    boundaries: Ints
    words: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """All trees of a booster; tree i belongs to class i modulo `n_classes`."""

    n_features: int
    n_classes: int
    trees: tuple[Tree, ...]


def model_text(booster: AnyBooster) -> str:
    """Return a booster's text, truncated at its best iteration; text is returned as it is."""
    return booster if isinstance(booster, str) else str(booster.model_to_string())


def parse(text: str) -> Trees:
    """Read the trees of a model text.

    Raises UnsupportedBooster for linear trees, averaged output (random forests), leaves without training
    rows, and text that is no complete LightGBM model.
    """
    head, *blocks = text.split("\nTree=")
    header = _fields(head)
    if not head.startswith("tree\n") or "max_feature_idx" not in header or "end of trees" not in text:
        raise UnsupportedBooster("this is not the complete text of a LightGBM model")
    if "\naverage_output" in head:
        raise UnsupportedBooster(
            "boosting=rf averages its trees, so that contributions do not add up to the score"
        )
    try:
        n_features, n_classes = int(header["max_feature_idx"]) + 1, int(header["num_tree_per_iteration"])
        trees = [
            _tree(i, _fields(block.partition("end of trees")[0]), n_features)
            for i, block in enumerate(blocks)
        ]
    except (KeyError, ValueError, OverflowError) as error:
        raise UnsupportedBooster(f"the model text is damaged: {error!r}") from error
    return Trees(n_features, n_classes, tuple(trees))


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, equals, value in pairs if equals}


def _tree(number: int, fields: Mapping[str, str], n_features: int) -> Tree:
    if fields.get("is_linear", "0") != "0":
        raise UnsupportedBooster(
            f"tree {number} has linear leaves, whose contributions are not path-dependent"
        )
    leaves = int(fields["num_leaves"])
    splits = leaves - 1
    tree = Tree(
        feature=_ints(fields, "split_feature", splits),
        threshold=_floats(fields, "threshold", splits),
        decision=_ints(fields, "decision_type", splits),
        left=_ints(fields, "left_child", splits),
        right=_ints(fields, "right_child", splits),
        value=_floats(fields, "leaf_value", leaves),
        count=_floats(fields, "leaf_count", leaves) if splits else np.ones(1),
        boundaries=_ints(fields, "cat_boundaries", int(fields["num_cat"]) + 1, optional=True),
        words=np.array(fields.get("cat_threshold", "").split(), dtype=np.int64),
    )
    _check(number, tree, n_features)
    return tree


def _check(number: int, tree: Tree, n_features: int) -> None:
    if not (tree.count > 0).all():
        leaf = int(np.argmin(tree.count))
        raise UnsupportedBooster(
            f"leaf {leaf} of tree {number} has {tree.count[leaf]:.0f} training rows, so no weight"
        )
    if not (np.isfinite(tree.value).all() and np.isfinite(tree.count).all()):
        raise UnsupportedBooster(f"tree {number} has a leaf whose value or row count is not finite")
    if ((tree.feature < 0) | (tree.feature >= n_features)).any():
        raise UnsupportedBooster(f"tree {number} splits on a feature outside the model's {n_features}")
    children = np.sort(np.concatenate([tree.left, tree.right]))
    splits = len(tree.feature)
    everyone = np.concatenate([np.arange(-splits - 1, 0), np.arange(1, splits)])
    if splits and not np.array_equal(children, everyone):
        raise UnsupportedBooster(f"the children of tree {number} are not each split and leaf once")
    _check_categories(number, tree)


def _check_categories(number: int, tree: Tree) -> None:
    used = tree.threshold[(tree.decision & CATEGORICAL) > 0]
    bounds = tree.boundaries
    if len(used) and not (used.min() >= 0 and used.max() < len(bounds) - 1):
        raise UnsupportedBooster(f"tree {number} has a categorical split without its categories")
    if len(used) and (bounds[0] != 0 or bounds[-1] > len(tree.words) or (np.diff(bounds) < 0).any()):
        raise UnsupportedBooster(f"the category boundaries of tree {number} are damaged")


def missing_type(decision: int) -> int:
    """Return what a split takes for missing: 0 nothing, 1 zero, 2 NaN."""
    return (decision >> _MISSING_SHIFT) & 3


def _ints(fields: Mapping[str, str], name: str, length: int, *, optional: bool = False) -> Ints:
    return _of_length(name, np.array(_words(fields, name, optional), dtype=np.int64), length, optional)


def _floats(fields: Mapping[str, str], name: str, length: int) -> Floats:
    return _of_length(name, np.array(_words(fields, name, length == 0), dtype=np.float64), length, False)


def _words(fields: Mapping[str, str], name: str, optional: bool) -> list[str]:
    return (fields.get(name, "") if optional else fields[name]).split()


def _of_length(name: str, values: NDArray[Any], length: int, optional: bool) -> NDArray[Any]:
    if len(values) != length and not (optional and not len(values)):
        raise ValueError(f"{name} has {len(values)} values instead of {length}")
    return values
