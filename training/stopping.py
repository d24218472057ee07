"""Fits of several seeds, of as many trees each as a later fold asks of the first ones' mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.calibration import log_odds_of
from models.spec import ModelSpec
from training.rounds import STEP, advised_rounds, has_waited, mean_loss

Floats = NDArray[np.float64]
Settings = Mapping[str, Any]
"""LightGBM's parameters of one fit."""

WATCHED = 2
"""Fits that say how many trees all have: one that draws its thresholds and one that searches them."""
SPARE = 100
"""Rounds in which a fit may find nothing to split before it is held to be at its end."""


def advised_fits(
    fold: lgb.Dataset,
    later: lgb.Dataset,
    told: Sequence[Settings],
    spec: ModelSpec,
    tick: Callable[[Any], None],
) -> list[lgb.Booster]:
    """Fit once by each of `told`, as many trees each as a later fold asks (`advised_rounds`).

    The first two grow together until the fold's loss by their mean margins has not been lower for
    `early_stopping_rounds` trees. The others grow no further than that chooses. `tick` is called for each
    tree of the first.
    """
    watched = [lgb.Booster(dict(each), fold).add_valid(later, "later") for each in told[:WATCHED]]
    trees = _advised(watched, later, spec, tick)
    fits = [truncated(fit, trees) for fit in watched]
    for each in told[WATCHED:]:
        fit = lgb.Booster(dict(each), fold)
        _grow(fit, trees)
        fits.append(truncated(fit, trees))
    fewest = min(fit.num_trees() for fit in fits)
    return [fit if fit.num_trees() == fewest else truncated(fit, fewest) for fit in fits]


def truncated(booster: lgb.Booster, rounds: int) -> lgb.Booster:
    """Return the booster's first trees as a booster of its own."""
    return lgb.Booster(model_str=booster.model_to_string(num_iteration=rounds))


def margins_of(fit: lgb.Booster) -> Floats:
    """Return the margins (n,) of the rows that a fit is watched on, which LightGBM keeps as it grows."""
    seen: list[Floats] = []

    def look(probability: Floats, _: lgb.Dataset) -> list[tuple[str, float, bool]]:
        seen.append(log_odds_of(probability))
        return []

    fit.eval_valid(look)
    return seen[0]


def _advised(
    fits: Sequence[lgb.Booster], later: lgb.Dataset, spec: ModelSpec, tick: Callable[[Any], None]
) -> int:
    """Grow fits in step, until more trees help no more; return how many of them to keep."""
    positive, weight = np.asarray(later.get_label()) > 0, later.get_weight()
    share = None if weight is None else np.asarray(weight, dtype=np.float64)
    least = min(spec.least_rounds, spec.rounds)
    margins: list[Floats] = []
    losses: list[float] = []
    for trees in range(STEP, spec.rounds + 1, STEP):
        if not all(_grow(fit, trees, tick if fit is fits[0] else None) for fit in fits):
            break
        margins.append(np.mean([margins_of(fit) for fit in fits], axis=0))
        losses.append(mean_loss(margins[-1], positive, share))
        if trees >= least and has_waited(losses, spec.early_stopping_rounds):
            break
    chosen = advised_rounds(margins, positive, share, least)
    for fit in fits:
        _grow(fit, chosen)
    return chosen


def _grow(fit: lgb.Booster, trees: int, tick: Callable[[Any], None] | None = None) -> bool:
    """Add trees until there are so many; say whether it could.

    A round whose draw of rows and thresholds finds no split adds no tree, and is drawn again.
    """
    for _ in range(trees - fit.current_iteration() + SPARE):
        if fit.current_iteration() >= trees:
            break
        fit.update()
        if tick is not None:
            tick(None)
    return fit.current_iteration() >= trees
