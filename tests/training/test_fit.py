from __future__ import annotations

from dataclasses import replace

import lightgbm as lgb
import msgspec
import numpy as np
import pytest

from features.terms import Direction
from models.calibration import FEW_POSITIVES, fit_platt, sigmoid
from models.spec import ModelSpec
from training.calibrate import calibrate, probabilities, slope_holds
from training.clusters import Clusters
from training.figures import resampled_gains
from training.fit import DOUBT, Member, Table, best_mixture, boost, learn, relearn
from training.policy import CalibrationPolicy, gate_policy
from training.progress import SILENT
from training.rounds import STEP, advised_rounds
from training.split import Folds

SPEC = ModelSpec(
    rounds=40,
    early_stopping_rounds=10,
    learning_rate=0.1,
    min_data_in_leaf=10,
    feature_fraction=0.7,
    cat_smooth=1.0,
    cat_l2=1.0,
    min_data_per_group=10,
    seeds=1,
    threads=1,
)
ROWS = 3_000


@pytest.fixture(scope="module")
def table() -> Table:
    random = np.random.default_rng(5)
    code = random.integers(0, 12, ROWS).astype(float)
    history = random.normal(size=ROWS)
    noise = random.normal(size=ROWS)
    margin = -2.5 + 1.5 * (code == 3) + 1.2 * history
    positive = random.random(ROWS) < 1 / (1 + np.exp(-margin))
    return Table(np.column_stack([code, history, noise]), positive, ("code", "history", "noise"), (0,))


@pytest.fixture(scope="module")
def folds() -> Folds:
    part = np.arange(ROWS) * 5 // ROWS
    return Folds(part <= 1, part == 2, part == 3, part == 4, part <= 3, part == 4, {})


DECLARED = Member("declared", np.array([0]))
ALL = Member("all", np.arange(3))


def test_a_member_reads_only_its_columns(table: Table, folds: Folds) -> None:
    booster = boost(table, folds.fit, SPEC, DECLARED)
    used = dict(zip(booster.feature_name(), booster.feature_importance(), strict=True))
    assert used["code"] > 0
    assert used["history"] == used["noise"] == 0


def test_the_same_seed_gives_the_same_booster(table: Table, folds: Folds) -> None:
    first, second = (boost(table, folds.fit, SPEC, ALL, stop=folds.stop).model_to_string() for _ in range(2))
    assert first == second


def test_several_seeds_are_one_booster_of_their_mean_margin_with_as_many_trees_each(
    table: Table, folds: Folds
) -> None:
    one, three = (
        boost(table, folds.fit, replace(SPEC, seeds=seeds, stop_by_loss=False), ALL, stop=folds.stop)
        for seeds in (1, 3)
    )
    assert three.num_trees() == 3 * one.num_trees()
    trees = one.num_trees()
    parts = [
        3 * three.predict(table.values, raw_score=True, start_iteration=at * trees, num_iteration=trees)
        for at in range(3)
    ]
    assert np.allclose(parts[0], one.predict(table.values, raw_score=True), atol=1e-12)
    assert np.abs(parts[0] - parts[1]).max() > 0.01 < np.abs(parts[1] - parts[2]).max()
    assert np.allclose(np.mean(parts, axis=0), three.predict(table.values, raw_score=True), atol=1e-12)
    again = boost(table, folds.fit, replace(SPEC, seeds=3, stop_by_loss=False), ALL, stop=folds.stop)
    assert again.model_to_string() == three.model_to_string()


def test_several_seeds_are_cut_where_the_mean_of_their_margins_says(table: Table, folds: Folds) -> None:
    spec = replace(SPEC, rounds=100, least_rounds=1, seeds=2, lambda_l2=0.0)
    whole = boost(table, folds.fit, spec, ALL)
    assert whole.num_trees() == 200
    seen, positive = table.values[folds.stop], table.positive[folds.stop]

    def margin(trees: int) -> np.ndarray:
        parts = [
            whole.predict(seen, raw_score=True, start_iteration=start, num_iteration=trees)
            for start in (0, 100)
        ]
        return np.asarray(parts[0] + parts[1])

    cut = boost(table, folds.fit, replace(spec, early_stopping_rounds=100), ALL, stop=folds.stop)
    expected = advised_rounds([margin(trees) for trees in range(STEP, 101, STEP)], positive, None, 1)
    assert STEP < expected < 100
    assert cut.num_trees() == 2 * expected
    assert np.allclose(cut.predict(seen, raw_score=True), margin(expected), atol=1e-12)


def test_a_fit_that_is_best_early_keeps_as_many_trees_as_the_others(table: Table, folds: Folds) -> None:
    """LightGBM ends a stopped booster at its own best round, which is not the number that was chosen."""
    shuffled = replace(table, positive=np.random.default_rng(3).permutation(table.positive))
    for seeds in (1, 2):
        spec = replace(SPEC, rounds=200, least_rounds=40, early_stopping_rounds=60, seeds=seeds)
        fit = boost(shuffled, folds.fit, spec, ALL, stop=folds.stop)
        assert fit.num_trees() == seeds * 40


