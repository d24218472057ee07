import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.blend import UnequalMembers, blend

PARAMETERS = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1}


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    X = random.normal(size=(800, 5))
    X[:, 4] = random.integers(0, 30, 800)
    X[random.random(800) < 0.2, 1] = np.nan
    y = (X[:, 0] + X[:, 4] / 10 + random.normal(size=800) > 2).astype(int)
    return X, y


@pytest.fixture(scope="module")
def members(rows):
    X, y = rows
    hidden = X.copy()
    hidden[:, :2] = 0.0
    return [
        lgb.train(PARAMETERS, lgb.Dataset(data, y, categorical_feature=[4]), trees)
        for data, trees in ((X, 20), (hidden, 12))
    ]


@given(weight=st.floats(0, 1, allow_subnormal=False))
@settings(max_examples=20, deadline=None)
def test_a_blend_has_the_weighted_mean_of_the_margins(rows, members, weight):
    X, _ = rows
    weights = [weight, 1 - weight]
    margins = [member.predict(X, raw_score=True) for member in members]
    expected = sum(w * margin for w, margin in zip(weights, margins, strict=True))
    np.testing.assert_allclose(blend(members, weights).predict(X, raw_score=True), expected, atol=1e-12)


def test_a_blend_survives_being_written_and_read(rows, members):
    X, _ = rows
    blended = blend(members, [0.3, 0.7])
    read = lgb.Booster(model_str=blended.model_to_string())
    np.testing.assert_array_equal(read.predict(X, raw_score=True), blended.predict(X, raw_score=True))


def test_a_member_without_weight_adds_no_tree(members):
    assert blend(members, [1.0, 0.0]).num_trees() == members[0].num_trees()


def test_members_of_different_columns_are_refused(rows, members):
    X, y = rows
    other = lgb.train(PARAMETERS, lgb.Dataset(X[:, :3], y), 3)
    with pytest.raises(UnequalMembers, match="different lists of feature names"):
        blend([members[0], other], [0.5, 0.5])
