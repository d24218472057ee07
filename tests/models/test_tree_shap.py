from __future__ import annotations

import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.errors import FrameMismatch, UnsupportedBooster
from models.tree_shap import TreeShap

sys.path.insert(0, str(Path(__file__).parent))

from shap_oracle import random_model, random_rows, shapley

TIGHT = 1e-9
FEATURES = 5


def trained(
    seed: int, *, rows: int = 600, trees: int = 5, **settings_: object
) -> tuple[lgb.Booster, np.ndarray]:
    random = np.random.default_rng(seed)
    X = random_rows(seed, rows, FEATURES)
    X[:, -1] = random.integers(0, 40, rows)
    z = np.nan_to_num(X[:, 0]) + np.nan_to_num(X[:, 1] * X[:, 2]) + np.sin(X[:, -1])
    classes = int(settings_.get("num_class", 1))  # type: ignore[call-overload]
    y = (z > 0).astype(int) if classes == 1 else random.integers(0, classes, rows)
    parameters = {
        "objective": "binary" if classes == 1 else "multiclass", "num_leaves": 31, "min_data_in_leaf": 1,
        "min_data_per_group": 1, "cat_smooth": 1.0, "verbose": -1, "num_threads": 1, **settings_,
    }  # fmt: skip
    data = lgb.Dataset(X, y, categorical_feature=[FEATURES - 1], params={"verbose": -1})
    return lgb.train(parameters, data, trees), X


def rare_flags(rows: int, trees: int) -> tuple[lgb.Booster, np.ndarray]:
    random = np.random.default_rng(1)
    X = (random.random((rows, 80)) < 0.004).astype(float)
    y = random.random(rows) < 1 / (1 + np.exp(2 - X @ random.uniform(2, 5, 80)))
    parameters = {
        "objective": "binary",
        "num_leaves": 63,
        "min_data_in_leaf": 5,
        "verbose": -1,
        "num_threads": 1,
    }
    return lgb.train(parameters, lgb.Dataset(X, y), trees), X[:100]


def by_class(values: np.ndarray) -> np.ndarray:
    return values if values.ndim == 3 else values[:, :, np.newaxis]


def assert_exact(booster: lgb.Booster, X: np.ndarray) -> None:
    tree_shap, dump = TreeShap(booster), booster.dump_model()
    values = by_class(tree_shap.values(X))
    for row, x in enumerate(X):
        expected, base = shapley(dump, x)
        np.testing.assert_allclose(values[row], expected.astype(float), rtol=0, atol=TIGHT)
        np.testing.assert_allclose(tree_shap.expected_values, base.astype(float), rtol=0, atol=TIGHT)


def assert_additive(booster: lgb.Booster, X: np.ndarray) -> None:
    tree_shap = TreeShap(booster)
    raw = np.asarray(booster.predict(X, raw_score=True)).reshape(len(X), -1)
    sums = by_class(tree_shap.values(X)).sum(axis=1) + tree_shap.expected_values
    np.testing.assert_allclose(sums, raw, rtol=0, atol=TIGHT)
    np.testing.assert_allclose(tree_shap.margins(X).reshape(len(X), -1), raw, rtol=0, atol=TIGHT)


@example(seed=10288789, classes=1, leaves=4)  # a value of 1e-36, which LightGBM reads as zero
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32), classes=st.sampled_from([1, 1, 3]), leaves=st.sampled_from([1, 2, 4, 12, 24])
)
def test_values_are_those_of_enumeration_over_leaves(seed: int, classes: int, leaves: int) -> None:
    booster = lgb.Booster(model_str=random_model(seed, classes=classes, leaves=leaves, features=FEATURES))
    X = random_rows(seed, 9, FEATURES)
    assert_exact(booster, X)
    assert_additive(booster, X)


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    missing=st.sampled_from(["none", "nan", "zero"]),
    classes=st.sampled_from([1, 3]),
)
def test_values_of_trained_models_are_those_of_enumeration(seed: int, missing: str, classes: int) -> None:
    kind = {"none": {"use_missing": False}, "nan": {}, "zero": {"zero_as_missing": True}}[missing]
    booster, X = trained(seed, num_class=classes, trees=2, **kind)
    assert_exact(booster, X[:5])
    assert_additive(booster, random_rows(seed + 1, 50, FEATURES))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), classes=st.sampled_from([1, 2]), rows=st.integers(1, 80))
