"""Contributions of features to the raw score of a booster, exact and additive."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from models.errors import FrameMismatch
from models.tree_shap.batches import BLOCK, STATES, TABLE_ROWS, BatchScratch, blocks
from models.tree_shap.decisions import ZERO
from models.tree_shap.few import FEW, few_rows
from models.tree_shap.program import compile_trees
from models.tree_shap.rows import RowScratch, leaf_sums, rows_one_by_one
from models.tree_shap.structure import AnyBooster, model_text, parse
from models.tree_shap.vectors import ROWS

Floats = NDArray[np.float64]

_FEWEST_TOGETHER, _FEWEST_IN_TILE = 3, 5
"""From so many rows on taking them together is cheaper, then a part-filled tile; the bits are the same."""


class TreeShap:
    """Path-dependent SHAP values of a booster's raw margin (log-odds for a binary objective).

    For every row the expected value plus the sum of its values is the booster's raw score. Takes a LightGBM
    booster or the text it saves. Raises UnsupportedBooster for linear trees, random forests, leaves without
    training rows and damaged text. One object may be used by several threads at a time.
    """

    def __init__(self, booster: AnyBooster) -> None:
        trees = parse(model_text(booster))
        self.n_features, self.n_classes = trees.n_features, trees.n_classes
        self._program, self._sizes = compile_trees(trees)

    @property
    def expected_value(self) -> float:
        """The mean score of the training rows, the base that contributions start from; of one output only."""
        if self.n_classes != 1:
            raise FrameMismatch(f"the booster has {self.n_classes} outputs: read expected_values")
        return float(self._sizes.expected[0])

    @property
    def expected_values(self) -> Floats:
        """The mean score of the training rows by class (classes,)."""
        return self._sizes.expected.copy()

    def values(self, X: Floats, *, threads: int = 1) -> Floats:
        """Return contributions (rows, features) of the rows of X (rows, features), or (rows, features,
        classes).

        The bits of a row do not depend on the rows beside it nor on `threads`, which are for batches.
        """
        rows = self._check(X)
        out = np.empty((len(rows), self.n_classes * self.n_features))
        if threads > 1 and len(rows) >= 2 * ROWS:
            self._fill_in_threads(rows, out, threads)
        else:
            self._fill(rows, out)
        if self.n_classes == 1:
            return out
        by_class = out.reshape(len(rows), self.n_classes, self.n_features)
        return np.ascontiguousarray(by_class.transpose(0, 2, 1))

    def margins(self, X: Floats) -> Floats:
        """Return raw scores (rows,), or (rows, classes): the sums of the leaves, without contributions."""
        rows = self._check(X)
        out = np.zeros((len(rows), self.n_classes))
        leaf_sums(self._program, rows, out)
        return out[:, 0] if self.n_classes == 1 else out

    def _fill(self, rows: Floats, out: Floats) -> None:
        scattered = len(rows) % ROWS if len(rows) % ROWS < _FEWEST_IN_TILE else 0
        whole = len(rows) - scattered
        if whole:
            blocks(self._program, rows[:whole], out[:whole], self._batch_scratch(whole))
        for at in range(whole, len(rows), FEW):
            self._fill_few(rows[at : at + FEW], out[at : at + FEW])

    def _fill_few(self, rows: Floats, out: Floats) -> None:
        if len(rows) < _FEWEST_TOGETHER:
            rows_one_by_one(self._program, rows, out, self._row_scratch())
        else:
            few_rows(self._program, rows, out, self._batch_scratch(len(rows)))

    def _fill_in_threads(self, rows: Floats, out: Floats, threads: int) -> None:
        step = -(-len(rows) // (threads * ROWS)) * ROWS
        starts = range(0, len(rows), step)
        with ThreadPoolExecutor(threads) as pool:
            parts = ((rows[at : at + step], out[at : at + step]) for at in starts)
            list(pool.map(lambda part: self._fill(*part), parts))  # a list, so that errors are raised here

    def _row_scratch(self) -> RowScratch:
        splits, nodes = self._sizes.most_splits, self._sizes.most_nodes
        return RowScratch(
            states=np.empty(2 * splits + 2, dtype=np.int64),
            products=np.empty((2 * splits + 1) * nodes),
            inverses=np.empty((splits + 1) * nodes),
            gains=np.empty((splits + 1) * nodes),
        )

    def _batch_scratch(self, rows: int) -> BatchScratch:
        splits, nodes = self._sizes.most_splits, self._sizes.most_nodes
        room = min(BLOCK, -(-rows // ROWS) * ROWS)
        return BatchScratch(
            x=np.empty(self.n_features * room),
            phi=np.empty(self.n_classes * self.n_features * room),
            masks=np.empty(2 * splits + 2, dtype=np.int64),
            values=np.empty(3 * (self._sizes.deepest + 1) * nodes * ROWS),
            tables=np.empty(splits * STATES * TABLE_ROWS * nodes),
            inverses=np.empty((2 * splits + 2) * nodes),
            gains=np.empty((2 * splits + 2) * nodes),
        )

    def _check(self, X: Floats) -> Floats:
        rows = np.ascontiguousarray(X, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise FrameMismatch(f"rows must have the shape (rows, {self.n_features}), not {np.shape(X)}")
        # LightGBM reads what is this near to zero as zero, before it decides any split.
        tiny = (np.abs(rows) <= ZERO) & (rows != 0.0)
        return np.where(tiny, 0.0, rows) if tiny.any() else rows
