from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import average_precision_score

from training.rounds import STEP, advised_rounds, fewest_rounds, has_waited, mean_loss

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


@given(MARGINS, POSITIVE, WEIGHT, st.integers(1, 60))
def test_of_the_trees_that_the_loss_asks_for_those_are_left_out_that_rank_nothing_better(
    margins: np.ndarray, positive: np.ndarray, weight: np.ndarray, least: int
) -> None:
    most = fewest_rounds(list(margins), positive, weight, least)
    trees = advised_rounds(list(margins), positive, weight, least)
    assert least <= trees <= most
    if not positive.any() or most > STEP * len(margins) or most % STEP:
        assert trees == most
        return
    ranks = {
        STEP * at: average_precision_score(positive, each, sample_weight=weight)
        for at, each in enumerate(margins, 1)
        if least <= STEP * at <= most
    }
    assert ranks[trees] >= ranks[most] - 1e-9
    assert all(ranks[fewer] < ranks[most] + 1e-9 for fewer in ranks if fewer < trees)


def test_trees_that_only_widen_margins_are_left_out_and_those_that_rank_are_kept() -> None:
    random = np.random.default_rng(4)
    truth, chance = random.normal(size=(2, 4_000))
    positive = random.random(4_000) < 1 / (1 + np.exp(-2 * truth))
    widens = [truth * share for share in (0.3, 0.6, 1.0, 1.5)]
    learns = [truth * share + 0.3 * chance * (2 - share) for share in (0.3, 0.6, 1.0, 1.5)]
    for margins in (widens, learns):
        assert fewest_rounds(margins, positive, None, 1) == 4 * STEP
    assert advised_rounds(widens, positive, None, 1) == STEP
    assert advised_rounds(widens, positive, None, 2 * STEP) == 2 * STEP
    assert advised_rounds(learns, positive, None, 1) == 4 * STEP


@given(MARGINS, POSITIVE, WEIGHT)
def test_the_mean_loss_is_that_of_a_slow_reckoning(
    margins: np.ndarray, positive: np.ndarray, weight: np.ndarray
) -> None:
    losses = [math.log1p(math.exp(-m if p else m)) for m, p in zip(margins[0], positive, strict=True)]
    expected = sum(w * loss for w, loss in zip(weight, losses, strict=True)) / sum(weight)
    assert math.isclose(mean_loss(margins[0], positive, weight), expected, rel_tol=1e-9)
    assert math.isclose(mean_loss(margins[0], positive, None), sum(losses) / ROWS, rel_tol=1e-9)


def test_a_fit_has_waited_once_its_loss_was_lowest_so_many_trees_ago() -> None:
    losses = [0.5, 0.4, 0.45, 0.41]
    assert has_waited(losses, 2 * STEP)
    assert not has_waited(losses, 2 * STEP + 1)
    assert not has_waited([*losses, 0.3], STEP)
    assert not has_waited([0.5, 0.5], 2 * STEP)
    assert has_waited([0.5, 0.5], STEP)