def test_lightgbm_is_told_what_to_watch() -> None:
    ranked = replace(SPEC, stop_by_loss=False)
    assert [spec.parameters()["metric"] for spec in (SPEC, ranked)] == ["binary_logloss", "average_precision"]
    assert "stop_by_loss" not in SPEC.parameters()


def test_rows_that_count_for_nothing_teach_nothing_and_stop_nothing(table: Table, folds: Folds) -> None:
    """A split may fall anywhere among such rows alone: margins differ there a little."""
    random = np.random.default_rng(8)
    void = random.random(ROWS) < 0.3
    lied = replace(table, positive=np.where(void, random.random(ROWS) < 0.5, table.positive))
    light = np.where(void, 1e-12, 1.0)
    tables = (replace(table, weight=light), replace(lied, weight=light), lied)
    told, unheard, heard = (
        boost(each, folds.fit, SPEC, ALL, stop=folds.stop).predict(table.values[folds.test], raw_score=True)
        for each in tables
    )
    assert np.abs(told - unheard).mean() < 0.1
    assert np.abs(told - heard).mean() > 5 * np.abs(told - unheard).mean()


def test_early_stopping_is_a_truncation_and_never_an_argument_of_prediction(
    table: Table, folds: Folds
) -> None:
    booster = boost(table, folds.fit, replace(SPEC, rounds=400), ALL, stop=folds.stop)
    assert booster.num_trees() < 400
    again = lgb.Booster(model_str=booster.model_to_string())
    assert np.array_equal(booster.predict(table.values), again.predict(table.values))


def test_a_stop_fold_of_chance_may_not_leave_fewer_trees_than_the_least(table: Table, folds: Folds) -> None:
    shuffled = replace(table, positive=np.random.default_rng(3).permutation(table.positive))
    spec = replace(SPEC, rounds=100, extra_trees=False)
    hasty = boost(shuffled, folds.fit, replace(spec, least_rounds=1), ALL, stop=folds.stop)
    patient = boost(shuffled, folds.fit, replace(spec, least_rounds=40), ALL, stop=folds.stop)
    assert hasty.num_trees() < 40 == patient.num_trees()
    first = hasty.num_trees()
    known = hasty.predict(table.values, raw_score=True)
    assert np.array_equal(patient.predict(table.values, raw_score=True, num_iteration=first), known)


def test_the_mixture_is_one_booster_of_the_weighted_margins(table: Table, folds: Folds) -> None:
    booster, recipe, judged = learn(table, [DECLARED, ALL], SPEC, folds)
    parts = [boost(table, folds.fit, SPEC, member, stop=folds.stop) for member in (DECLARED, ALL)]
    margins = [part.predict(table.values, raw_score=True) for part in parts]
    expected = sum(weight * margin for weight, margin in zip(recipe.weights, margins, strict=True))
    assert np.allclose(booster.predict(table.values, raw_score=True), expected, atol=1e-12)
    after = folds.stop | folds.calibrate
    assert np.allclose(judged[after], expected[after], atol=1e-12)
    assert np.isnan(judged[~after]).all()
    assert sum(recipe.weights) == 1


def test_a_recipe_is_learnt_again_with_the_same_trees_in_number(table: Table, folds: Folds) -> None:
    _, recipe, _ = learn(table, [DECLARED, ALL], SPEC, folds)
    again = relearn(table, recipe, SPEC, rows=folds.before_test, progress=SILENT)
    trees = sum(rounds for rounds, weight in zip(recipe.rounds, recipe.weights, strict=True) if weight)
    assert again.num_trees() == trees
    _, recipe, _ = learn(table, [ALL], replace(SPEC, seeds=2), folds)
    assert recipe.fits == (2,)
    twice = relearn(table, recipe, replace(SPEC, seeds=2), rows=folds.before_test, progress=SILENT)
    assert twice.num_trees() == 2 * recipe.rounds[0]


def test_the_mixture_trusts_whom_the_later_rows_prove_right() -> None:
    random = np.random.default_rng(2)
    truth = random.normal(size=2_000)
    positive = truth > 1.5
    noise = random.normal(size=2_000)
    assert best_mixture(np.array([noise, truth]), positive) == (0, 1)
    assert best_mixture(np.array([truth, noise]), positive) == (1, 0)


def test_the_last_member_stays_unless_it_is_beaten_beyond_chance() -> None:
    random = np.random.default_rng(3)
    positive = np.arange(300) < 8
    last = random.normal(size=300) + 2 * positive
    margins = np.array([last + random.normal(0, 0.3, size=300), last])
    assert best_mixture(margins, positive) == (0, 1)


