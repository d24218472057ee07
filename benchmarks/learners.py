"""Learners that are set beside ours: each has our rows and folds, and chooses its size on our stop fold.

Each fits on the fit fold, stops where the stop fold's log loss is best, as is its own default, and is fitted
again with that size on every row, as ours is. Other settings are usual ones, fixed before measuring.
Stopping by average precision, as ours does, was tried first: it left CatBoost a single tree on a port, and
served one LightGBM better for the rare target of the Korean set (0.55) and no other learner beyond doubt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from training.candidate import Bench
from training.figures import average_precision
from training.fit import Table

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

ROUNDS, PATIENCE, RATE = 1_000, 80, 0.05


@dataclass(frozen=True, slots=True)
class Taught:
    """A score of frames (n, k), and in words what the stop fold chose."""

    score: Callable[[Floats], Floats]
    found: str


@dataclass(frozen=True, slots=True)
class Rival:
    """A learner: the module it needs, the package that brings it, its settings in words, and its fit."""

    package: str
    install: str
    settings: str
    learn: Callable[[Bench], Taught]


def xgboost(bench: Bench) -> Taught:
    """Gradient boosted trees of XGBoost on histograms, codes as its native categories."""
    import xgboost as xgb

    table, folds = bench.encoded.table, bench.folds
    types = ["c" if at in set(table.categorical) else "float" for at in range(len(table.names))]
    settings = {
        "objective": "binary:logistic", "eval_metric": "logloss", "eta": RATE, "max_depth": 6,
        "subsample": 0.8, "colsample_bytree": 0.8, "tree_method": "hist", "nthread": 1, "seed": 1,
    }  # fmt: skip

    def matrix(values: Floats, positive: Mask | None = None) -> Any:
        label = None if positive is None else positive.astype(float)
        return xgb.DMatrix(values, label, feature_types=types, enable_categorical=True, nthread=1)

    fit, stop = (matrix(table.values[rows], table.positive[rows]) for rows in (folds.fit, folds.stop))
    first = xgb.train(
        settings, fit, ROUNDS, evals=[(stop, "stop")], early_stopping_rounds=PATIENCE, verbose_eval=False
    )
    rounds = first.best_iteration + 1
    booster = xgb.train(settings, matrix(table.values, table.positive), rounds)
    return Taught(lambda values: np.asarray(booster.predict(matrix(values)), dtype=float), f"{rounds} trees")


def catboost(bench: Bench) -> Taught:
    """Ordered boosting of CatBoost, codes as its own target statistics."""
    import catboost as cb
    import pandas as pd

    table, folds = bench.encoded.table, bench.folds
    codes = list(table.categorical)
    settings: dict[str, Any] = {
        "loss_function": "Logloss", "learning_rate": RATE, "depth": 6, "thread_count": 1, "random_seed": 1,
        "verbose": False, "allow_writing_files": False,
    }  # fmt: skip

    def pool(values: Floats, positive: Mask | None = None) -> Any:
        frame = pd.DataFrame(values)
        frame = frame.astype(dict.fromkeys(codes, int))
        return cb.Pool(frame, None if positive is None else positive.astype(int), cat_features=codes)

    first = cb.CatBoostClassifier(**settings, iterations=ROUNDS, od_type="Iter", od_wait=PATIENCE)
    fit, stop = (pool(table.values[rows], table.positive[rows]) for rows in (folds.fit, folds.stop))
    first.fit(fit, eval_set=stop)
    rounds = int(first.get_best_iteration()) + 1
    model = cb.CatBoostClassifier(**settings, iterations=rounds).fit(pool(table.values, table.positive))
    return Taught(
        lambda values: np.asarray(model.predict_proba(pool(values))[:, 1], dtype=float), f"{rounds} trees"
    )


TREES = {
    "objective": "binary", "learning_rate": 0.1, "num_leaves": 16, "seed": 1, "deterministic": True,
    "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip
TREE_ROUNDS, STRENGTHS = 100, (0.003, 0.03, 0.3)


def trees_and_logistic(bench: Bench) -> Taught:
    """The leaf of each tree, one-hot, into a logistic regression, whose strength the stop fold chooses."""
    table, folds = bench.encoded.table, bench.folds
    scores = [_leaves_fitted(table, folds.fit, strength) for strength in STRENGTHS]
    stop = [
        average_precision(table.positive[folds.stop], score(table.values[folds.stop])) for score in scores
    ]
    strength = STRENGTHS[int(np.argmax(stop))]
    every = np.ones(len(table.positive), dtype=bool)
    return Taught(_leaves_fitted(table, every, strength), f"C {strength}")


def _leaves_fitted(table: Table, rows: Mask, strength: float) -> Callable[[Floats], Floats]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    booster = _light(table, rows, TREES, TREE_ROUNDS)
    line = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"), LogisticRegression(C=strength, max_iter=1_000)
    )
    line.fit(_leaves(booster, table.values[rows]), table.positive[rows])
    return lambda values: np.asarray(line.predict_proba(_leaves(booster, values))[:, 1], dtype=float)


def _leaves(booster: lgb.Booster, values: Floats) -> NDArray[np.int32]:
    return np.asarray(booster.predict(values, pred_leaf=True, num_threads=1), dtype=np.int32)


PLAIN = {
    "objective": "binary", "metric": "binary_logloss", "learning_rate": RATE, "seed": 1,
    "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip


def one_lightgbm(bench: Bench) -> Taught:
    """One LightGBM booster with its own defaults."""
    table, folds = bench.encoded.table, bench.folds
    first = _light(table, folds.fit, PLAIN, ROUNDS, stop=folds.stop)
    every = np.ones(len(table.positive), dtype=bool)
    booster = _light(table, every, PLAIN, first.best_iteration)
    return Taught(
        lambda values: np.asarray(booster.predict(values, num_threads=1)), f"{first.best_iteration} trees"
    )


def _light(
    table: Table, rows: Mask, settings: dict[str, Any], rounds: int, *, stop: Mask | None = None
) -> lgb.Booster:
    def fold(chosen: Mask, reference: lgb.Dataset | None = None) -> lgb.Dataset:
        labels = table.positive[chosen].astype(float)
        codes = list(table.categorical)
        return lgb.Dataset(table.values[chosen], labels, reference=reference, categorical_feature=codes)

    taught = fold(rows)
    if stop is None:
        return lgb.train(settings, taught, rounds)
    patience = lgb.early_stopping(PATIENCE, verbose=False)
    return lgb.train(settings, taught, rounds, valid_sets=[fold(stop, taught)], callbacks=[patience])


_SIZE = f"at most {ROUNDS:,} trees, patience {PATIENCE} by log loss, learning rate {RATE}"
RIVALS = {
    "LightGBM, one booster": Rival("lightgbm", "lightgbm", f"its defaults; {_SIZE}", one_lightgbm),
    "XGBoost": Rival(
        "xgboost", "xgboost-cpu",
        f"hist, depth 6, rows and columns 0.8, native categories; {_SIZE}", xgboost,
    ),
    "CatBoost": Rival("catboost", "catboost", f"its defaults, depth 6, native categories; {_SIZE}", catboost),
    "GBDT + logistic regression": Rival(
        "sklearn", "scikit-learn",
        f"{TREE_ROUNDS} LightGBM trees of 16 leaves, one-hot, L2; C of {', '.join(map(str, STRENGTHS))}",
        trees_and_logistic,
    ),
}  # fmt: skip
