"""Where fewer than five enterprises failed nothing is beyond doubt: it says so, and breaks nothing."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from features.instants import DAY
from features.lines import Lines
from training.card.page import _against, _slices, _table_of
from training.card.parts import _precision
from training.clusters import Clusters
from training.compare.months import observed_over_expected
from training.compare.pair import Pair
from training.compare.ranking import differences
from training.compare.slices import slices_of, worse
from training.compare.tables import _ranking
from training.compare.verdict import Evidence, gates_of
from training.evaluate import evaluate, summary
from training.figures import NO_INTERVAL
from training.foretold import Foretold
from training.gates import Gate, calibration_gate
from training.policy import gate_policy
from training.report import text_table

POLICY = msgspec.structs.replace(gate_policy(), resamples=100)
SIZE = 60


def pair_of(failing: int, *, enterprises: int = 40) -> Pair:
    """So many enterprises that fail, of which the champion knows all and the challenger nothing."""
    random, rows = np.random.default_rng(2), enterprises * SIZE
    owner = np.repeat(np.arange(enterprises), SIZE)
    positive = (owner < failing) & (np.arange(rows) % SIZE < 8)
    numbers = np.arange(rows)
    names = np.array([f"C{at}" for at in owner], dtype=object)
    lines = Lines({"id": numbers.astype(object), "happened_at": numbers * DAY // 100, "consignee": names})
    ours, theirs = random.random(rows), 0.4 * positive + 0.5 * random.random(rows)
    return Pair(lines, lines["happened_at"], positive, np.zeros(rows, dtype=bool), ours, theirs)


def gates(pair: Pair, policy: Any = POLICY) -> dict[str, Gate]:
    labels = {"office": np.full(len(pair), "5301", dtype=object)}
    slices = slices_of(pair, labels, policy)
    found = Evidence(pair.positive, differences(pair, policy), (), slices)
    return {gate.name: gate for gate in gates_of(found, policy)}


JUDGED = ("not worse than the champion", "recall at capacity holds", "no slice is worse")


def test_a_challenger_that_knows_nothing_is_refused_where_chance_can_be_told() -> None:
    found = gates(pair_of(failing=20))
    assert [found[name].passed for name in JUDGED] == [False] * 3


@pytest.mark.parametrize("failing", [3, 4])
@pytest.mark.parametrize("unjudged", ["open", "closed"])
def test_of_a_few_enterprises_nothing_is_judged_and_the_policy_decides(failing: int, unjudged: str) -> None:
    policy = msgspec.structs.replace(POLICY, unjudged=unjudged)
    found = gates(pair_of(failing), policy)
    for name in JUDGED:
        assert not found[name].judged
        assert found[name].passed == (unjudged == "open")
        assert "nan" not in found[name].seen
        assert "5 enterprises" in found[name].seen
        json.dumps(found[name].figures, allow_nan=False)


def test_slices_of_a_few_enterprises_are_counted_and_not_compared() -> None:
    pair = pair_of(failing=6)
    labels = {"office": np.array([f"{min(at // SIZE, 3)}" for at in range(len(pair))], dtype=object)}
    policy = msgspec.structs.replace(
        POLICY, slices=msgspec.structs.replace(POLICY.slices, minimum_positives=8)
    )
    found = slices_of(pair, labels, policy)
    assert [each.positives for each in found] == [8, 8, 8, 24]
    assert [each.difference for each in found] == [None] * 4
    assert not list(worse(found, policy))


def test_evaluation_and_card_say_why_there_is_no_interval() -> None:
    pair = pair_of(failing=4)
    report = evaluate(pair.positive, pair.theirs, clusters=pair.clusters)
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert told["average_precision"] > 0.1
    assert told["intervals"]["average_precision"] == [None, None]
    shown = summary(report)
    assert NO_INTERVAL[1] in shown[0]
    assert "nan" not in "\n".join(shown)
    part = Foretold(pair.positive, pair.theirs, pair.theirs, pair.clusters)
    assert _precision(part) == [told["average_precision"], None, None]


def test_the_card_as_a_page_shows_figures_without_interval() -> None:
    pair = pair_of(failing=4)
    told = evaluate(pair.positive, pair.theirs, clusters=pair.clusters).to_dict()
    part = Foretold(pair.positive, pair.theirs, pair.theirs, pair.clusters)
    one = {
        "dimension": "office", "value": "5301", "lines": len(pair), "positives": 32,
        "observed_over_expected": [1.0, 0.5, 1.5], "average_precision": _precision(part),
    }  # fmt: skip
    ranking = [each.to_dict() for each in differences(pair, POLICY)]
    card = {
        "slices": {"minimum_positives": 20, "slices": [one]},
        "against": {"lines": len(pair), "champion": "nonconforming/1", "ranking": ranking},
    }
    for table in (_table_of(("指标", "Figures"), told), _slices(card), *_against(card)):
        shown = text_table(table)
        assert "nan" not in shown
        assert "None" not in shown
        assert NO_INTERVAL[0] in shown
        assert NO_INTERVAL[1] in shown


def test_a_comparison_shows_figures_without_interval() -> None:
    ranking = differences(pair_of(failing=4), POLICY)
    json.dumps([each.to_dict() for each in ranking], allow_nan=False)
    shown = text_table(_ranking(("排序", "Ranking"), ranking))
    assert "nan" not in shown
    assert NO_INTERVAL[1] in shown
    assert NO_INTERVAL[0] in shown
    assert NO_INTERVAL[1] not in text_table(_ranking(("排序", "Ranking"), differences(pair_of(20), POLICY)))


def test_lines_without_an_enterprise_are_drawn_one_by_one_as_ever() -> None:
    pair = pair_of(failing=4)
    alone = Clusters.named([None] * len(pair))
    assert evaluate(pair.positive, pair.ours, clusters=alone) == evaluate(pair.positive, pair.ours)


def test_outcomes_of_few_that_lie_apart_do_not_refuse_the_better_ranking() -> None:
    positive = np.arange(120) >= 117
    probability = np.linspace(0.01, 0.6, 120)
    few, many = Clusters.named(np.arange(120) // 3), Clusters.alone(120)
    found = calibration_gate(positive, probability, few, {}, POLICY)
    assert (found.passed, found.judged) == (True, False)
    strict = msgspec.structs.replace(POLICY, unjudged="closed")
    assert not calibration_gate(positive, probability, few, {}, strict).passed
    six = np.arange(120) >= 114
    assert not calibration_gate(six, probability, many, {}, POLICY).passed


@pytest.mark.parametrize("enterprises", [1, 2, 4])
def test_months_of_few_enterprises_are_as_sure_as_one_line(enterprises: int) -> None:
    owner = np.arange(200) % enterprises
    positive, probability = owner == 0, np.full(200, 1 / 20)
    found = observed_over_expected(positive, probability, 0.95, Clusters.named(owner))
    assert found.design_effect == 200
    assert found.low < 1 < found.high
