"""A straight line through every number, each term written as one tree of steps, to be mixed with boosters.

Trees pick the few columns that say most; with a few hundred failures the many that say a little are lost. A
line with a strong prior adds them all up, each by a small weight, and errs elsewhere than trees do. Its terms
are step functions of one column each: a tree explains them exactly, and gives all of a term to its column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.tree_shap.structure import DEFAULT_LEFT, NAN_MISSING
from training.blend import with_trees

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STRENGTH = 1_000.0
"""Of the prior: one over the variance of the log-odds that a standard deviation of a column is worth."""
STEPS = 16
"""Equal steps between a column's ends; beyond them a term stays as it is."""
TAIL = 0.005
"""Rows beyond each end."""
LARGEST = 50_000
"""Rows that teach the line at most: an even part of all."""
_ABOVE_ALL = 1e300


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column as the line reads it: thresholds between steps, what each stands for, and where missing does.

    `step` (n,) is each row's step, -1 where the value is missing.
    """

    thresholds: Floats
    levels: Floats
    missing: float
    step: NDArray[np.intp]

    @property
    def read(self) -> Floats:
        """The column (n,) in steps."""
        return np.where(self.step < 0, self.missing, self.levels[self.step])


def teaching(rows: Mask) -> NDArray[np.intp]:
    """Return which of the rows (n,) teach the line: an even part of them, `LARGEST` at most."""
    places = np.flatnonzero(rows)
    return places[:: max(1, -(-len(places) // LARGEST))]


def straight_line(frame: lgb.Booster, values: Floats, positive: Mask, weight: Floats | None) -> lgb.Booster:
    """Fit a line to the columns of values (n, k) that vary, with weights (n,); `frame` is any booster that
    reads such values.

    A column that is held constant has no term: so the caller leaves codes out. Where no column varies the
    line is level: the log-odds of failing. All rows given are learnt from: `teaching` says which to give.
    """
    columns = {at: read_in_steps(values[:, at]) for at in range(values.shape[1]) if _varies(values[:, at])}
    if not columns:
        return with_trees(frame, [_level(positive, weight)])
    told = np.column_stack([column.read for column in columns.values()])
    mean, spread = told.mean(axis=0), told.std(axis=0)
    line = LogisticRegression(C=1 / STRENGTH, max_iter=1_000)
    line.fit((told - mean) / spread, positive, weight)
    trees = []
    for place, (at, column) in enumerate(columns.items()):
        slope, start = line.coef_[0, place] / spread[place], 0.0 if place else line.intercept_[0]
        terms = start + slope * (np.append(column.levels, column.missing) - mean[place])
        trees.append(_written(at, column, terms))
    return with_trees(frame, trees)


def _varies(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 0 and float(known.min()) < float(known.max())


def read_in_steps(values: Floats) -> Column:
    """Cut the range of a column (n,) into equal steps; those without rows are left out."""
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, (TAIL, 1 - TAIL))
    if low == high:
        low, high = known.min(), known.max()
    edges = np.linspace(low, high, STEPS + 1)
    step = np.searchsorted(edges[1:-1], values, side="left")
    missing = np.isnan(values)
    found = np.unique(step[~missing])
    levels = (edges[found] + edges[found + 1]) / 2
    place = np.where(missing, -1, np.searchsorted(found, step))
    return Column(edges[found[:-1] + 1], levels, float(np.median(known)), place)


def _level(positive: Mask, weight: Floats | None) -> str:
    """Write the log-odds of failing as a tree of one leaf; half a row of either outcome keeps them finite."""
    failed, all_rows = np.average(positive, weights=weight) * len(positive), len(positive)
    margin = float(np.log((failed + 0.5) / (all_rows - failed + 0.5)))
    fields: dict[str, Iterable[Any]] = {
        "num_leaves": [1], "num_cat": [0], "split_feature": [], "split_gain": [], "threshold": [],
        "decision_type": [], "left_child": [], "right_child": [], "leaf_value": [margin], "leaf_weight": [],
        "leaf_count": [all_rows], "internal_value": [], "internal_weight": [], "internal_count": [],
        "is_linear": [0], "shrinkage": [1],
    }  # fmt: skip
    return _told(fields)


def _written(at: int, column: Column, terms: Floats) -> str:
    """Write a term, of each step and of missing, as LightGBM writes a tree: missing aside, then by halves.

    Where nothing was missing there is no leaf for it, as a leaf needs rows: a missing value then goes the
    way of the column's median.
    """
    values = terms[:-1]
    counts = np.bincount(column.step[column.step >= 0], minlength=len(values))
    unknown = int((column.step < 0).sum())
    nodes = list(_halved(0, len(values), 0))
    thresholds = [column.thresholds[middle - 1] for _, middle, _, _, _ in nodes]
    spans = [node[:3] for node in nodes]
    left, right = [node[3] for node in nodes], [node[4] for node in nodes]
    if unknown:
        shift = [[child + 1 if child >= 0 else child for child in side] for side in (left, right)]
        left, right = [1, *shift[0]], [-len(values) - 1, *shift[1]]
        thresholds, spans = [_ABOVE_ALL, *thresholds], [(0, len(values), len(values) + 1), *spans]
        counts, values = np.append(counts, unknown), terms
    ways = [NAN_MISSING + DEFAULT_LEFT * (not unknown and column.missing <= edge) for edge in thresholds]
    inner = [int(counts[start:stop].sum()) for start, _, stop in spans]
    fields: dict[str, Iterable[Any]] = {
        "num_leaves": [len(values)], "num_cat": [0], "split_feature": [at] * len(spans),
        "split_gain": [_gain(counts, values, span) for span in spans], "threshold": thresholds,
        "decision_type": ways, "left_child": left, "right_child": right,
        "leaf_value": values, "leaf_weight": counts, "leaf_count": counts,
        "internal_value": [_mean(counts, values, start, stop) for start, _, stop in spans],
        "internal_weight": inner, "internal_count": inner, "is_linear": [0], "shrinkage": [1],
    }  # fmt: skip
    return _told(fields)


def _told(fields: Mapping[str, Iterable[Any]]) -> str:
    return "\n".join(f"{name}={' '.join(_number(each) for each in told)}" for name, told in fields.items())


def _mean(counts: NDArray[np.intp], values: Floats, start: int, stop: int) -> float:
    return float(np.average(values[start:stop], weights=counts[start:stop]))


def _gain(counts: NDArray[np.intp], values: Floats, span: tuple[int, int, int]) -> float:
    """Return how far a split parts its rows, as squared distance from their mean."""
    start, middle, stop = span
    sides = (start, middle), (middle, stop)
    means, rows = (
        [_mean(counts, values, *side) for side in sides],
        [counts[slice(*side)].sum() for side in sides],
    )
    return float(rows[0] * rows[1] / (rows[0] + rows[1]) * (means[0] - means[1]) ** 2)


def _halved(start: int, stop: int, node: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield the nodes over steps start to stop: start, middle, stop, and number of left and right child.

    A child of one step is a leaf, which is written as -1 less its number.
    """
    if stop - start < 2:
        return
    middle = (start + stop) // 2
    left = -start - 1 if middle - start == 1 else node + 1
    inner = middle - start - 1
    right = -middle - 1 if stop - middle == 1 else node + 1 + inner
    yield start, middle, stop, left, right
    yield from _halved(start, middle, node + 1)
    yield from _halved(middle, stop, node + 1 + inner)


def _number(value: Any) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)
