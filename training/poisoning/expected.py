"""What a source would have reported had it judged like the others: a small model that never saw it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.spec import ModelSpec
from training.fit import Member, Table, boost
from training.members import CODES
from training.poisoning.sources import Labels

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SETTINGS: dict[str, Any] = {
    "rounds": 60, "learning_rate": 0.05, "num_leaves": 15, "max_depth": 5, "min_data_in_leaf": 20,
    "lambda_l2": 1.0, "feature_fraction": 0.6, "bagging_fraction": 1.0, "seeds": 1, "threads": 1,
}  # fmt: skip
"""A small model: it only has to know which goods fail more often."""
FOLDS = 5
LARGEST = 20_000
"""Rows that teach a fold's model at most."""
PRIOR = 4.0
"""Cases that a reason of inspection is believed to be like all others before it is counted."""


def cross_fitted(table: Table, sources: Labels, spec: ModelSpec) -> Floats:
    """Return each row's probability (n,) by a model that learned from other sources only.

    Only what was declared is read: histories would repeat a source's lies. A row without a source is NaN.
    """
    told = np.full(len(table.positive), np.nan)
    member = Member("declared", np.flatnonzero([name in CODES for name in table.names]))
    settings = replace(spec, **SETTINGS)
    stated = ~_missing(sources)
    for held in folds(sources):
        taught = ~held & stated
        if not table.positive[taught].any():
            continue
        booster = boost(table, _thinned(taught), settings, member)
        told[held] = _probability(booster, table.values[held])
    return told


def folds(sources: Labels) -> Iterator[Mask]:
    """Yield masks of rows; each source lies wholly in one, the largest ones apart from each other."""
    codes, names = coded(sources)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    fold_of = np.empty(len(names) + 1, dtype=np.intp)
    fold_of[np.argsort(-counts, kind="stable")] = np.arange(len(names)) % FOLDS
    fold_of[-1] = -1
    for fold in range(min(FOLDS, len(names))):
        yield fold_of[codes] == fold


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """Rows (n,) with their out-of-source probability, outcome and reason, and both sums over each reason.

    Rows of which no probability is known have no part in the sums.
    """

    told: Floats
    positive: Floats
    reason: NDArray[np.intp]
    found: Floats
    hoped: Floats

    @classmethod
    def of(cls, told: Floats, positive: Mask, reasons: Labels) -> Expectation:
        """Sum failures and probabilities by reason of inspection."""
        codes, names = coded(reasons)
        reason = np.where(codes < 0, len(names), codes)
        known, failed = np.isfinite(told), positive.astype(np.float64)
        found, hoped = (_sums(reason[known], values[known], len(names) + 1) for values in (failed, told))
        return cls(told, failed, reason, found, hoped)

    def of_rows(self, rows: NDArray[np.intp]) -> Floats:
        """Return the failures expected of each row, each reason of inspection doing as in other rows."""
        reason, told = self.reason[rows], self.told[rows]
        found, hoped = (_sums(reason, values, len(self.found)) for values in (self.positive[rows], told))
        factor = (self.found - found + PRIOR) / (self.hoped - hoped + PRIOR)
        return np.asarray(np.minimum(told * factor[reason], 1.0))


def _sums(codes: NDArray[np.intp], values: Floats, count: int) -> Floats:
    return np.asarray(np.bincount(codes, values, minlength=count), dtype=np.float64)


def coded(labels: Labels) -> tuple[NDArray[np.intp], list[str]]:
    """Return each label's position among the labels there are, and these in order; no label is -1."""
    codes, names = pd.factorize(labels, sort=True)
    return codes, [str(name) for name in names]


def _probability(booster: lgb.Booster, values: Floats) -> Floats:
    return np.asarray(booster.predict(values, num_threads=1), dtype=np.float64)


def _thinned(rows: Mask) -> Mask:
    step = -(-int(rows.sum()) // LARGEST)
    kept = np.zeros_like(rows)
    kept[np.flatnonzero(rows)[:: max(step, 1)]] = True
    return kept


def _missing(sources: Sequence[object] | Labels) -> Mask:
    return np.array([source is None for source in sources], dtype=bool)
