from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm

from features.terms import Direction, Selection
from models.calibration import Platt, fit_platt
from models.risk_model import RiskModel
from training.calibrate import calibrate_to, probabilities, risen_by, scale_between
from training.evaluate import evaluate, summary
from training.figures import calibration_line, figures
from training.selection import (
    Correction,
    Hint,
    Observed,
    Propensity,
    Screened,
    correction_of,
    estimate_propensity,
    fit_outcomes,
    given_chosen,
    lift,
    selection_estimates,
    support_of,
    uncorrected,
)
from training.selection.propensity import drawn_shares

sys.path.insert(0, str(Path(__file__).parent))

from made_up import World, world


@pytest.fixture(scope="module")
def made() -> World:
    return world(20_000)


@pytest.fixture(scope="module")
def estimated(made: World) -> Propensity:
    return estimate_propensity(made.population(), threads=1)


def inspected(made: World) -> np.ndarray:
    return np.flatnonzero(made.reasons != "")


def told(made: World, chance: np.ndarray) -> Screened:
    looked = inspected(made)
    lawful, chosen = (made.reasons[looked] == reason for reason in ("statutory", "targeting"))
    return Screened(
        made.log_odds[looked], chance[looked], np.full(len(looked), "import"), lawful.astype(bool),
        chosen.astype(bool),
    )  # fmt: skip


def correct(made: World, estimated: Propensity, margin: np.ndarray) -> tuple[Correction, np.ndarray]:
    looked, over = inspected(made), np.flatnonzero(made.reasons == "")
    margins = np.concatenate([margin[looked], margin[over]])
    observed = Observed(made.population(), estimated)
    return correction_of(observed, margins, made.positive[looked], np.ones(len(looked))), margins


def drawn_by(random: np.random.Generator, log_odds: np.ndarray, standing: np.ndarray) -> World:
    positive = random.random(len(log_odds)) < expit(log_odds)
    chosen = standing + 0.5 * positive + random.normal(0, 1, len(log_odds)) > 0
    reasons = np.where(chosen, "targeting", "").astype(object)
    reasons[random.random(len(log_odds)) < 0.05] = "random"
    values = np.column_stack([standing, log_odds])
    return World(log_odds, positive, norm.cdf(standing), reasons, values)


def test_the_law_is_certain_the_draw_recorded_and_the_rest_estimated_near_the_truth(
    made: World, estimated: Propensity
) -> None:
    population = made.population()
    looked, chosen = inspected(made), estimated.chosen[: population.inspected]
    assert (estimated.inspected[: population.inspected][population.statutory] == 1).all()
    assert (drawn_shares(population)[: population.inspected][population.drawn] == 0.05).all()
    assert np.corrcoef(np.log(chosen), np.log(made.chance[looked]))[0, 1] > 0.85
    later = population.as_of > np.quantile(population.as_of, 0.4)
    event = np.zeros(len(later))
    event[: population.inspected] = population.chosen
    asked = np.ones(len(later), dtype=bool)
    asked[: population.inspected] = population.chosen
    assert estimated.chosen[later & asked].mean() == pytest.approx(event[later & asked].mean(), rel=0.1)


def test_chances_know_nothing_of_what_comes_later(made: World) -> None:
    population = made.population()
    edge = np.quantile(population.as_of, 0.59)
    late = population.as_of > edge
    other = replace(population, values=np.where(late[:, None], -population.values, population.values))
    first, second = (estimate_propensity(each, threads=1).chosen for each in (population, other))
    assert np.array_equal(first[~late], second[~late])
    assert not np.array_equal(first[late], second[late])


def test_where_everything_is_inspected_nothing_is_corrected(made: World) -> None:
    whole = made.population()
    count = whole.inspected
    alone = replace(
        whole, values=whole.values[:count], as_of=whole.as_of[:count], weight=whole.weight[:count],
        strata=whole.strata[:count],
    )  # fmt: skip
    chances = estimate_propensity(alone)
    assert (chances.inspected == 1).all()
    found = selection_estimates(alone, chances, made.positive[inspected(made)], Hint(1.0, True))
    assert found.weights == {}
    shown = np.array([0.1, 0.2])
    assert uncorrected().given(np.zeros(2), np.ones(2, dtype=bool), shown) is shown


