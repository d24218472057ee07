from __future__ import annotations

import math

import lightgbm as lgb
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from training.rounds import STEP, Watch, fewest_rounds

ROWS = 12
MARGINS = arrays.arrays(
    float, st.tuples(st.integers(1, 8), st.just(ROWS)), elements=st.floats(-6, 6, width=16)
)
POSITIVE = arrays.arrays(bool, ROWS)
WEIGHT = arrays.arrays(float, ROWS, elements=st.floats(0.25, 4, width=16))


def slowly(
    margins: np.ndarray, positive: np.ndarray, weight: np.ndarray, least: int
) -> list[tuple[int, float]]:
    """Each number of trees allowed, with how many standard errors its loss lies above the lowest."""

    def loss(row: float, positive: bool) -> float:
        return math.log1p(math.exp(-row if positive else row))

    def mean(values: list[float]) -> float:
        return float(sum(w * value for w, value in zip(weight, values, strict=True)) / sum(weight))

    allowed = [STEP * (at + 1) for at in range(len(margins)) if STEP * (at + 1) >= least]
    losses = {
        trees: [loss(*row) for row in zip(margins[trees // STEP - 1], positive, strict=True)]
        for trees in allowed
    }
    best = min(allowed, key=lambda trees: mean(losses[trees]), default=0)
    found = []
    for trees in allowed:
        worse = [a - b for a, b in zip(losses[trees], losses[best], strict=True)]
        squares = [(w * (each - mean(worse))) ** 2 for w, each in zip(weight, worse, strict=True)]
        found.append((trees, mean(worse) - math.sqrt(sum(squares)) / sum(weight)))
    return found


@given(MARGINS, POSITIVE, WEIGHT, st.integers(1, 60))
def test_the_fewest_trees_are_those_of_a_slow_reckoning(
    margins: np.ndarray, positive: np.ndarray, weight: np.ndarray, least: int
) -> None:
    found = slowly(margins, positive, weight, least)
    trees = fewest_rounds(list(margins), positive, weight, least)
    if not found:
        assert trees == least
        return
    above = dict(found)
    assert above[trees] <= 1e-9
    assert all(above[fewer] >= -1e-9 for fewer in above if fewer < trees)


def test_more_trees_are_kept_only_for_a_loss_that_falls_by_more_than_chance() -> None:
    random = np.random.default_rng(4)
    truth = random.normal(size=4_000)
    positive = random.random(4_000) < 1 / (1 + np.exp(-truth))
    learns = [truth * share for share in (0.2, 0.5, 1.0, 1.01, 1.02)]
    noise = [truth + random.normal(0, 0.01, 4_000) for _ in range(5)]
    assert fewest_rounds(learns, positive, None, 1) == 3 * STEP
    assert fewest_rounds(noise, positive, None, 1) <= 2 * STEP
    assert fewest_rounds(noise, positive, None, 4 * STEP) >= 4 * STEP
    few = slice(0, 60)
    assert fewest_rounds([each[few] for each in learns], positive[few], None, 1) < 3 * STEP


def test_rows_that_count_for_nothing_do_not_say_how_many_trees() -> None:
    random = np.random.default_rng(6)
    positive = random.random(900) < 0.3
    margins = [np.where(positive, step, -step) * 0.1 for step in range(1, 6)]
    void = random.random(900) < 0.5
    lied = [np.where(void, -each, each) for each in margins]
    weight = np.where(void, 0.0, 1.0)
    told = [each[~void] for each in margins]
    assert (
        fewest_rounds(lied, positive, weight, 1) == fewest_rounds(told, positive[~void], None, 1) == 5 * STEP
    )
    assert fewest_rounds(lied, positive, None, 1) < 5 * STEP


def test_the_margins_watched_are_the_mean_of_what_the_fits_predict() -> None:
    random = np.random.default_rng(8)
    values = random.normal(size=(600, 3))
    label = (values[:, 0] + random.normal(size=600) > 1).astype(float)
    settings = {
        "objective": "binary",
        "verbosity": -1,
        "num_threads": 1,
        "bagging_freq": 1,
        "bagging_fraction": 0.5,
    }
    fold = lgb.Dataset(values[:400], label[:400], free_raw_data=False)
    later, watch = fold.create_valid(values[400:], label[400:]), Watch()
    fits: list[lgb.Booster] = []
    for seed in (1, 2):
        if fits:
            watch.next_fit()
        fits.append(
            lgb.train({**settings, "bagging_seed": seed}, fold, 2 * STEP + 3, valid_sets=[later], feval=watch)
        )
    means = watch.means()
    assert len(means) == 2
    for stage, mean in enumerate(means, 1):
        told = [fit.predict(values[400:], raw_score=True, num_iteration=stage * STEP) for fit in fits]
        assert np.allclose(mean, np.mean(told, axis=0), atol=1e-9)
        assert np.abs(np.subtract(*told)).max() > 0.01
    watch.forget()
    assert watch.means() == []
