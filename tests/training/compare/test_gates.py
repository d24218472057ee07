"""Each comparison's gate, seen closing; where two models cannot be told apart it stays open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.instants import DAY
from features.lines import Lines
from training.clusters import Clusters
from training.compare.golden import Golden, Moved
from training.compare.latency import Latency, latency
from training.compare.months import Expected, Month, by_month, farthest, observed_over_expected
from training.compare.pair import Pair
from training.compare.ranking import differences
from training.compare.reasons import Reasons
from training.compare.slices import slices_of
from training.compare.verdict import Evidence, gates_of
from training.figures import FEWEST_CLUSTERS, figures, resampled_pairs
from training.gates import Gate
from training.policy import SHIPPED, InvalidGatePolicy, gate_policy

POLICY = gate_policy()
ROWS = 3_000
AT = np.int64(1_577_808_000_000_000)


def told(strength: float, risk: np.ndarray, seed: int) -> np.ndarray:
    """Calibrated probabilities that know the risk the better, the larger the strength."""
    random = np.random.default_rng(seed)
    logit = np.log(risk / (1 - risk)) * strength + random.normal(0, 1, len(risk)) * (1 - strength)
    return np.asarray(1 / (1 + np.exp(-logit + (1 - strength) * 2.2)))


def lines_of(consignee: np.ndarray) -> Lines:
    """Lines of these consignees, declared within a moment."""
    numbers = np.arange(len(consignee))
    return Lines({"id": numbers.astype(object), "happened_at": AT + numbers, "consignee": consignee})


def clustered_pair(seed: int, each: int = 30) -> Pair:
    """So many lines of each of a hundred enterprises, of which either model is wrong in its own way."""
    random, rows = np.random.default_rng(seed), 100 * each
    owner = np.repeat(np.arange(100), each)
    risk = random.normal(-2.5, 1.0, 100)
    positive = random.random(rows) < 1 / (1 + np.exp(-risk[owner]))
    ours, theirs = (1 / (1 + np.exp(-(risk + random.normal(0, 0.7, 100))[owner])) for _ in range(2))
    lines = lines_of(np.array([f"C{at}" for at in owner], dtype=object))
    return Pair(lines, lines["happened_at"], positive, np.zeros(rows, dtype=bool), ours, theirs)


def pair_of(ours: float, theirs: float, seed: int = 1) -> Pair:
    """Lines that the two models know equally or unequally well."""
    random = np.random.default_rng(seed)
    risk = random.beta(1, 6, ROWS)
    positive = random.random(ROWS) < risk
    lines = lines_of(np.full(ROWS, None))
    scores = told(ours, risk, seed + 1), told(theirs, risk, seed + 2)
    return Pair(lines, AT + np.arange(ROWS), positive, random.random(ROWS) < 0.2, *scores)


def evidence(pair: Pair, **more: Any) -> Evidence:
    months = by_month(pair.positive, pair.as_of, {"challenger": pair.ours, "champion": pair.theirs}, 0.95)
    return Evidence(pair.positive, differences(pair, POLICY), months, (), **more)


def gates(found: Evidence) -> dict[str, Gate]:
    return {gate.name: gate for gate in gates_of(found, POLICY)}


def test_a_better_challenger_finds_every_gate_open() -> None:
    found = gates(evidence(pair_of(1.0, 0.3)))
    assert all(gate.passed for gate in found.values()), found
    assert found["not worse than the champion"].figures["gain"] > 0


def test_a_worse_challenger_is_refused_with_figures() -> None:
    found = gates(evidence(pair_of(0.3, 1.0)))
    for name in ("not worse than the champion", "recall at capacity holds"):
        assert not found[name].passed
        assert "differs by -0." in found[name].seen
        assert found[name].figures


def test_equal_challengers_are_refused_no_more_often_than_by_chance() -> None:
    refused = [
        not gates(evidence(pair_of(0.8, 0.8, seed)))["not worse than the champion"].passed
        for seed in range(20)
    ]
    assert sum(refused) <= 3


def test_that_holds_too_where_lines_of_an_enterprise_resemble_each_other() -> None:
    policy = msgspec.structs.replace(POLICY, resamples=100)

    def told_apart(pair: Pair) -> bool:
        found = differences(pair, policy, shares=())[0]
        return bool(found.high < 0 or found.low > 0)

    pairs = [clustered_pair(seed, each=60) for seed in range(60)]
    by_line = [replace(pair, clusters=Clusters.alone(len(pair))) for pair in pairs]
    assert sum(told_apart(pair) for pair in pairs) <= 8, "5 % of 60 are promised"
    assert sum(told_apart(pair) for pair in by_line) >= 12, "drawn line by line they would be told apart"


def test_slices_draw_the_enterprises_of_their_own_lines() -> None:
    pair = clustered_pair(3)
    part = pair.take(np.arange(ROWS) % 3 == 0)
    assert len(part.clusters) == len(part)
    assert part.clusters.many == len(set(part.lines["consignee"]))
    afresh = Clusters.by_consignee(part.lines)
    assert part.clusters.of.tolist() == afresh.of.tolist()


def test_a_month_of_one_enterprise_failing_together_does_not_close_calibration() -> None:
    pair = clustered_pair(4)
    expected = 1 / (1 + np.exp(2.0))
    owner = np.repeat(np.arange(100), ROWS // 100)
    together, positive = np.full(ROWS, expected / 2.4), owner % 20 == 0
    scores = {"challenger": together * positive.mean() / expected}
    found = {
        name: by_month(positive, pair.as_of, scores, 0.95, clusters)[0].models["challenger"]
        for name, clusters in {"line": None, "enterprise": pair.clusters}.items()
    }
    assert found["line"].ratio == found["enterprise"].ratio == pytest.approx(2.4)
    assert found["line"].low > 2, "150 failures, if each came by itself"
    assert found["enterprise"].low < 1.5, "but they are five"
    assert found["enterprise"].design_effect == pytest.approx(30, rel=0.1)


@given(st.integers(1, 60), st.integers(0, 10**6))
def test_months_of_lines_by_themselves_have_the_exact_poisson_interval(rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    chance = random.random(rows)
    positive, alone = random.random(rows) < chance, Clusters.alone(rows)
    plain = observed_over_expected(positive, chance, 0.95)
    same = observed_over_expected(positive, chance, 0.95, alone)
    assert (same.low, same.high) == pytest.approx((plain.low, plain.high))
    owner = Clusters.named(random.integers(0, 5, rows))
    wide = observed_over_expected(positive, chance, 0.95, owner)
    assert wide.design_effect >= 1
    assert wide.low <= plain.low + 1e-12
    assert wide.high >= plain.high - 1e-12


def test_a_month_with_twice_the_failures_expected_closes_calibration() -> None:
    pair = pair_of(1.0, 1.0)
    found = gates(evidence(replace(pair, ours=pair.ours / 4)))["calibration holds by month"]
    assert not found.passed
    assert "2020-01" in found.seen
    assert "expected" in found.seen


def test_open_gates_of_months_and_slices_say_where_it_is_nearest_to_closing() -> None:
    pair = pair_of(0.8, 0.8)
    second = np.arange(ROWS) >= ROWS // 2
    later = replace(
        pair,
        as_of=pair.as_of + np.where(second, 40 * DAY, 0),
        ours=np.where(second, pair.ours / 1.4, pair.ours),
    )
    labels = {"origin": np.where(second, "TH", "DE").astype(object)}
    found = gates(replace(evidence(later), slices=slices_of(later, labels, POLICY)))
    months, slices = found["calibration holds by month"], found["no slice is worse"]
    assert months.passed
    assert slices.passed
    failed, expected = int(pair.positive[second].sum()), later.ours[second].sum()
    assert f"farthest 2020-02: {failed} found, {expected:.1f} expected" in months.seen
    gains = {part.value: part.difference.gain for part in slices_of(later, labels, POLICY) if part.difference}
    least = min(gains, key=lambda origin: gains[origin])
    assert f"least: origin {least}: {gains[least]:+.4f}" in slices.seen


@given(st.lists(st.floats(0, 9), min_size=1, max_size=5))
def test_the_farthest_month_is_one_that_no_other_is_farther_than(ratios: list[float]) -> None:
    months = [
        Month(f"2020-0{at}", {"challenger": Expected(1, 1, 1.0, ratio, 0, 9)})
        for at, ratio in enumerate(ratios, 1)
    ]
    found = farthest(months, "challenger")
    assert found is not None
    far = found.models["challenger"].ratio
    if far > 0:
        assert all(min(far, 1 / far) <= min(ratio, 1 / ratio) * 1.000001 for ratio in ratios if ratio > 0)
        assert min(ratios) > 0
    assert farthest([], "challenger") is None


def test_each_model_is_timed_first_on_every_other_line(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def first_pays(model: Any, *_: object) -> float:
        asked.append(model)
        return 9.0 if len(asked) % 2 else 5.0

    monkeypatch.setattr("training.compare.latency._score", lambda *_: None)
    monkeypatch.setattr("training.compare.latency._timed", first_pays)
    lines = pair_of(0.8, 0.8).lines
    models: Any = ("challenger", "champion")
    found = latency(lines, np.full(ROWS, AT), cast("Any", None), models, POLICY.latency)
    assert asked[:4] in (["challenger", "champion", "champion", "challenger"],
                         ["champion", "challenger", "challenger", "champion"])  # fmt: skip
    assert found.ratio == 1.0
    assert found.low <= 1.0 <= found.high


def test_a_loss_in_one_slice_closes_though_all_together_gain() -> None:
    good, bad = pair_of(1.0, 0.5), pair_of(0.1, 1.0, seed=9)
    rows = np.arange(ROWS) % 5 == 0
    mixed = replace(
        good,
        positive=np.where(rows, bad.positive, good.positive),
        ours=np.where(rows, bad.ours, good.ours),
        theirs=np.where(rows, bad.theirs, good.theirs),
    )
    labels = {"origin": np.where(rows, "TH", "DE").astype(object)}
    slices = slices_of(mixed, labels, POLICY)
    found = gates(replace(evidence(mixed), slices=slices))
    assert not found["no slice is worse"].passed
    assert "origin TH" in found["no slice is worse"].seen
    assert "2 of 2 slices" in found["no slice is worse"].seen


def test_slices_without_support_are_counted_and_not_judged() -> None:
    pair = pair_of(0.1, 1.0)
    labels = {"office": np.arange(ROWS).astype(str).astype(object)}
    found = gates(replace(evidence(pair), slices=slices_of(pair, labels, POLICY)))["no slice is worse"]
    assert (found.passed, found.judged) == (True, False)
    assert f"0 of {ROWS} slices" in found.seen


@pytest.mark.parametrize(
    ("more", "name", "said"),
    [
        ({"golden": Golden("2026", 200, 0, 1e-3, ())}, "golden set holds", "1.0e-03"),
        ({"reasons": Reasons(300, 0.1, 0.2, {})}, "reasons are stable", "0.10"),
        ({"latency": Latency(60, 900, 300, 3.0, 2.8, 3.2)}, "scores are not slower", r"3.00 [2.80, 3.20]"),
    ],
)
def test_models_that_differ_otherwise_are_refused(more: dict[str, Any], name: str, said: str) -> None:
    found = gates(evidence(pair_of(0.9, 0.9), **more))[name]
    assert not found.passed
    assert said in found.seen


def test_a_policy_may_refuse_for_scores_that_moved() -> None:
    strict = msgspec.structs.replace(
        POLICY, golden_set=msgspec.structs.replace(POLICY.golden_set, may_move=0.1)
    )
    moved = Golden("2026", 10, 0, 0.0, tuple(Moved(str(n), 0.9, 0.1) for n in range(2)))
    found = {gate.name: gate for gate in gates_of(evidence(pair_of(0.9, 0.9), golden=moved), strict)}
    assert not found["golden set holds"].passed
    assert "2 of 10 moved" in found["golden set holds"].seen


@pytest.mark.parametrize(("unjudged", "passed"), [("open", True), ("closed", False)])
def test_too_few_positives_are_not_judged_and_the_policy_decides(unjudged: str, passed: bool) -> None:
    pair = pair_of(0.1, 1.0).take(np.arange(ROWS) < 40)
    policy = msgspec.structs.replace(POLICY, unjudged=unjudged)
    [gate] = gates_of(Evidence(pair.positive, (), (), ()), policy)
    assert (gate.passed, gate.judged) == (passed, False)
    assert "20 needed" in gate.seen


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("may_lose = 0.0", "may_lose = 2.0"), "average_precision.may_lose"),
        (lambda text: text.replace("[0.5, 2.0]", "[2.0, 0.5]"), "must rise"),
        (lambda text: text.replace("[0.67, 1.5]", "[1.5, 0.67]"), "all_together must rise"),
        (lambda text: text.replace("all_together = [0.67, 1.5]\n", ""), "all_together"),
        (lambda text: text.replace("[0.75, 1.35]", "[1.35, 0.75]"), "slope must rise"),
        (lambda text: text.replace("least_slope = 0.4", "least_slope = -1"), "calibration.least_slope"),
        (lambda text: text.replace("may_miss = 1e-9", "may_miss = 0.0"), "additivity.may_miss"),
        (lambda text: text + "\n[more]\n", "more"),
        (lambda text: text.replace('unjudged = "open"', 'unjudged = "perhaps"'), "perhaps"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_named(
    tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    file = tmp_path / "gates.toml"
    file.write_text(change(SHIPPED.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InvalidGatePolicy, match=said):
        gate_policy(file)


@given(st.integers(2, 40), st.integers(0, 10**6))
def test_paired_resamples_are_those_of_drawn_enterprises(rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    positive = random.random(rows) < 0.5
    positive[0] = True
    ours, theirs = random.integers(1, 9, (2, rows)) / 10
    clusters = Clusters.named([None if name > 3 else name for name in random.integers(0, 9, rows)])
    pair = ours, theirs
    drawn = resampled_pairs(positive, pair, shares=(0.1, 0.5), clusters=clusters, resamples=2, seed=7)
    times = [np.ones(rows, dtype=int), *(weight.astype(int) for weight in clusters.weights(2, seed=7))]
    if clusters.rarer(positive) < FEWEST_CLUSTERS:
        assert all(np.isnan(values[1:]).all() and values.shape == (3, 2) for values in drawn.values())
        times = times[:1]
    picks = [np.repeat(np.arange(rows), often) for often in times]
    for at, pick in enumerate(picks):
        if not positive[pick].any():
            assert np.isnan(drawn["average_precision"][at]).all()
            continue
        for which, score in enumerate((ours, theirs)):
            # A stable sort leaves ties in the order of the lines, in the oracle too.
            order = np.sort(pick)
            slow = figures(positive[order], score[order])
            assert drawn["average_precision"][at, which] == pytest.approx(
                slow["average_precision"], nan_ok=True
            )
            assert drawn["recall_at_10pct"][at, which] == pytest.approx(slow["recall_at_10pct"], nan_ok=True)