@given(st.floats(0.001, 0.999), st.floats(-2, 2))
def test_being_chosen_says_what_the_ratio_of_chances_says(chance: float, size: float) -> None:
    told = lift(np.array([chance]), size)[0]
    standing = norm.ppf(chance)
    assert told == pytest.approx(np.log(norm.cdf(standing + size) / norm.cdf(standing)), abs=1e-9)
    assert lift(np.array([chance]), 0.0)[0] == 0
    assert np.sign(told) == np.sign(size) or abs(told) < 1e-9


@given(st.floats(0.01, 2))
def test_being_chosen_against_the_odds_says_most(size: float) -> None:
    told = lift(np.array([0.001, 0.01, 0.1, 0.5, 0.9, 0.999999]), size)
    assert (np.diff(told) < 0).all()
    assert told[-1] < 0.01


@pytest.mark.parametrize("size", [0.0, 0.5, 1.0])
def test_the_size_of_unrecorded_reasons_is_found(size: float) -> None:
    made = world(60_000, hint=size, seed=3)
    looked = inspected(made)
    found = fit_outcomes(told(made, made.chance), made.positive[looked])
    assert found.hint.measured
    assert found.hint.size == pytest.approx(size, abs=0.25), "held back towards nothing"


def test_without_failures_that_nobody_chose_nothing_is_told(made: World) -> None:
    looked = inspected(made)
    chosen = made.reasons[looked] == "targeting"
    few = made.positive[looked] & (chosen | (np.arange(len(looked)) < 20))
    assert fit_outcomes(told(made, made.chance), few & chosen).hint == Hint()
    nothing = told(made, made.chance).take(np.zeros(0, dtype=np.intp))
    assert fit_outcomes(nothing, np.zeros(0, dtype=bool)).hint == Hint()


def test_the_corrected_estimate_is_nearer_to_all_lines_than_the_naive_one(
    made: World, estimated: Propensity
) -> None:
    looked, probability = inspected(made), expit(made.log_odds)
    chance = np.empty(len(made.reasons))
    chance[looked] = estimated.chosen[: len(looked)]
    hint = fit_outcomes(told(made, chance), made.positive[looked]).hint
    weights = selection_estimates(made.population(), estimated, made.positive[looked], hint).weights
    naive, truth = figures(made.positive[looked], probability[looked]), figures(made.positive, probability)
    for figure in ("average_precision", "observed_over_expected_top_5pct"):
        off = {
            name: abs(figures(made.positive[looked], probability[looked], weight)[figure] - truth[figure])
            for name, weight in weights.items()
        }
        assert off["corrected"] < abs(naive[figure] - truth[figure]) / 2
        assert off["corrected"] < off["weighted"]


def test_estimates_stand_beside_each_other_with_intervals(made: World) -> None:
    rows = slice(0, 400)
    positive, probability = made.positive[rows], expit(made.log_odds[rows])
    weights = {"weighted": np.linspace(1, 9, 400)}
    report = evaluate(positive, probability, np.arange(400) < 200, weights)
    assert set(report.parts) == {"random_part", "weighted"}
    assert report.parts["weighted"].figures == figures(positive, probability, weights["weighted"])
    low, high = report.parts["weighted"].intervals["average_precision"]
    assert low < report.parts["weighted"]["average_precision"] < high
    said = "\n".join(summary(report))
    assert "drawn at random: 200 lines" in said
    assert "estimated by inverse chances of inspection: 400 lines" in said


def test_calibration_allows_for_what_selection_told(made: World, estimated: Propensity) -> None:
    looked, population = inspected(made), made.population()
    correction, margins = correct(made, estimated, made.log_odds)
    assert correction.hint.size == pytest.approx(0.8, abs=0.3)
    rows, shown = np.ones(len(looked), dtype=bool), expit(margins[: len(looked)])
    given = correction.given(shown * 0 + margins[: len(looked)], rows, shown)
    assert np.array_equal(given[~population.chosen], shown[~population.chosen])
    assert given[population.chosen].sum() == pytest.approx(
        made.positive[looked][population.chosen].sum(), rel=0.1
    )
    lifted = correction.with_lift(margins[: len(looked)], rows, shown)
    log_odds = margins[: len(looked)][population.chosen]
    assert expit(log_odds + lifted.lift).sum() == pytest.approx(given[population.chosen].sum())
    card = lifted.to_card("calibrated")
    assert card["hint_measured"]
    assert card["lift"] == round(lifted.lift, 4) > 0


