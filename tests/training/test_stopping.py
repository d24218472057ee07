from __future__ import annotations

from dataclasses import replace
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from models.spec import ModelSpec
from training.rounds import STEP, advised_rounds, has_waited, mean_loss
from training.stopping import WATCHED, advised_fits, margins_of

ROWS, LATER = 1_500, 500
SPEC = ModelSpec(rounds=200, early_stopping_rounds=30, least_rounds=20, threads=1)


class Port:
    """Rows to fit and later ones; some columns tell a `share` of what fails, the rest is chance."""

    def __init__(self, share: float, rows: int = ROWS, telling: int = 1) -> None:
        random = np.random.default_rng(8)
        self.values = random.normal(size=(rows + LATER, telling + 2))
        told, chance = self.values[:, :telling].sum(axis=1) / telling**0.5, random.normal(size=rows + LATER)
        self.label = (share * told + (1 - share) * chance > 0.7).astype(float)
        self.fold = lgb.Dataset(
            self.values[:rows], self.label[:rows], params=settings_of(0), free_raw_data=False
        )
        self.later = self.fold.create_valid(self.values[rows:], self.label[rows:])
        self.rows = rows

    def advised(self, spec: ModelSpec, fits: int) -> list[lgb.Booster]:
        told = [settings_of(at) for at in range(fits)]
        return advised_fits(self.fold, self.later, told, spec, lambda _: None)

    def margins(self, fits: list[lgb.Booster], trees: int) -> np.ndarray:
        seen = self.values[self.rows :]
        told = [fit.predict(seen, raw_score=True, num_iteration=trees) for fit in fits]
        return np.asarray(np.mean(told, axis=0))

    @property
    def positive(self) -> np.ndarray:
        return np.asarray(self.label[self.rows :] > 0)


def settings_of(at: int, **other: Any) -> dict[str, Any]:
    return {
        "objective": "binary", "verbosity": -1, "num_threads": 1, "bagging_freq": 1, "bagging_fraction": 0.5,
        "deterministic": True, "force_row_wise": True, "num_leaves": 6, "learning_rate": 0.15, "seed": 1,
        "bagging_seed": 1_000 * at + 1, **other,
    }  # fmt: skip


@pytest.fixture(scope="module")
def port() -> Port:
    return Port(0.7)


class Counted:
    """Counts the trees that each fit is made to grow, kept or not, in the order of the fits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fits: dict[int, int] = {}
        update = lgb.Booster.update

        def counted(fit: lgb.Booster) -> bool:
            self.fits[id(fit)] = self.fits.get(id(fit), 0) + 1
            return bool(update(fit))

        monkeypatch.setattr(lgb.Booster, "update", counted)


@pytest.mark.parametrize("fits", [1, 2, 4])
@pytest.mark.parametrize("share", [0.0, 0.4, 0.7])
def test_nothing_is_fitted_that_neither_is_kept_nor_shows_that_more_is_of_no_use(
    monkeypatch: pytest.MonkeyPatch, share: float, fits: int
) -> None:
    made = Port(share)
    with monkeypatch.context() as patched:
        grown = Counted(patched)
        kept = {fit.num_trees() for fit in made.advised(SPEC, fits)}
    assert len(kept) == 1
    (trees,) = kept
    rounds = list(grown.fits.values())
    watched, others = rounds[:WATCHED], rounds[WATCHED:]
    assert len(rounds) == fits
    assert set(others) <= {trees}
    assert len(set(watched)) == 1
    whole = [lgb.train(settings_of(at), made.fold, SPEC.rounds) for at in range(min(fits, WATCHED))]
    means = [made.margins(whole, at) for at in range(STEP, watched[0] + 1, STEP)]
    losses = [mean_loss(each, made.positive, None) for each in means]
    assert trees == advised_rounds(means, made.positive, None, SPEC.least_rounds)
    best = STEP * (1 + int(np.argmin(losses)))
    last = max(SPEC.least_rounds, best + SPEC.early_stopping_rounds)
    assert watched[0] == min(SPEC.rounds, last)
    assert not any(has_waited(losses[:at], SPEC.early_stopping_rounds) for at in range(2, len(losses)))


def test_the_fits_are_the_first_trees_of_those_that_nothing_watches(port: Port) -> None:
    fits = port.advised(SPEC, 3)
    trees = fits[0].num_trees()
    for at, fit in enumerate(fits):
        alone = lgb.train(settings_of(at), port.fold, trees)
        assert np.array_equal(alone.predict(port.values), fit.predict(port.values))
    assert [fit.model_to_string() for fit in fits] == [fit.model_to_string() for fit in port.advised(SPEC, 3)]


def test_where_every_tree_helps_all_are_kept() -> None:
    many, told = Port(0.8, telling=12), [settings_of(at, learning_rate=0.02) for at in range(3)]
    fits = advised_fits(many.fold, many.later, told, SPEC, lambda _: None)
    assert [fit.num_trees() for fit in fits] == [SPEC.rounds] * 3


@pytest.mark.parametrize(("rounds", "least"), [(5, 80), (45, 80), (200, 33)])
def test_there_are_no_fewer_trees_than_the_least_nor_more_than_may_be(rounds: int, least: int) -> None:
    noise = Port(0.0)
    spec = replace(SPEC, rounds=rounds, least_rounds=least, early_stopping_rounds=10)
    for fit in noise.advised(spec, 3):
        assert min(rounds, least) <= fit.num_trees() <= min(rounds, least + STEP)


def test_the_margins_watched_are_those_that_the_fit_predicts(port: Port) -> None:
    fit = lgb.Booster(settings_of(0), port.fold).add_valid(port.later, "later")
    for trees in range(1, 2 * STEP):
        fit.update()
        if trees % STEP == 3:
            assert np.allclose(margins_of(fit), port.margins([fit], trees), atol=1e-9)


def test_fits_that_find_nothing_to_split_any_more_end_alike() -> None:
    few = Port(0.9, rows=60)
    told = [settings_of(at, min_data_in_leaf=14, min_gain_to_split=3.0 * at) for at in range(3)]
    fits = advised_fits(few.fold, few.later, told, replace(SPEC, least_rounds=80), lambda _: None)
    assert len({fit.num_trees() for fit in fits}) == 1
    assert fits[0].num_trees() < 80


def test_the_trees_of_the_first_fit_are_told_as_they_grow(port: Port) -> None:
    ticks: list[None] = []
    fits = advised_fits(port.fold, port.later, [settings_of(0)] * 3, SPEC, ticks.append)
    assert fits[0].num_trees() <= len(ticks) <= fits[0].num_trees() + SPEC.early_stopping_rounds + 10 * STEP


def test_later_rows_of_no_weight_have_no_say_in_how_many_trees() -> None:
    """Rows that count for nothing lie: their labels are chance, and would have the trees end early."""
    honest, lying = Port(0.9, telling=6), Port(0.9, telling=6)
    random, half = np.random.default_rng(1), LATER // 2
    seen, told = honest.values[ROWS:], honest.label[ROWS:].copy()
    told[half:] = random.permutation(1 - told[half:])
    lying.later = lying.fold.create_valid(seen, told, weight=np.repeat([1.0, 0.0], [half, LATER - half]))
    honest.later = honest.fold.create_valid(seen[:half], told[:half])
    misled = Port(0.9, telling=6)
    misled.later = misled.fold.create_valid(seen, told)
    trees = [each.advised(SPEC, 2)[0].num_trees() for each in (honest, lying, misled)]
    assert trees[0] == trees[1] > trees[2]
