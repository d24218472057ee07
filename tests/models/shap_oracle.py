"""Random LightGBM model texts, and Shapley values by enumeration over leaves in long double, without a
division."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

LONG = np.longdouble
ZERO = float(np.float32(1e-35))


def random_model(seed: int, *, trees: int = 3, classes: int = 1, leaves: int = 12, features: int = 5) -> str:
    """Write a model with every kind of split: numeric with all missing types, both defaults, and
    categories."""
    random = np.random.default_rng(seed)
    header = [
        "tree", "version=v4", f"num_class={classes}", f"num_tree_per_iteration={classes}", "label_index=0",
        f"max_feature_idx={features - 1}", "objective=binary sigmoid:1" if classes == 1 else
        f"objective=multiclass num_class:{classes}",
        "feature_names=" + " ".join(f"f{i}" for i in range(features)),
        "feature_infos=" + " ".join(["[-3:3]"] * (features - 1) + [":".join(map(str, range(70)))]), "",
    ]  # fmt: skip
    blocks = [_random_tree(random, i, leaves, features) for i in range(trees * classes)]
    return "\n".join([*header, *blocks, "end of trees", ""])


def _random_tree(random: np.random.Generator, number: int, most_leaves: int, features: int) -> str:
    leaves = int(random.integers(1, most_leaves + 1))
    left, right = np.zeros(leaves - 1, int), np.zeros(leaves - 1, int)
    parents: list[tuple[int, bool] | None] = [None]  # where each leaf hangs
    chain = random.random() < 0.3
    for split in range(leaves - 1):
        leaf = len(parents) - 1 if chain else int(random.integers(len(parents)))
        above = parents[leaf]
        if above is not None:
            (right if above[1] else left)[above[0]] = split
        parents[leaf] = (split, False)
        parents.append((split, True))
    for leaf, above in enumerate(parents):
        if above is not None:
            (right if above[1] else left)[above[0]] = ~leaf
    counts = random.integers(1, 1 + 10 ** int(random.integers(1, 6)), leaves)
    return _tree_text(random, number, (left, right, counts), features)


def _tree_text(random: np.random.Generator, number: int, shape: tuple[Any, Any, Any], features: int) -> str:
    left, right, counts = shape
    splits = len(left)
    feature = random.integers(0, features, splits)
    categorical = feature == features - 1
    near_zero = random.choice([-ZERO, ZERO], splits)  # LightGBM never splits at 0 itself, only beside it
    threshold = np.where(random.random(splits) < 0.2, near_zero, random.normal(size=splits).round(2))
    decision = np.where(categorical, 1, 2 * random.integers(0, 2, splits) + 4 * random.integers(0, 3, splits))
    threshold[categorical] = np.arange(categorical.sum())
    words = [random.integers(0, 2**32, int(random.integers(1, 4))) for _ in range(int(categorical.sum()))]
    below = _below(left, right, counts)
    lines = {
        "num_leaves": [splits + 1], "num_cat": [len(words)], "split_feature": feature,
        "split_gain": np.ones(splits, int), "threshold": threshold, "decision_type": decision,
        "left_child": left, "right_child": right, "leaf_value": random.normal(size=splits + 1),
        "leaf_weight": counts, "leaf_count": counts, "internal_value": np.zeros(splits, int),
        "internal_weight": below, "internal_count": below,
    }  # fmt: skip
    if words:
        lines["cat_boundaries"] = np.cumsum([0, *map(len, words)])
        lines["cat_threshold"] = np.concatenate(words)
    body = [f"{name}=" + " ".join(repr(v.item() if hasattr(v, "item") else v) for v in values)
            for name, values in lines.items()]  # fmt: skip
    return "\n".join([f"Tree={number}", *body, "is_linear=0", "shrinkage=1", "", ""])


def _below(left: Any, right: Any, counts: Any) -> Any:
    def rows(node: int) -> int:
        return int(counts[~node]) if node < 0 else rows(int(left[node])) + rows(int(right[node]))

    return np.array([rows(split) for split in range(len(left))], int)


def random_rows(seed: int, rows: int, features: int) -> np.ndarray[Any, Any]:
    """Draw rows with NaN, zeros, near-zeros, thresholds hit exactly, and odd categories in the last
    column."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, features)).round(2)
    X[:, -1] = random.choice([0, 1, 5, 31, 32, 33, 64, 69, 95, 200, -1, 2.7, -0.5, 1e12, np.inf], size=rows)
    X[random.random(X.shape) < 0.15] = np.nan
    X[random.random(X.shape) < 0.15] = 0.0
    X[random.random(X.shape) < 0.03] = 1e-36
    return X


def shapley(dump: dict[str, Any], x: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """Return contributions (features, classes) and base (classes,) of one row, from LightGBM's own JSON
    dump."""
    classes = dump["num_tree_per_iteration"]
    phi = np.zeros((dump["max_feature_idx"] + 1, classes), dtype=LONG)
    base = np.zeros(classes, dtype=LONG)
    for i, tree in enumerate(dump["tree_info"]):
        _leaves(
            tree["tree_structure"], x, {}, LONG(1), phi[:, i % classes], base[i % classes : i % classes + 1]
        )
    return phi, base


def _leaves(
    node: dict[str, Any], x: Any, path: dict[int, tuple[int, Any]], share: Any, phi: Any, base: Any
) -> None:
    if "split_feature" not in node:
        base += share * LONG(node["leaf_value"])
        _leaf(LONG(node["leaf_value"]), path, phi)
        return
    feature, total = node["split_feature"], _count(node)
    goes = _goes_left(node, float(x[feature]))
    for child, taken in ((node["left_child"], goes), (node["right_child"], not goes)):
        own = LONG(_count(child)) / LONG(total)
        b, r = path.get(feature, (1, LONG(1)))
        _leaves(child, x, {**path, feature: (b * taken, r * own)}, share * own, phi, base)


def _count(node: dict[str, Any]) -> int:
    if "split_feature" not in node:
        return int(node.get("leaf_count", 1))
    return _count(node["left_child"]) + _count(node["right_child"])


def _leaf(value: Any, path: dict[int, tuple[int, Any]], phi: Any) -> None:
    """Add w (b - r) Σ_s s! (d-1-s)! / d! c_s, where c_s sums over coalitions of size s of the others."""
    d = len(path)
    for feature, (b, r) in path.items():
        sums = [LONG(1)]
        for other, (b_other, r_other) in path.items():
            if other != feature:
                stay, join = [s * r_other for s in sums] + [LONG(0)], [LONG(0)] + [s * b_other for s in sums]
                sums = [p + q for p, q in zip(stay, join, strict=True)]
        weights = [
            LONG(math.factorial(s)) * LONG(math.factorial(d - 1 - s)) / LONG(math.factorial(d))
            for s in range(d)
        ]
        phi[feature] += value * (b - r) * sum(w * c for w, c in zip(weights, sums, strict=True))


def _goes_left(node: dict[str, Any], value: float) -> bool:
    if node["decision_type"] == "==":
        categories = {int(c) for c in str(node["threshold"]).split("||")}
        return (not math.isnan(value) and 0 <= value < 2**31 and int(value) in categories) or (
            -1 < value < 0 and 0 in categories
        )
    missing = node["missing_type"]
    if -ZERO <= value <= ZERO or (math.isnan(value) and missing != "NaN"):
        value = 0.0  # LightGBM reads rows this way
    if (missing == "Zero" and -ZERO <= value <= ZERO) or (missing == "NaN" and math.isnan(value)):
        return bool(node["default_left"])
    return value <= node["threshold"]
