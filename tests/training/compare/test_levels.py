"""A challenger whose probabilities are too low or too high is refused, however few failures it expects."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from features.instants import DAY
from features.lines import Lines
from training.clusters import Clusters
from training.compare.golden import Golden
from training.compare.months import (
    Expected,
    Month,
    by_month,
    design_effect,
    observed_over_expected,
    over_all,
)
from training.compare.ranking import Difference
from training.compare.slices import Slice
from training.compare.verdict import Evidence, gates_of, golden_gate, months_gate, slices_gate
from training.gates import Gate, closed, gate_report
from training.policy import gate_policy

POLICY = gate_policy()
RULE = POLICY.calibration_by_month
CLOSED = msgspec.structs.replace(POLICY, unjudged="closed")
AT = np.int64(1_577_808_000_000_000)
SHIFTS = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)


def port(shift: float, each: int, seed: int = 1, months: int = 6, enterprises: int = 300) -> Evidence:
    """So many lines a month of enterprises that fail together; the model errs by the shift."""
    random, rows = np.random.default_rng(seed), each * months
    owner = random.integers(0, enterprises, rows)
    right = -2.8 + random.normal(0, 1, rows)
    unknown = random.normal(0, 0.4, enterprises)[owner]
    positive = random.random(rows) < 1 / (1 + np.exp(-right - unknown))
    at = AT + np.sort(random.integers(0, months * 30 * DAY, rows))
    lines = Lines(
        {"id": np.arange(rows).astype(object), "happened_at": at, "consignee": owner.astype(object)}
    )
    clusters = Clusters.by_consignee(lines)
    scores = {"challenger": 1 / (1 + np.exp(-right - shift)), "champion": 1 / (1 + np.exp(-right))}
    told = (POLICY.confidence, clusters)
    return Evidence(
        positive, (), by_month(positive, at, scores, *told), (), whole=over_all(positive, scores, *told)
    )


def counted(expected: float, observed: int) -> Expected:
    return Expected(500, observed, expected, observed / expected, 0.0, 9.0)


def months_of(counts: list[tuple[float, int]]) -> list[Month]:
    return [Month(f"{2020 + at // 12}-{at % 12 + 1:02}", {"challenger": counted(*each)})
            for at, each in enumerate(counts)]  # fmt: skip


def evidence(counts: list[tuple[float, int]]) -> Evidence:
    return Evidence(np.ones(30, dtype=bool), (), months_of(counts), ())


@pytest.mark.parametrize("shift", [sign * each for sign in (-1, 1) for each in SHIFTS])
@pytest.mark.parametrize("each", [1_500, 4_000])
def test_no_shift_beyond_the_policys_band_passes(shift: float, each: int) -> None:
    for seed in range(3):
        found = port(shift, each, seed)
        gate = months_gate(found, POLICY)
        assert (gate.judged, gate.passed) == (True, False), f"{shift:+} seed {seed}: {gate.seen}"


@pytest.mark.parametrize("shift", [-1.1, -1.3, -1.5])
def test_the_lower_a_challenger_expects_the_less_it_passes(shift: float) -> None:
    found = port(shift, 90)
    assert all(month.models["challenger"].expected < RULE.minimum_failures for month in found.months)
    gate = months_gate(found, POLICY)
    assert (gate.judged, gate.passed) == (True, False), gate.seen
    assert "found" in gate.seen
    assert gate.figures


def test_a_right_model_passes() -> None:
    for each in (90, 400, 1_500):
        shut = [
            seed
            for seed in range(30)
            if not months_gate(port(0.0, each, seed, enterprises=60), POLICY).passed
        ]
        assert len(shut) <= 1, f"{each} lines a month"


def test_a_model_that_errs_within_the_band_passes() -> None:
    assert all(months_gate(port(shift, 300), POLICY).passed for shift in (-0.25, 0.25))


def test_many_found_where_few_were_expected_close() -> None:
    gate = months_gate(evidence([(9.0, 9), (2.0, 14)]), POLICY)
    assert not gate.passed
    assert gate.seen.startswith("2020-02: 14 found, 2.0 expected; ")


def test_failures_where_none_was_thought_possible_close() -> None:
    positive = np.arange(40) < 8
    whole = {"challenger": observed_over_expected(positive, np.zeros(40), 0.95)}
    gate = months_gate(Evidence(positive, (), (), (), whole=whole), POLICY)
    assert (gate.judged, gate.passed) == (True, False)
    assert gate.figures["all together"]["interval"] is None


def test_few_found_where_few_were_expected_stay_unseen() -> None:
    gate = months_gate(evidence([(0.5, 4), (4.9, 0), (0.1, 3)]), POLICY)
    assert (gate.judged, gate.passed) == (False, True)
    assert gate.seen.startswith("not judged: 0 months with 5 or more failures expected or found")


@pytest.mark.parametrize("edge", RULE.observed_over_expected)
def test_months_at_the_edge_of_the_range_close_no_more_often_than_by_chance(edge: float) -> None:
    """A month is judged for what was found in it, but the number of intervals is not chosen by that."""
    random = np.random.default_rng(4)
    expected = np.geomspace(0.3, 12.0, 24)
    shut = [
        not months_gate(
            evidence([(each, int(n)) for each, n in zip(expected, row, strict=True)]), POLICY
        ).passed
        for row in random.poisson(edge * expected, (400, 24))
    ]
    assert np.mean(shut) <= 1 - POLICY.confidence


def test_the_number_of_intervals_does_not_depend_on_what_was_found() -> None:
    """Beside months in which nothing was found a month needs as much as beside others."""
    quiet, busy = [(1.0, 0)] * 23, [(1.0, 6)] * 23
    least = [
        next(n for n in range(1, 99) if "2021-12" in months_gate(evidence([*others, (2.0, n)]), POLICY).seen
             and not months_gate(evidence([*others, (2.0, n)]), POLICY).passed)
        for others in (quiet, busy)
    ]  # fmt: skip
    assert least[0] == least[1]


def test_all_months_together_close_where_none_by_itself_does() -> None:
    one_by_one = [(20.0, 37)] * 8
    assert months_gate(evidence(one_by_one), POLICY).passed
    whole = {"challenger": counted(160.0, 296)}
    gate = months_gate(replace(evidence(one_by_one), whole=whole), POLICY)
    assert not gate.passed
    assert gate.seen.startswith("all together: 296 found, 160.0 expected; ")


def test_many_expected_and_few_found_close_though_two_models_cannot_be_told_apart() -> None:
    found = replace(evidence([(40.0, 6)]), positive=np.arange(400) < 6)
    ranking, months = gates_of(found, POLICY)
    assert (ranking.judged, ranking.passed) == (False, True)
    assert (months.judged, months.passed) == (True, False)


def test_one_enterprise_that_failed_throughout_does_not_close_a_month() -> None:
    positive, at = np.ones(40, dtype=bool), AT + np.arange(40)
    scores = {"challenger": np.full(40, 0.2)}
    for many, passed in ((1, True), (40, False)):
        clusters = Clusters.named((np.arange(40) % many).tolist())
        months = by_month(positive, at, scores, POLICY.confidence, clusters)
        whole = over_all(positive, scores, POLICY.confidence, clusters)
        assert months_gate(Evidence(positive, (), months, (), whole=whole), POLICY).passed == passed


@pytest.mark.parametrize("many", [2, 3, 5, 40])
def test_few_enterprises_stray_as_far_as_the_design_effect_says(many: int) -> None:
    """On average, of enterprises whose lines fail all or not at all, it is the number of their lines."""
    random, each = np.random.default_rng(many), 30
    owner = np.repeat(np.arange(many), each)
    clusters, level = Clusters.named(owner.tolist()), np.full(many * each, 0.5)
    spread, alone = [], []
    for _ in range(600):
        positive = (random.random(many) < 0.5)[owner]
        ratio = positive.sum() / level.sum()
        missed = positive - ratio * level
        spread.append((clusters.sums(missed) ** 2).sum() * many / (many - 1))
        alone.append(0.25 * many * each)
        if 0 < positive.sum() < len(positive):
            assert design_effect(positive, level, clusters) >= each
    assert np.mean(spread) / np.mean(alone) == pytest.approx(each, rel=0.15)


def unseen_gates(policy_of: str) -> dict[str, Gate]:
    policy = msgspec.structs.replace(POLICY, unjudged=policy_of)
    part = Slice("origin", "TH", 40, 3, None)
    return {
        "months": months_gate(evidence([(1.0, 1)]), policy),
        "no months": months_gate(evidence([]), policy),
        "slices": slices_gate([part], policy),
        "golden": golden_gate(Golden("2026", 0, 200, None, ()), policy),
    }


def test_what_could_not_be_judged_is_open_or_closed_as_the_policy_says() -> None:
    for name, gate in unseen_gates("open").items():
        assert (gate.judged, gate.passed) == (False, True), name
    for name, gate in unseen_gates("closed").items():
        assert (gate.judged, gate.passed) == (False, False), name
        assert gate.seen.startswith("not judged: "), name
    assert len(closed(gate_report(list(unseen_gates("closed").values())))) == 4


def test_a_policy_that_closes_what_is_unseen_leaves_what_was_judged_alone() -> None:
    assert months_gate(evidence([(9.0, 9)]), CLOSED).passed
    same = Difference("average_precision", 0.5, 0.5, -0.01, 0.01, 0.005)
    assert slices_gate([Slice("origin", "TH", 400, 40, same)], CLOSED).passed
    assert golden_gate(Golden("2026", 200, 0, None, ()), CLOSED).passed