def test_a_row_has_the_same_bits_alone_and_among_others(seed: int, classes: int, rows: int) -> None:
    tree_shap = TreeShap(random_model(seed, classes=classes, leaves=40, features=FEATURES, trees=6))
    X = random_rows(seed, rows, FEATURES)
    whole = tree_shap.values(X)
    for block in (1, 2, 3, 4, 7, 32, 64):
        parts = [tree_shap.values(X[start : start + block]) for start in range(0, rows, block)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert tree_shap.values(X, threads=3).tobytes() == whole.tobytes()


def test_deep_trained_models_keep_the_same_bits_alone_and_among_others() -> None:
    booster, X = rare_flags(5_000, 3)
    tree_shap = TreeShap(booster)
    alone = np.concatenate([tree_shap.values(row[np.newaxis]) for row in X])
    assert alone.tobytes() == tree_shap.values(X).tobytes()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::UserWarning")
def test_values_equal_those_of_lightgbm_and_shap_where_those_add_up() -> None:
    import shap

    booster, X = trained(3, trees=20, max_depth=6)
    ours = TreeShap(booster).values(X)
    theirs = np.asarray(booster.predict(X, pred_contrib=True))
    np.testing.assert_allclose(ours, theirs[:, :-1], rtol=0, atol=1e-11)
    explained = shap.TreeExplainer(booster).shap_values(X)
    np.testing.assert_allclose(ours, np.asarray(explained).reshape(ours.shape), rtol=0, atol=1e-11)


def test_values_add_up_on_deep_trees_of_rare_flags_where_pred_contrib_does_not() -> None:
    booster, X = rare_flags(20_000, 3)
    tree_shap = TreeShap(booster)
    raw = np.asarray(booster.predict(X, raw_score=True))
    theirs = np.abs(np.asarray(booster.predict(X, pred_contrib=True)).sum(axis=1) - raw)
    ours = np.abs(tree_shap.values(X).sum(axis=1) + tree_shap.expected_value - raw)
    assert np.median(theirs) > 0.01
    assert ours.max() < 1e-12


def test_one_feature_split_again_and_again_stays_exact() -> None:
    random = np.random.default_rng(0)
    X = random.random((3000, 2))
    y = (np.sin(60 * X[:, 0]) > 0).astype(int)
    parameters = {
        "objective": "binary",
        "num_leaves": 60,
        "min_data_in_leaf": 1,
        "verbose": -1,
        "num_threads": 1,
    }
    booster = lgb.train(parameters, lgb.Dataset(X, y), 2)
    assert_exact(booster, X[:20])


def test_the_text_of_a_booster_gives_the_same_values() -> None:
    booster, X = trained(5)
    assert TreeShap(booster.model_to_string()).values(X).tobytes() == TreeShap(booster).values(X).tobytes()


def test_a_booster_stopped_early_is_explained_up_to_its_best_iteration() -> None:
    booster, X = trained(6, trees=10)
    booster.best_iteration = 4
    ours = TreeShap(booster)
    sums = ours.values(X).sum(axis=1) + ours.expected_value
    np.testing.assert_allclose(sums, booster.predict(X, raw_score=True), atol=TIGHT)


def test_no_rows_give_no_values() -> None:
    assert TreeShap(random_model(1)).values(np.empty((0, FEATURES))).shape == (0, FEATURES)


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(FrameMismatch, match="4"):
        TreeShap(random_model(1)).values(np.zeros((3, 4)))


def test_a_multiclass_booster_has_no_single_expected_value() -> None:
    with pytest.raises(FrameMismatch, match="3 outputs"):
        _ = TreeShap(random_model(1, classes=3)).expected_value


def test_a_linear_tree_is_refused() -> None:
    booster, _ = trained(7, linear_tree=True)
    with pytest.raises(UnsupportedBooster, match="linear"):
        TreeShap(booster)


def test_a_random_forest_is_refused() -> None:
    booster, _ = trained(8, boosting="rf", bagging_freq=1, bagging_fraction=0.5)
    with pytest.raises(UnsupportedBooster, match="rf"):
        TreeShap(booster)


def test_a_leaf_without_training_rows_is_refused() -> None:
    text = trained(9)[0].model_to_string()
    at = text.index("leaf_count=") + len("leaf_count=")
    with pytest.raises(UnsupportedBooster, match="0 training rows"):
        TreeShap(text[:at] + "0" + text[text.index(" ", at) :])


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_text_is_refused_or_still_finite_and_never_kills(data: st.DataObject) -> None:
    text = random_model(data.draw(st.integers(0, 50)), leaves=6)
    at = data.draw(st.integers(0, len(text) - 1))
    mutated = text[:at] + data.draw(st.sampled_from(["", "9", "-", "x", " ", "\n", "1e400"])) + text[at + 1 :]
    try:
        values = TreeShap(mutated).values(np.zeros((2, FEATURES)))
    except (UnsupportedBooster, FrameMismatch):
        return
    assert np.isfinite(values).all()


@pytest.mark.parametrize("text", ["", "tree\n", "not a model", random_model(4)[:400]])
def test_text_that_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedBooster):
        TreeShap(text)
