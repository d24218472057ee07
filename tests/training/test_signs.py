"""Columns of known direction: which they are, and that no tree says the opposite."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.catalog import CATALOG, MODEL_FEATURES
from features.feature import Aggregate
from features.instants import DAY
from models.spec import ModelSpec
from training.fit import Member, Table, boost
from training.signs import FACTS, JUDGEMENTS, MEASURES, known_signs

ROWS = 4_000
SPEC = ModelSpec(rounds=60, min_data_in_leaf=10, learning_rate=0.1, seeds=2, threads=1)
EVERY = np.ones(ROWS, dtype=bool)


def table() -> Table:
    """Two columns that say nearly the same, the second backwards beside the first; one code; chance."""
    random = np.random.default_rng(7)
    cause = random.normal(size=ROWS)
    twin = np.where(random.random(ROWS) < 0.2, np.nan, cause + random.normal(0, 0.3, ROWS))
    code = random.integers(0, 5, ROWS).astype(float)
    margin = -2 + 2 * cause - np.nan_to_num(twin) + (code == 2)
    positive = random.random(ROWS) < 1 / (1 + np.exp(-margin))
    values = np.column_stack([cause, twin, code, random.normal(size=ROWS)])
    return Table(values, positive, ("cause", "twin", "code", "chance"), (2,))


def falls(told: Table, spec: ModelSpec, column: int) -> float:
    """Return how far a margin falls at most as the column rises and all else stays."""
    booster = boost(told, EVERY, spec, Member("all", np.arange(4)))
    rows = told.values[:200]
    ladder = np.linspace(-3, 3, 25)
    steps = [booster.predict(np.where(np.arange(4) == column, at, rows), raw_score=True) for at in ladder]
    return float(-np.diff(np.array(steps), axis=0).min())


@pytest.mark.parametrize("drawn", [True, False])
def test_no_tree_says_the_opposite_of_what_is_known(drawn: bool) -> None:
    free, spec = table(), replace(SPEC, extra_trees=drawn)
    held = replace(free, signs=(1, 1, 0, 0))
    assert falls(free, spec, 1) > 0.1
    assert falls(held, spec, 0) <= 1e-12 >= falls(held, spec, 1)
    assert falls(replace(free, signs=(1, -1, 0, 0)), spec, 1) > 0.1


def test_signs_are_of_features_and_measures_that_there_are() -> None:
    sources = [feature.source for feature in CATALOG.values()]
    measures = {source.measure for source in sources if isinstance(source, Aggregate)}
    assert set(MEASURES) <= measures
    assert set(JUDGEMENTS) <= set(CATALOG)
    assert all(f"{fact}_of_consignee" in CATALOG for fact in FACTS)


def test_codes_amounts_and_volumes_are_held_to_no_direction() -> None:
    signs = dict(zip(MODEL_FEATURES, known_signs(MODEL_FEATURES), strict=True))
    for name in (
        "hs4",
        "origin",
        "log_value",
        "inspection_ratio_by_consignee_365d",
        "seniority_by_consignee",
    ):
        assert signs[name] == 0
    assert signs["penalties_of_consignee"] == signs["whole_history"] == 1
    assert signs["credit_rank_of_consignee"] == signs["days_since_failure_by_brand"] == -1
    assert all(CATALOG[name].dtype is float for name, sign in signs.items() if sign)


def test_a_row_counts_half_for_each_half_life_of_age_beside_its_own_weight() -> None:
    days = np.array([0, 365, 730])
    told = Table(np.zeros((3, 1)), np.zeros(3, dtype=bool), ("one",), (), as_of=days * DAY)
    rows = np.ones(3, dtype=bool)
    weights = told.weights(rows, ModelSpec(half_life_days=365))
    assert weights is not None
    assert weights / weights[2] == pytest.approx([0.25, 0.5, 1])
    assert weights.mean() == pytest.approx(1)
    twice = replace(told, weight=np.array([2.0, 1.0, 0.5])).weights(rows, ModelSpec(half_life_days=365))
    assert twice is not None
    assert twice / weights == pytest.approx([2, 1, 0.5])
    assert told.weights(rows, ModelSpec(half_life_days=0)) is None
    assert replace(told, as_of=None).weights(rows, ModelSpec()) is None


def test_what_has_changed_since_is_learnt_from_the_newer_rows() -> None:
    random = np.random.default_rng(3)
    flag = random.random(ROWS) < 0.5
    new = np.arange(ROWS) >= ROWS // 2
    positive = random.random(ROWS) < np.where(flag == new, 0.3, 0.1)
    as_of = np.where(new, 1_000, 0) * DAY
    told = Table(flag.astype(float)[:, None], positive, ("flag",), (), as_of=as_of)
    member = Member("all", np.arange(1))
    seen = np.array([[0.0], [1.0]])
    aged, alike = (
        np.diff(boost(told, EVERY, replace(SPEC, half_life_days=days), member).predict(seen, raw_score=True))
        for days in (200, 0)
    )
    assert aged > 0.5 > abs(alike)


def test_every_other_fit_searches_its_thresholds() -> None:
    told, member = table(), Member("all", np.arange(4))
    fits = boost(told, EVERY, replace(SPEC, rounds=10), member)
    cuts = [tree["tree_structure"]["threshold"] for tree in fits.dump_model()["tree_info"]]
    searched = boost(told, EVERY, replace(SPEC, rounds=10, extra_trees=False), member)
    best = searched.dump_model()["tree_info"][0]["tree_structure"]["threshold"]
    assert len(cuts) == 20
    assert np.ptp(cuts[10:13]) < 0.5 < np.ptp(cuts[:10])
    assert abs(cuts[10] - best) < 0.5
