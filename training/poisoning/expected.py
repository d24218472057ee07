"""What a source would have reported had it judged like the others: a small model that never saw it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.spec import ModelSpec
from training.fit import Member, Table, boost
from training.members import CODES
from training.poisoning.sources import Labels

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SETTINGS: dict[str, Any] = {
    "rounds": 60, "learning_rate": 0.05, "num_leaves": 15, "max_depth": 5, "min_data_in_leaf": 20,
    "lambda_l2": 1.0, "feature_fraction": 0.6, "bagging_fraction": 1.0, "threads": 1,
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
    for held in folds(sources):
        taught = ~held & ~_missing(sources)
        if not table.positive[taught].any():
            continue
        booster = boost(table, _thinned(taught), settings, member)
        told[held] = _probability(booster, table.values[held])
    return told


def folds(sources: Labels) -> Iterator[Mask]:
    """Yield masks of rows; each source lies wholly in one, the largest ones apart from each other."""
    names, counts = np.unique(sources[~_missing(sources)].astype(str), return_counts=True)
    order = names[np.argsort(-counts, kind="stable")]
    for fold in range(min(FOLDS, len(order))):
        mine = set(order[fold::FOLDS].tolist())
        yield np.array([source in mine for source in sources], dtype=bool)


def expected_of(told: Floats, positive: Mask, reasons: Labels, rows: Mask) -> Floats:
    """Return the failures expected of each line of `rows`, each reason of inspection doing as elsewhere."""
    expected = told.copy()
    for reason in set(reasons[rows].tolist()):
        like = (reasons == reason) & np.isfinite(told)
        others = like & ~rows
        factor = (positive[others].sum() + PRIOR) / (told[others].sum() + PRIOR)
        expected[like & rows] *= factor
    return np.asarray(np.minimum(expected[rows], 1.0))


def _probability(booster: lgb.Booster, values: Floats) -> Floats:
    return np.asarray(booster.predict(values, num_threads=1), dtype=np.float64)


def _thinned(rows: Mask) -> Mask:
    step = -(-int(rows.sum()) // LARGEST)
    kept = np.zeros_like(rows)
    kept[np.flatnonzero(rows)[:: max(step, 1)]] = True
    return kept


def _missing(sources: Sequence[object] | Labels) -> Mask:
    return np.array([source is None for source in sources], dtype=bool)
