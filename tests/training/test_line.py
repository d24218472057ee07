from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.tree_shap import TreeShap
from training.blend import blend
from training.line import STEPS, STRENGTH, read_in_steps, straight_line

Floats = NDArray[np.float64]
ROWS = 4_000


def frame_of(values: Floats, positive: NDArray[np.bool_], rounds: int = 1) -> lgb.Booster:
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1, "num_leaves": 4}
    return lgb.train(settings, lgb.Dataset(values, positive.astype(float)), rounds)


@pytest.fixture(scope="module")
def values() -> Floats:
    random = np.random.default_rng(3)
    values = random.normal(size=(ROWS, 6))
    values[random.random(ROWS) < 0.3, 1] = np.nan
    values[:, 2] = random.integers(0, 3, ROWS)
    values[:, 3] = 7.0
    values[:, 4] = random.random(ROWS) < 0.002
    values[:, 5] = np.exp(2 * values[:, 5])
    return values


@pytest.fixture(scope="module")
def positive(values: Floats) -> NDArray[np.bool_]:
    margin = -2 + 0.8 * values[:, 0] + np.nan_to_num(values[:, 1]) - 0.5 * values[:, 2]
    return np.random.default_rng(4).random(ROWS) < 1 / (1 + np.exp(-margin))


@pytest.fixture(scope="module")
def line(values: Floats, positive: NDArray[np.bool_]) -> lgb.Booster:
    return straight_line(frame_of(values, positive), values, positive, None)


def test_the_trees_are_the_regression_on_the_columns_in_steps(
    line: lgb.Booster, values: Floats, positive: NDArray[np.bool_]
) -> None:
    """The oracle is the regression itself, predicting from the columns in steps."""
    told = np.column_stack([read_in_steps(values[:, at]).read for at in (0, 1, 2, 4, 5)])
    told = (told - told.mean(axis=0)) / told.std(axis=0)
    oracle = LogisticRegression(C=1 / STRENGTH, max_iter=1_000).fit(told, positive)
    margins = line.predict(values, raw_score=True)
    assert np.allclose(margins, oracle.decision_function(told), atol=1e-9)
    assert line.num_trees() == 5


def test_a_step_is_never_far_from_the_value(values: Floats) -> None:
    column = read_in_steps(values[:, 0])
    low, high = np.quantile(values[:, 0], (0.005, 0.995))
    inside = (values[:, 0] > low) & (values[:, 0] < high)
    assert np.abs(column.read - values[:, 0])[inside].max() <= (high - low) / STEPS / 2 + 1e-12
    assert len(column.levels) == STEPS


def test_missing_values_stand_where_the_middle_does(values: Floats) -> None:
    missing = np.isnan(values[:, 1])
    column = read_in_steps(values[:, 1])
    assert (column.read[missing] == np.nanmedian(values[:, 1])).all()


def test_contributions_are_exact_and_each_term_is_its_columns(line: lgb.Booster, values: Floats) -> None:
    shown, shap = values[:300], TreeShap(line)
    told = shap.values(shown)
    assert np.allclose(
        told.sum(axis=1) + shap.expected_value, line.predict(shown, raw_score=True), atol=1e-12
    )
    assert np.allclose(told, line.predict(shown, pred_contrib=True)[:, :-1], atol=1e-12)
    assert not told[:, 3].any()
    moved = shown.copy()
    moved[:, 0] += 1.0
    assert np.array_equal(shap.values(moved)[:, 1:], told[:, 1:])


def test_it_mixes_with_trees_and_survives_being_written_and_read(
    line: lgb.Booster, values: Floats, positive: NDArray[np.bool_]
) -> None:
    trees = frame_of(values, positive, 20)
    mixed = blend([line, trees], [0.5, 0.5])
    expected = (line.predict(values, raw_score=True) + trees.predict(values, raw_score=True)) / 2
    assert np.allclose(mixed.predict(values, raw_score=True), expected, atol=1e-12)
    read = lgb.Booster(model_str=mixed.model_to_string())
    assert np.array_equal(read.predict(values), mixed.predict(values))
    unlike = np.where(np.random.default_rng(1).random(values.shape) < 0.2, np.nan, values * 3)
    assert np.allclose(TreeShap(mixed).margins(unlike), mixed.predict(unlike, raw_score=True), atol=1e-12)


def test_rows_that_count_for_nothing_do_not_tilt_it(values: Floats, positive: NDArray[np.bool_]) -> None:
    void = np.arange(ROWS) % 3 == 0
    frame = frame_of(values, positive)
    weight = np.where(void, 0.0, 1.0)
    told, lied = (
        straight_line(frame, values, outcome, weight).predict(values)
        for outcome in (positive, np.where(void, ~positive, positive))
    )
    assert np.allclose(told, lied, atol=1e-6)


def test_without_a_column_that_varies_the_frame_is_all_that_is_known(positive: NDArray[np.bool_]) -> None:
    nothing = np.zeros((ROWS, 2))
    frame = frame_of(np.random.default_rng(0).normal(size=(ROWS, 2)), positive)
    assert straight_line(frame, nothing, positive, None) is frame


@given(seed=st.integers(0, 10_000), levels=st.integers(2, 40), missing=st.floats(0, 0.9))
@settings(max_examples=25, deadline=None)
def test_whatever_the_column_every_row_falls_into_its_own_step(
    seed: int, levels: int, missing: float
) -> None:
    random = np.random.default_rng(seed)
    values = np.round(random.standard_t(1.5, size=(200, 1)), 1) % levels
    values[random.random(200) < missing] = np.nan
    values[:2, 0] = 0.0, 1.0
    positive = random.random(200) < 0.3
    positive[:2] = True, False
    line = straight_line(frame_of(values, positive), values, positive, None)
    told, column = line.predict(values, raw_score=True), read_in_steps(values[:, 0])
    each = [np.unique(told[column.step == step]) for step in np.unique(column.step)]
    assert all(len(margins) == 1 for margins in each)
    order = np.argsort(column.read, kind="stable")
    steps = np.diff(told[order])
    assert (steps >= -1e-12).all() or (steps <= 1e-12).all()
