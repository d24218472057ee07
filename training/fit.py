"""Boosters fitted to a frame: views of its rows, each stopped early, mixed as later rows advise (`members`).

The first sees only codes and amounts and may split finely; the others see more and are held back more. Which
deserves how much trust differs by target: history sharpens a common target, while a rare one learns chance
from it. The mixture is chosen on folds after the fit and before the test, the same way for every target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from features.instants import DAY
from models.spec import ModelSpec
from training.blend import blend
from training.clusters import Clusters
from training.figures import average_precision, resampled_gains
from training.progress import SILENT, Progress
from training.split import Folds
from training.stopping import advised_fits, truncated

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEPS = 4
"""Mixtures are tried in steps of a quarter."""
DOUBT = (0.01, 200)
"""The share of resamples, of so many, in which a mixture that replaces the last member may do no better."""


@dataclass(frozen=True, slots=True)
class Member:
    """One view of the rows: the columns it may read and the settings in which it differs from the spec."""

    name: str
    columns: NDArray[np.intp]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A frame's values (n, k) with its labels, categorical column positions and column names.

    `weight` (n,) is how much each row counts when trees are fitted; without it all count alike. `as_of` (n,)
    are the rows' instants, by which settings may let the newer ones count more. `signs` says for each column
    which way it moves the risk (`training.signs`); without it none is held to a direction. `clusters` says
    which rows are one enterprise's, and resemble each other; without it none are.
    """

    values: Floats
    positive: Mask
    names: Sequence[str]
    categorical: Sequence[int]
    weight: Floats | None = None
    signs: Sequence[int] = ()
    as_of: NDArray[np.int64] | None = None
    clusters: Clusters | None = None

    def parameters(self, settings: ModelSpec) -> dict[str, Any]:
        """Return LightGBM's parameters of the settings for these columns."""
        held = {"monotone_constraints": list(self.signs)} if any(self.signs) else {}
        return {**settings.parameters(), **held}

    def weights(self, rows: Mask, settings: ModelSpec) -> Floats | None:
        """Return how much each of some rows counts by these settings; None where all count alike."""
        weight = None if self.weight is None else self.weight[rows]
        if self.as_of is None or not settings.half_life_days:
            return weight
        age = self.as_of.max() - self.as_of[rows]
        recent = np.exp2(-age / (settings.half_life_days * DAY))
        recent /= recent.mean()
        return recent if weight is None else recent * weight


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the folds taught: each member's trees in one fit, its fits, and its part in the mixture."""

    members: tuple[Member, ...]
    rounds: tuple[int, ...]
    fits: tuple[int, ...]
    weights: tuple[float, ...]


def boost(
    table: Table,
    rows: Mask,
    spec: ModelSpec,
    member: Member,
    *,
    stop: Mask | None = None,
    progress: Progress = SILENT,
) -> lgb.Booster:
    """Fit one member on `rows`; with a `stop` fold, as many trees as that advises (`ModelSpec.stop_by_loss`).

    Columns that the member may not read are held constant, so that every booster reads the same frame. Fits
    of several seeds have as many trees each; the booster is their average in margins.
    """
    settings = replace(spec, **dict(member.settings))
    fold = _dataset(table, rows, settings, member.columns)
    later = None if stop is None else _later(table, fold, stop, settings, member.columns)
    with progress.boosting(f"  {member.name}", settings.rounds) as bar:
        callbacks = [bar] if progress.stream else []
        if later is None:
            first = lgb.train(table.parameters(settings), fold, settings.rounds, callbacks=callbacks)
        elif settings.stop_by_loss:
            told = [_reseeded(table, settings, at) for at in range(settings.seeds)]
            return _blended(advised_fits(fold, later, told, settings, bar))
        else:
            first = _stopped_by_ranking(table, fold, later, settings, callbacks)
    trees = first.num_trees()
    others = [lgb.train(_reseeded(table, settings, at), fold, trees) for at in range(1, settings.seeds)]
    return _blended([first, *others])


def _blended(fits: Sequence[lgb.Booster]) -> lgb.Booster:
    return blend(fits, [1 / len(fits)] * len(fits)) if len(fits) > 1 else fits[0]


def _stopped_by_ranking(
    table: Table, fold: lgb.Dataset, later: lgb.Dataset, settings: ModelSpec, callbacks: list[Any]
) -> lgb.Booster:
    """Fit until the stop fold is ranked no better; return the trees until then, or the least."""
    patience = lgb.early_stopping(settings.early_stopping_rounds, verbose=False)
    told = table.parameters(settings)
    booster = lgb.train(told, fold, settings.rounds, valid_sets=[later], callbacks=[*callbacks, patience])
    least = min(settings.least_rounds, settings.rounds)
    if booster.best_iteration < least:
        return lgb.train(told, fold, least)
    return truncated(booster, booster.best_iteration)


def _reseeded(table: Table, settings: ModelSpec, at: int) -> dict[str, Any]:
    """Return the parameters, after the first fit with other draws of rows, columns and thresholds.

    Of fits that draw their thresholds every other one searches them instead: drawn ones tell less of chance
    where failures are few, searched ones more of the rest where they are many.
    """
    if not at:
        return table.parameters(settings)
    drawn = settings.seed + 1_000 * at
    seeds = dict.fromkeys(("bagging_seed", "feature_fraction_seed", "extra_seed"), drawn)
    return {**table.parameters(settings), **seeds, "extra_trees": settings.extra_trees and at % 2 == 0}


