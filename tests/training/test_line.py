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
from training.line import LARGEST, STEPS, STRENGTH, read_in_steps, straight_line, teaching

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


@pytest.mark.parametrize("weighed", [False, True])
def test_without_a_column_that_varies_the_line_is_level(
    positive: NDArray[np.bool_], *, weighed: bool
) -> None:
    """Half a row of either outcome keeps it finite, and is not felt otherwise."""
    nothing, seen = np.zeros((ROWS, 2)), np.random.default_rng(0).normal(size=(ROWS, 2))
    weight = 1.0 + positive if weighed else None
    line = straight_line(frame_of(seen, positive), nothing, positive, weight)
    rate = np.average(positive, weights=weight)
    margins = line.predict(seen, raw_score=True)
    assert np.allclose(margins, np.log(rate / (1 - rate)), atol=0.01)
    assert len(np.unique(margins)) == 1
    assert np.allclose(TreeShap(line).margins(seen), margins, atol=1e-12)
    assert not TreeShap(line).values(seen).any()
    none = straight_line(line, nothing, np.zeros(ROWS, dtype=bool), None)
    assert np.isfinite(none.predict(seen, raw_score=True)).all()


def test_an_even_part_of_many_rows_teaches() -> None:
    rows = np.arange(3 * LARGEST) % 3 > 0
    taught = teaching(rows)
    assert np.array_equal(taught, np.flatnonzero(rows)[::2])
    assert np.array_equal(teaching(rows[:LARGEST]), np.flatnonzero(rows[:LARGEST]))


def told_alike(line: lgb.Booster, shown: Floats, expected: Floats) -> None:
    """LightGBM and our kernels both tell the expected margins, and agree on each column's part in them."""
    shap = TreeShap(line)
    told = line.predict(shown, raw_score=True)
    assert np.array_equal(told, expected)
    assert np.allclose(shap.margins(shown), expected, atol=1e-12)
    parts = shap.values(shown)
    assert np.allclose(parts, line.predict(shown, pred_contrib=True)[:, :-1], atol=1e-12)
    assert np.allclose(parts.sum(axis=1) + shap.expected_value, expected, atol=1e-12)


@given(
    seed=st.integers(0, 10_000), rows=st.integers(50, 201), shift=st.floats(-50, 50), digits=st.integers(0, 2)
)
@settings(max_examples=40, deadline=None)
def test_a_value_first_missing_at_serving_is_read_as_the_median(
    seed: int, rows: int, shift: float, digits: int
) -> None:
    """Nought may lie anywhere, far outside the column too, and the median between steps."""
    random = np.random.default_rng(seed)
    values = np.round(random.standard_t(1.5, size=(rows, 2)), digits) + shift
    values[:2] = shift, shift + 1
    positive = random.random(rows) < 1 / (1 + np.exp(shift - values[:, 0]))
    positive[:2] = True, False
    line = straight_line(frame_of(values, positive), values, positive, None)
    middle, gone = values.copy(), values.copy()
    middle[:, 0], gone[:, 0] = np.median(values[:, 0]), np.nan
    told_alike(line, gone, line.predict(middle, raw_score=True))


def test_where_values_were_missing_before_they_keep_a_leaf_of_their_own(
    line: lgb.Booster, values: Floats
) -> None:
    gone, column = values.copy(), read_in_steps(values[:, 1])
    gone[:, 1] = np.nan
    tree = next(
        tree for tree in line.dump_model()["tree_info"] if tree["tree_structure"]["split_feature"] == 1
    )
    assert tree["num_leaves"] == STEPS + 1
    leaves = line.predict(values, pred_leaf=True)[:, 1]
    assert len(np.unique(leaves[column.step < 0])) == 1
    assert not np.isin(leaves[column.step < 0], leaves[column.step >= 0]).any()
    told = line.predict(values, raw_score=True)
    told_alike(line, values, told)
    told_alike(line, gone[column.step < 0], told[column.step < 0])


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
