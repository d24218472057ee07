"""Exact contributions beside LightGBM's pred_contrib and shap. `python -m benchmarks.tree_shap --json OUT
[--quick]`.

CPU time in microseconds a row, one thread, ours and the peers' in turns in one process; the ratio is peer
over ours.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import lightgbm as lgb
import numpy as np

from benchmarks.rows import tell
from models.tree_shap import TreeShap

Rows = list[dict[str, Any]]

FEATURES, LEAVES, DEPTHS = 80, 63, (-1, 8, 6)
ROUNDS, BATCH, SINGLES, PEER_ROWS = 5, 512, 100, 16


def trained(trees: int, depth: int) -> tuple[lgb.Booster, np.ndarray[Any, Any]]:
    """Train on 20,000 rows of 80 columns: flags, codes and numbers with gaps, few of which matter alone."""
    random = np.random.default_rng(0)
    X = random.normal(size=(20_000, FEATURES))
    X[:, ::7] = X[:, ::7] > 1
    X[:, 3::10] = random.integers(0, 30, X[:, 3::10].shape)
    X[random.random(X.shape) < 0.05] = np.nan
    filled = np.nan_to_num(X)
    z = 0.3 * filled[:, 1::2] @ random.normal(size=FEATURES // 2) + filled[:, 0] * filled[:, 1]
    y = z + random.logistic(size=len(X)) > 1
    parameters = {
        "objective": "binary", "num_leaves": LEAVES, "max_depth": depth, "learning_rate": 0.05,
        "num_threads": 1, "verbose": -1,
    }  # fmt: skip
    return lgb.train(parameters, lgb.Dataset(X, y), trees), X


def cpu(work: Callable[[], object], rows: int) -> float:
    """Return CPU microseconds a row."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / rows * 1e6


def in_turns(works: dict[str, tuple[Callable[[], object], int]]) -> dict[str, float]:
    """Time every work once a round, so that a noisy machine troubles all alike; the median of the rounds."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, (work, rows) in works.items():
            times[name].append(cpu(work, rows))
    return {name: statistics.median(found) for name, found in times.items()}


def measure(trees: int, depth: int) -> Rows:
    """Compare batches and single rows on one model."""
    import shap

    booster, X = trained(trees, depth)
    start = time.process_time()
    tree_shap = TreeShap(booster)
    ready = time.process_time() - start
    batch, few, singles = (
        X[:BATCH].copy(),
        X[:PEER_ROWS].copy(),
        [X[i : i + 1].copy() for i in range(SINGLES)],
    )
    explainer = shap.TreeExplainer(booster)
    warnings.filterwarnings("ignore", message="LightGBM binary classifier")
    tree_shap.values(batch)
    tree_shap.values(singles[0])
    found = in_turns({
        "batch": (lambda: tree_shap.values(batch), BATCH),
        "single": (lambda: [tree_shap.values(row) for row in singles], SINGLES),
        "pred_contrib": (lambda: booster.predict(few, pred_contrib=True), PEER_ROWS),
        "pred_contrib single": (lambda: [booster.predict(r, pred_contrib=True) for r in singles[:8]], 8),
        "shap": (lambda: explainer.shap_values(few), PEER_ROWS),
    })  # fmt: skip
    theirs = np.asarray(booster.predict(few, pred_contrib=True))[:, :-1]
    apart = float(np.abs(tree_shap.values(few) - theirs).max())
    name = f"{trees} trees x {LEAVES} leaves, " + ("depth unlimited" if depth < 0 else f"depth {depth}")
    note = f"largest difference {apart:.0e}; prepared in {ready:.2f} CPU s"
    return [
        row(f"{name}: batch, against pred_contrib", found["batch"], found["pred_contrib"], note),
        row(f"{name}: batch, against shap.TreeExplainer", found["batch"], found["shap"], "same values"),
        row(f"{name}: single row, against pred_contrib", found["single"], found["pred_contrib single"], ""),
    ]


def row(name: str, ours: float, peer: float, note: str) -> dict[str, Any]:
    return {
        "benchmark": name,
        "ours": ours,
        "peer": peer,
        "ratio": peer / ours,
        "note": f"CPU µs a row; {note}",
    }


def rare_flags(rows: int, trees: int) -> Rows:
    """Compare how far base plus contributions miss the score, on deep trees of rare flags."""
    random = np.random.default_rng(1)
    X = (random.random((rows, FEATURES)) < 0.004).astype(float)
    y = random.random(rows) < 1 / (1 + np.exp(2 - X @ random.uniform(2, 5, FEATURES)))
    parameters = {
        "objective": "binary",
        "num_leaves": LEAVES,
        "min_data_in_leaf": 5,
        "num_threads": 1,
        "verbose": -1,
    }
    booster = lgb.train(parameters, lgb.Dataset(X, y), trees)
    tree_shap, few = TreeShap(booster), X[:200]
    raw = np.asarray(booster.predict(few, raw_score=True))
    ours = np.abs(tree_shap.values(few).sum(axis=1) + tree_shap.expected_value - raw)
    theirs = np.abs(np.asarray(booster.predict(few, pred_contrib=True)).sum(axis=1) - raw)
    return [
        {
            "benchmark": f"additivity on deep trees of rare flags ({rows:,} rows, {trees} trees)",
            "ours": float(ours.max()),
            "peer": float(np.median(theirs)),
            "ratio": None,
            "note": "log-odds missed: our largest, pred_contrib's median",
        }
    ]


def run(*, quick: bool = False) -> Rows:
    """Run every comparison; `quick` uses a tenth of the trees."""
    rows = [found for depth in DEPTHS for found in measure(40 if quick else 400, depth)]
    return rows + (rare_flags(20_000, 3) if quick else rare_flags(100_000, 20))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    tell(run(quick=arguments.quick), arguments.json)


if __name__ == "__main__":
    main()