def learn(
    table: Table,
    members: Sequence[Member],
    spec: ModelSpec,
    folds: Folds,
    progress: Progress = SILENT,
) -> tuple[lgb.Booster, Recipe, Floats]:
    """Fit every member, stop each on the stop fold, and mix them as ranks the folds after the fit best.

    Returns the mixture, its recipe, and its margins (n,) of those folds' rows, NaN elsewhere.
    """
    boosters = [boost(table, folds.fit, spec, each, stop=folds.stop, progress=progress) for each in members]
    judge = folds.stop | folds.calibrate
    judged = table.values[judge]
    margins = np.array([booster.predict(judged, raw_score=True) for booster in boosters])
    clusters = None if table.clusters is None else table.clusters.take(judge)
    weights = best_mixture(margins, table.positive[judge], clusters)
    fits = tuple(replace(spec, **dict(each.settings)).seeds for each in members)
    rounds = tuple(booster.num_trees() // fit for booster, fit in zip(boosters, fits, strict=True))
    mixed = np.full(len(judge), np.nan)
    mixed[judge] = np.array(weights) @ margins
    return blend(boosters, weights), Recipe(tuple(members), rounds, fits, weights), mixed


def relearn(table: Table, recipe: Recipe, spec: ModelSpec, *, rows: Mask, progress: Progress) -> lgb.Booster:
    """Fit a recipe again on more rows: as many rounds, the same mixture.

    A round that finds nothing to split adds no tree, which happens on some hundred rows.
    """
    chosen = [
        (boost(table, rows, replace(spec, rounds=rounds), _plain(member), progress=progress), weight)
        for member, rounds, weight in zip(recipe.members, recipe.rounds, recipe.weights, strict=True)
        if weight
    ]
    return blend([booster for booster, _ in chosen], [weight for _, weight in chosen])


def best_mixture(margins: Floats, positive: Mask, clusters: Clusters | None = None) -> tuple[float, ...]:
    """Return the weights, summing to one in steps of a quarter, whose mixture of margins (m, n) ranks best.

    The last member alone is kept unless the best mixture beats it beyond doubt, whichever `clusters` of lines
    (n,) had come: inspected lines are few and chosen, and what they seem to advise may be chance. Resamples
    without a failure say nothing of either and are left out; where fewer than `FEWEST_CLUSTERS` failed, those
    that are left are too much alike, and the last member stays.
    """
    candidates = _mixtures(len(margins))
    ranked = [average_precision(positive, np.array(weights) @ margins) for weights in candidates]
    best = candidates[int(np.argmax(ranked))]
    alone = (0.0,) * (len(margins) - 1) + (1.0,)
    if best == alone:
        return alone
    pair, again = (np.array(best) @ margins, margins[-1]), clusters or Clusters.alone(len(positive))
    gains = resampled_gains(positive, *pair, clusters=again, resamples=DOUBT[1])
    told = gains[np.isfinite(gains)]
    return best if len(told) and float(np.quantile(told, DOUBT[0])) > 0 else alone


def _mixtures(members: int) -> list[tuple[float, ...]]:
    parts = product(range(STEPS + 1), repeat=members)
    return [tuple(part / STEPS for part in mixture) for mixture in parts if sum(mixture) == STEPS]


def _plain(member: Member) -> Member:
    return replace(member, settings={name: v for name, v in member.settings.items() if name != "rounds"})


def _seen(values: Floats, rows: Mask, columns: NDArray[np.intp]) -> Floats:
    """Return some rows of a frame with only some columns to be read: the others are held at 0, in place."""
    hidden = np.setdiff1d(np.arange(values.shape[1]), columns)
    if rows.all() and not len(hidden):
        return values
    # To copy a wide frame and hide most of it costs several times as much as to copy what is read.
    if 4 * len(columns) < values.shape[1]:
        shown = np.zeros((int(rows.sum()), values.shape[1]))
        shown[:, columns] = values[np.ix_(np.flatnonzero(rows), columns)]
        return shown
    shown = values[rows]
    shown[:, hidden] = 0.0
    return shown


def _later(
    table: Table, fold: lgb.Dataset, rows: Mask, settings: ModelSpec, columns: NDArray[np.intp]
) -> lgb.Dataset:
    """Return later rows, seen as the fold that is fitted is."""
    return fold.create_valid(
        _seen(table.values, rows, columns),
        table.positive[rows].astype(np.float64),
        weight=table.weights(rows, settings),
        params=table.parameters(settings),
    )


def _dataset(table: Table, rows: Mask, settings: ModelSpec, columns: NDArray[np.intp]) -> lgb.Dataset:
    return lgb.Dataset(
        _seen(table.values, rows, columns),
        table.positive[rows].astype(np.float64),
        weight=table.weights(rows, settings),
        feature_name=list(table.names),
        categorical_feature=list(table.categorical),
        params=table.parameters(settings),
        free_raw_data=False,
    )
