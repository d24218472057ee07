from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.calibration_limit import control, expected, slope_and_top, within
from features.instants import DAY, parse_instant
from training.evaluate import evaluate
from training.judge import Scored

MONTHS = 3


def port(lines: int, seed: int = 1) -> tuple[Scored, np.ndarray]:
    """Lines of three months that fail by chances known, and a model that says half of each."""
    random = np.random.default_rng(seed)
    declared = parse_instant("2026-04-01") + np.sort(random.integers(0, 91 * DAY, lines))
    chance = random.beta(1, 8, lines)
    ids = np.arange(lines).astype(str).astype(object)
    nothing = np.zeros(lines, bool)
    return Scored(ids, declared, random.random(lines) < chance, nothing, chance / 2, Counter()), chance


def test_right_probabilities_are_judged_on_all_lines_and_by_month() -> None:
    scored, chance = port(6_000)
    rows = {row["benchmark"]: row for row in control(scored, chance, chance, 0.9)}
    top = rows["port: observed over expected top 5pct of p_observable, all lines"]
    report = evaluate(scored.positive, chance)
    assert top["ours"] == pytest.approx(report["observed_over_expected_top_5pct"])
    assert f"of {MONTHS} months outside" in top["note"]
    found = rows["port: observed over expected top 5pct of p_observable x 0.900, all lines"]
    assert found["ours"] == pytest.approx(top["ours"] / 0.9), "what is found promises less than fails"


def test_chance_leaves_fewer_months_in_range_on_a_small_port_than_on_a_large_one() -> None:
    name = "port: share of months within range, calibration slope, were p_observable right"
    small, large = (
        next(row["ours"] for row in control(scored, chance, chance, 0.9) if row["benchmark"] == name)
        for scored, chance in (port(1_000), port(12_000))
    )
    assert 0 < small < 0.3
    assert 0.5 < large < 1


def test_a_probability_of_half_the_chance_finds_twice_what_it_expects() -> None:
    scored, chance = port(20_000)
    _, top = slope_and_top(scored.positive, scored.probability)
    assert top == pytest.approx(2 * slope_and_top(scored.positive, chance)[1])
    assert not within(np.array([top])).any()
    assert within(np.array([0.95, 1.0, 1.05])).all()


def test_true_chances_judge_as_very_many_outcomes_would() -> None:
    random = np.random.default_rng(3)
    chance = random.beta(1, 8, 200_000)
    said = np.clip(1.3 * chance**1.2, 0.001, 0.999)
    outcomes = slope_and_top(random.random(len(chance)) < chance, said)
    assert expected(chance, said) == pytest.approx(outcomes, abs=0.03)
    assert expected(chance, chance) == pytest.approx([1.0, 1.0], abs=1e-6)