def test_a_mixture_that_is_right_about_one_large_enterprise_does_not_replace_the_last_member() -> None:
    random = np.random.default_rng(5)
    owner = np.append(np.zeros(200, dtype=int), np.arange(1, 801))
    positive = np.append(np.arange(200) < 60, random.random(800) < 0.05)
    last = random.normal(size=1_000)
    margins = np.array([last + 2.0 * (owner == 0) - 0.5, last])
    assert best_mixture(margins, positive) != (0, 1)
    assert best_mixture(margins, positive, Clusters.named(owner)) == (0, 1)


def failing_in(enterprises: int, seed: int) -> tuple[np.ndarray, np.ndarray, Clusters]:
    """Two members of 1,500 lines of 150 enterprises, of which so many fail: the first knows, the last not."""
    random = np.random.default_rng(seed)
    owner = random.integers(0, 150, 1_500)
    positive = np.isin(owner, random.choice(150, enterprises, replace=False)) & (random.random(1_500) < 0.8)
    first, last = positive + 0.4 * random.normal(size=1_500), random.normal(size=1_500)
    return np.array([first, last]), positive, Clusters.named(owner)


@pytest.mark.parametrize("failing", [5, 6])
def test_resamples_without_a_failure_refuse_no_mixture(failing: int) -> None:
    """Of 200 of so few enterprises one or two hold no failure at all."""
    made = [failing_in(failing, seed) for seed in range(20)]
    gains = [resampled_gains(y, *m, clusters=owners, resamples=DOUBT[1]) for m, y, owners in made]
    assert sum(bool(np.isnan(each).any()) for each in gains) > 5
    assert [best_mixture(*each) for each in made] == [(1, 0)] * 20


@pytest.mark.parametrize("failing", [1, 2, 4])
def test_a_few_failing_enterprises_replace_no_member(failing: int) -> None:
    """Resamples that hold one of them are much alike: each says what chance did to these few."""
    assert [best_mixture(*failing_in(failing, seed)) for seed in range(20)] == [(0, 1)] * 20
    margins, positive, _ = failing_in(failing, 0)
    some = positive & (np.cumsum(positive) <= failing)
    assert best_mixture(margins, some) == (0, 1), "nor do as few lines that nobody knows the enterprise of"


def test_each_direction_is_calibrated_apart_and_one_without_failures_by_all() -> None:
    random = np.random.default_rng(4)
    margin = random.normal(-2, 1, 8_000)
    way = np.where(np.arange(8_000) < 4_000, "import", "export")
    shift = np.where(way == "import", 1.0, -1.0)
    positive = random.random(8_000) < 1 / (1 + np.exp(-(margin + shift)))
    lines = calibrate(margin, positive, way)
    assert lines["import"].intercept > 0.5 > -0.5 > lines["export"].intercept
    told = probabilities(lines, margin, way)
    for direction in ("import", "export"):
        among = way == direction
        assert told[among].mean() == pytest.approx(positive[among].mean(), abs=0.01)
    alone = calibrate(margin[:4_000], positive[:4_000], way[:4_000])
    assert alone["export"] == alone["import"]


def test_a_direction_with_few_failures_takes_the_slope_of_all_and_its_own_intercept():
    random = np.random.default_rng(4)
    margin = random.normal(-2, 0.5, 6_000)
    positive = random.random(6_000) < 1 / (1 + np.exp(-(2.0 * margin + 1)))
    way = np.array(["import"] * 5_700 + ["export"] * 300)
    assert positive[5_700:].sum() < FEW_POSITIVES < positive[:5_700].sum()
    lines, pooled = calibrate(margin, positive, way), fit_platt(margin, positive)
    few = lines[Direction.EXPORT]
    assert few.slope == pytest.approx(pooled.slope)
    assert few.slope > 1.2
    mean = sigmoid(few.log_odds(margin[5_700:])).mean()
    assert mean == pytest.approx(positive[5_700:].mean(), abs=0.01)


def test_a_slope_far_from_one_does_not_hold() -> None:
    random, rule = np.random.default_rng(6), gate_policy().calibration
    log_odds = random.normal(-2, 1.5, 20_000)
    positive = random.random(20_000) < 1 / (1 + np.exp(-log_odds))
    assert slope_holds(positive, 1 / (1 + np.exp(-log_odds)), rule)[0]
    assert not slope_holds(positive, 1 / (1 + np.exp(-3 * log_odds)), rule)[0]
    assert not slope_holds(np.zeros(50, dtype=bool), np.full(50, 0.1), rule)[0]


def test_the_policy_says_which_slopes_hold() -> None:
    random = np.random.default_rng(7)
    log_odds = random.normal(-2, 1.5, 20_000)
    positive = random.random(20_000) < 1 / (1 + np.exp(-0.5 * log_odds))
    told = 1 / (1 + np.exp(-log_odds))
    rule = CalibrationPolicy(slope=(0.45, 0.55), least_slope=0.4)
    assert slope_holds(positive, told, rule)[0]
    for other in ({"slope": (0.75, 1.35)}, {"least_slope": 0.6}):
        assert not slope_holds(positive, told, msgspec.structs.replace(rule, **other))[0]
