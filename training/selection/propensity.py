"""How likely each line was to be inspected: as the plan recorded it, or estimated from what was known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.calibration import Platt, fit_platt, sigmoid
from training.selection.population import Population

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCKS = 5
"""Parts in time; each is judged by what was learned from those before it."""
ROUNDS = 120
LARGEST = 40_000
"""Lines that teach a block at most: an even part of those before it."""
LEAST, MOST = 0.001, 0.999
SETTINGS: dict[str, Any] = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 100,
    "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0, "cat_smooth": 50.0,
    "max_cat_threshold": 8, "deterministic": True, "force_row_wise": True, "verbosity": -1, "seed": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Propensity:
    """Chances of a population's lines, inspected and passed over alike (n + m,).

    `chosen` is that of being chosen by judgement once neither the law nor the draw took the line;
    `inspected` that of being inspected at all: 1 where the law says so.
    """

    chosen: Floats
    inspected: Floats

    def weights(self, cap: float) -> Floats:
        """Return inverse chances of inspection, clipped at `cap`."""
        return np.minimum(1.0 / self.inspected, cap)


def estimate_propensity(population: Population, *, threads: int = 0) -> Propensity:
    """Estimate the chances of every line; all are 1 where nothing was passed over.

    The law's are recorded; those of the draw too where it drew, and taken to be alike within a direction
    and regime elsewhere. Whom judgement chooses is learned by small trees from the model's own features, in
    time order, and calibrated on what came later than their lessons; the first block judges itself.
    """
    rows = len(population.values)
    if not population.selected:
        return Propensity(np.ones(rows), np.ones(rows))
    chosen = _chosen(population, threads)
    drawn = drawn_shares(population)
    inspected = 1.0 - (1.0 - drawn) * (1.0 - chosen)
    inspected[: population.inspected][population.statutory] = 1.0
    return Propensity(chosen, np.clip(inspected, LEAST, 1.0))


def drawn_shares(population: Population) -> Floats:
    """Return the chance (n + m,) that the plan draws a line at random, before anybody judges it."""
    inspected, drawn = population.inspected, population.drawn
    regimes = population.grouped(2)
    lawful = np.zeros(len(regimes), dtype=bool)
    lawful[:inspected] = population.statutory
    shares = np.zeros(len(regimes))
    for regime in np.unique(regimes):
        of = (regimes == regime) & ~lawful
        taken = population.weight[of].sum()
        shares[of] = drawn[of[:inspected]].sum() / taken if taken else 0.0
    known = drawn & (population.recorded > 0)
    shares[:inspected][known] = population.recorded[known]
    return shares


def _chosen(population: Population, threads: int) -> Floats:
    """Learn in time order; return the calibrated chance (n + m,) of being chosen."""
    event = np.zeros(len(population.values), dtype=bool)
    event[: population.inspected] = population.chosen
    asked = np.ones(len(event), dtype=bool)
    asked[: population.inspected] = population.chosen
    asked[len(asked) - population.untold :] = False
    margin, block = np.zeros(len(event)), _blocks(population.as_of)
    probability = np.full(len(event), LEAST)
    usual = Platt()
    for step in range(BLOCKS):
        before = asked & (block < step) if step else asked & (block == 0)
        mine = block == step
        if not event[before].any() or event[before].all():
            continue
        margin[mine] = _margins(population, before, event, mine, threads)
        seen = asked & (block < step) & (block > 0)
        if event[seen].any():
            usual = fit_platt(margin[seen], event[seen], population.weight[seen])
        probability[mine] = sigmoid(usual.log_odds(margin[mine]))
    return np.clip(probability, LEAST, MOST)


def _margins(population: Population, before: Mask, event: Mask, mine: Mask, threads: int) -> Floats:
    settings, taught = SETTINGS | {"num_threads": threads}, np.flatnonzero(before)
    taught = taught[:: max(1, -(-len(taught) // LARGEST))]
    fold = lgb.Dataset(
        population.values[taught],
        event[taught].astype(np.float64),
        weight=population.weight[taught],
        categorical_feature=list(population.categorical),
        params=settings,
    )
    booster = lgb.train(settings, fold, ROUNDS)
    margins = booster.predict(population.values[mine], raw_score=True, num_threads=threads)
    return np.asarray(margins, dtype=np.float64)


def _blocks(as_of: NDArray[np.int64]) -> NDArray[np.intp]:
    """Cut instants into equal parts in time; equal instants are never parted."""
    edges = np.quantile(as_of, np.linspace(0, 1, BLOCKS + 1)[1:-1], method="lower")
    return np.searchsorted(edges, as_of, side="left")