def test_results_of_long_ago_have_less_say_than_those_of_lately(made: World, estimated: Propensity) -> None:
    """Years ago hardly anything failed: what is said of today is today's."""
    looked, over = inspected(made), np.flatnonzero(made.reasons == "")
    whole = made.population()
    population = replace(whole, as_of=whole.as_of * 10)
    place = np.concatenate([looked, over])
    lately = place >= np.quantile(place, 0.75)
    few = np.random.default_rng(0).random(len(looked)) < 0.1
    positive = made.positive[looked] & (lately[: len(looked)] | few)
    margins = made.log_odds[place]
    correction = correction_of(Observed(population, estimated), margins, positive, np.ones(len(looked)))
    chances = Observed(population, estimated).chances(correction.outcomes, margins)
    assert chances[lately].sum() == pytest.approx(expit(margins[lately]).sum(), rel=0.25)


def test_lines_passed_over_are_calibrated_where_who_chooses_reads_what_the_margin_leaves_out() -> None:
    random = np.random.default_rng(5)
    seen, read = random.normal(0, 1, (2, 60_000))
    log_odds = -3.0 + seen + read
    made = drawn_by(random, log_odds, -2.0 + 0.9 * seen + 0.9 * read)
    population, looked = made.population(), inspected(made)
    correction, margins = correct(made, estimate_propensity(population, threads=1), seen)
    observed = correction.observed
    assert observed is not None
    chances = observed.chances(correction.outcomes, margins)
    lines = calibrate_to(margins, chances, population.directions.tolist(), population.weight)
    shown = probabilities(lines, seen, ["import"] * len(seen))
    naive = expit(fit_platt(seen[looked], made.positive[looked]).log_odds(seen))
    truth, alike = expit(log_odds), np.ones(len(seen))
    assert calibration_line(truth, shown, alike)[0] == pytest.approx(1.0, abs=0.12)
    assert calibration_line(truth, naive, alike)[0] > 1.2, "chosen lines flatten it"
    assert truth.sum() / shown.sum() == pytest.approx(1.0, abs=0.15)
    assert truth.sum() / naive.sum() < 0.6


@given(st.floats(0.2, 3), st.floats(-4, 0))
def test_a_line_through_chances_that_lie_on_one_is_that_line(slope: float, intercept: float) -> None:
    margin = np.linspace(-3, 2, 60)
    lines = calibrate_to(margin, expit(intercept + slope * margin), ["import"] * 60, np.ones(60))
    assert lines[Direction.IMPORT].slope == pytest.approx(slope, rel=1e-5)
    assert lines[Direction.IMPORT].intercept == pytest.approx(intercept, abs=1e-5)
    assert lines[Direction.EXPORT] == lines[Direction.IMPORT], "no line of a direction: that of all"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.3, 2))
def test_as_many_failures_are_shown_as_the_chances_say(seed: int, slope: float) -> None:
    random = np.random.default_rng(seed)
    margin, weight = random.normal(0, 1, 300), random.integers(1, 20, 300).astype(float)
    chance = expit(-2 + slope * margin + random.normal(0, 0.5, 300))
    line = calibrate_to(margin, chance, ["export"] * 300, weight)[Direction.EXPORT]
    assert expit(line.log_odds(margin)) @ weight == pytest.approx(chance @ weight, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.8, 1.25), st.floats(-1.0, 1.0), st.integers(0, 99))
def test_a_bolder_fit_of_the_same_lines_says_by_how_much(slope: float, level: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    earlier = random.normal(-1, 1.2, 6_000)
    positive = random.random(6_000) < expit(earlier)
    told = scale_between(earlier, slope * earlier + level, positive[:4_000], np.ones(6_000))
    assert told.slope == pytest.approx(slope, abs=0.02)
    assert told.intercept == pytest.approx(level, abs=0.04), "whatever chance did to the results"


def test_few_failures_tell_the_level_between_two_fits_alone() -> None:
    earlier = np.random.default_rng(0).normal(-3, 1, 400)
    positive = np.arange(400) < 30
    told = scale_between(earlier, earlier + 0.7, positive, np.ones(400))
    assert (told.slope, told.intercept) == (1.0, pytest.approx(0.7))


def test_chances_that_fall_with_the_margin_leave_the_ranking_alone() -> None:
    margin = np.linspace(-1, 1, 50)
    line = calibrate_to(margin, expit(-2 - margin), ["import"] * 50, np.ones(50))[Direction.IMPORT]
    assert line.slope > 0
    assert expit(line.log_odds(margin)).mean() == pytest.approx(expit(-2 - margin).mean(), rel=0.1)


@settings(max_examples=30, deadline=None)
@given(st.floats(-2, 2), st.floats(0.3, 2), st.floats(-4, 1), st.integers(0, 10_000))
def test_margins_that_rose_are_known_by_what_they_expect(
    rise: float, slope: float, level: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    margin, weight = random.normal(-2, 1, 200), random.random(200) + 0.1
    ways = random.choice([str(way) for way in Direction], 200).tolist()
    lines = {Direction.IMPORT: Platt(slope, level), Direction.EXPORT: Platt(1.0, 0.0)}
    lines |= {way: Platt(1.0, 0.0) for way in Direction if way not in lines}
    expected = float(weight @ probabilities(lines, margin, ways))
    assert risen_by(lines, margin + rise, ways, weight, expected) == pytest.approx(rise, abs=1e-6)
    assert risen_by(lines, margin, ways, weight, 0.0) == 10.0
    assert risen_by(lines, margin, ways, weight, 2 * weight.sum()) == -10.0


def test_support_counts_every_line_and_names_cells_without_overlap(
    made: World, estimated: Propensity
) -> None:
    population = made.population()
    told = support_of(population, estimated)
    assert sum(cell["lines"] for cell in told["cells"]) == told["lines"] == len(made.reasons)
    assert told["by_law"] + told["drawn_at_random"] + told["chosen"] == told["inspected"]
    assert 0 < told["effective"] < told["inspected"]
    lawful = population.strata.copy()
    lawful[: population.inspected][population.statutory] = ("import", "food", "02")
    never = np.flatnonzero(np.arange(len(lawful)) >= population.inspected)[:300]
    lawful[never] = ("export", "general", "94")
    split = support_of(replace(population, strata=lawful), estimated)
    overlap = {cell["cell"]: cell["overlap"] for cell in split["cells"]}
    assert overlap == {
        "import food 02": "statutory", "export general 94": "exempt", "import food 04": "both",
        "import general 85": "both",
    }  # fmt: skip
    assert split["share_exempt"] == pytest.approx(300 / 20_000)


def test_lines_inspected_in_vain_were_not_passed_over(made: World, estimated: Propensity) -> None:
    whole = made.population()
    count = whole.inspected + 349
    some = replace(
        whole, values=whole.values[:count], as_of=whole.as_of[:count], weight=whole.weight[:count],
        strata=whole.strata[:count],
    )  # fmt: skip
    assert some.selected
    assert not replace(some, untold=300).selected
    strata = whole.strata.copy()
    strata[: whole.inspected][whole.statutory] = strata[-300:] = ("import", "food", "02")
    cells = support_of(replace(whole, strata=strata, untold=300), estimated)["cells"]
    lawful = next(cell for cell in cells if cell["cell"] == "import food 02")
    assert lawful["lines"] == whole.statutory.sum() + 300
    assert (lawful["overlap"], lawful["least"]) == ("statutory", 1.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 0.99), st.integers(1, 4)), min_size=1, max_size=30))
@example([(False, 0.765625, 3), (False, 0.01, 1), (True, 0.8809857568463817, 1)])
def test_a_weighted_figure_is_that_of_lines_repeated(rows: list[tuple[bool, float, int]]) -> None:
    positive = np.array([row[0] for row in rows])
    probability = np.array([row[1] for row in rows])
    weight = np.array([row[2] for row in rows])
    weighed = figures(positive, probability, weight.astype(float))
    repeated = figures(np.repeat(positive, weight), np.repeat(probability, weight))
    for name, value in repeated.items():
        assert weighed[name] == pytest.approx(value, nan_ok=True, rel=1e-4, abs=1e-6), name


def model_with(lift: float) -> RiskModel:
    return SimpleNamespace(card={"selection": {"lift": lift}} if lift else {})  # type: ignore[return-value]


@given(st.lists(st.tuples(st.floats(0.01, 0.9), st.sampled_from(list(Selection))), min_size=1, max_size=9))
def test_results_are_held_against_what_is_expected_of_lines_so_inspected(
    rows: list[tuple[float, Selection]],
) -> None:
    probability = np.array([row[0] for row in rows])
    reasons = np.array([str(row[1]) for row in rows], dtype=object)
    told = given_chosen(model_with(0.7), probability, reasons)
    chosen = ~np.isin(reasons, ["random", "statutory"])
    odds = [part / (1 - part) for part in (told, probability)]
    assert np.allclose(odds[0][chosen], odds[1][chosen] * np.exp(0.7))
    assert np.array_equal(told[~chosen], probability[~chosen])
    assert given_chosen(model_with(0.0), probability, reasons) is probability
    assert given_chosen(model_with(0.7), probability, reasons[:0]) is probability
