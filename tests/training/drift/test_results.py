"""Labels that drift are told, in the sentence, the JSON, the page and the metrics; chance is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from small_port import START

from customs_risk import main
from features.instants import DAY, now
from features.records import Declaration, Inspection
from features.store.entries import Entry
from features.terms import Direction, Outcome, Selection
from models.spec import Target
from training.clusters import Clusters
from training.compare.months import observed_over_expected
from training.dataset import build_dataset
from training.drift.distance import Distance
from training.drift.labels import results_moved
from training.drift.report import DriftReport
from training.drift.shifts import ALL, Drawn, Shift, _drawn, share_ratio, shifts_of
from training.drift.tables import page, verdict
from training.drift.texts import Unknown
from training.period import Span
from training.workshop import Workshop

MONTHS = [f"2020-{at:02}" for at in range(1, 7)]


def of_enterprises(random: np.random.Generator, share: float, lines: int) -> tuple[Any, Clusters]:
    """Lines of forty enterprises of which each fails in its own way."""
    owner = random.integers(0, 40, lines)
    chance = np.clip(share * random.lognormal(-0.08, 0.4, 40), 0, 1)[owner]
    return random.random(lines) < chance, Clusters.named(owner.tolist())


def looked(seed: int, times: float) -> list[Shift]:
    """Half a year of results where so many times as many fail as before, and as the champion expects."""
    random = np.random.default_rng(seed)
    before = _drawn(*of_enterprises(random, 0.1, 600))
    parts = {month: of_enterprises(random, 0.1 * times, 150) for month in MONTHS}
    positive = np.concatenate([each[0] for each in parts.values()])
    whole = Clusters.named(np.concatenate([each[1].of for each in parts.values()]).tolist())
    parts[ALL] = positive, whole
    calibration = {
        month: observed_over_expected(found, np.full(len(found), 0.1), 0.95, clusters)
        for month, (found, clusters) in parts.items()
    }
    return shifts_of(calibration, before, {month: _drawn(*each) for month, each in parts.items()})


def test_one_report_in_twenty_at_most_is_wrong_for_all_its_looks() -> None:
    wrong = [any(each.drifted for each in looked(seed, 1.0)) for seed in range(100)]
    assert sum(wrong) <= 5


@pytest.mark.parametrize("times", [0.25, 2.5, 4.0])
def test_results_that_moved_are_told_of_both_kinds(times: float) -> None:
    for seed in range(5):
        told = {(each.kind, each.month) for each in looked(seed, times) if each.drifted}
        assert {("calibration", ALL), ("labels", ALL)} <= told, f"seed {seed}"


def test_what_is_sure_but_small_is_not_worth_speaking_of() -> None:
    kind = ("calibration", ALL, 10**6)
    assert not Shift(*kind, 120_000, 100_000.0, 1.19, 1.21).drifted
    assert Shift(*kind, 130_000, 100_000.0, 1.29, 1.31).drifted
    assert not Shift(*kind, 85_000, 100_000.0, 0.84, 0.86).drifted
    assert Shift(*kind, 75_000, 100_000.0, 0.74, 0.76).drifted
    assert not Shift("labels", "2020-01", 10, 30, 10.0, 0.9, 9.0).drifted


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([1.0, 2.5]))
def test_the_ratio_of_shares_lies_in_its_interval(now: int, before: int, effect: float) -> None:
    later, earlier = Drawn(100, now, effect), Drawn(300, before, effect)
    low, high = share_ratio(later, earlier, 0.95)
    if before:
        assert low <= later.share / earlier.share <= high
        wide = share_ratio(later, earlier, 0.99)
        assert wide[0] <= low <= high <= wide[1]
    else:
        assert high == np.inf
    assert 0 <= low <= high


def test_random_draws_without_a_failure_before_can_drift() -> None:
    told = shifts_of({}, Drawn(300, 0, 1.0), {ALL: Drawn(100, 30, 1.0)})
    assert [each.drifted for each in told] == [True]
    assert told[0].to_dict()["ratio"] is None
    assert json.loads(json.dumps(told[0].to_dict(), allow_nan=False))["drifted"] is True


def test_without_random_draws_before_labels_are_not_compared() -> None:
    assert shifts_of({}, None, {ALL: Drawn(100, 30, 1.0)}) == []


def report(shifts: list[Shift], drifted: bool = False) -> DriftReport:
    feature = Distance("feature", "x", 0.4, 0.1, 0.1, 0.0, drifted)
    unknown = Unknown(0.0, 0.0, 9, False, ())
    period = ("2020-01-01", "2020-06-30", 900)
    return DriftReport("nonconforming", "n/1", "", period, period, [feature], unknown, [], [], shifts)


def test_no_sentence_gives_the_all_clear_while_results_moved() -> None:
    zh, en = verdict(report([Shift("calibration", "2020-04", 90, 81, 20.0, 2.86, 5.58)]))
    assert en == "drifted: calibration (2020-04 4.05 times); and 0 features"
    assert zh == "漂移：校准（2020-04为 4.05 倍）；另有 0 项特征"
    zh, en = verdict(report([Shift("labels", ALL, 90, 30, 2.0, 5.0, 90.0)], drifted=True))
    assert en == "drifted: shares found in random draws (all together 15.00 times); and 1 features"
    calm = verdict(report([Shift("calibration", "2020-04", 90, 21, 20.0, 0.6, 1.6)], drifted=True))
    assert calm[1] == "scores, contributions, results and texts have not drifted; 1 features have"
    assert "verdict closed" in page(report([Shift("labels", ALL, 90, 30, 2.0, 5.0, 90.0)]))


def test_without_results_nothing_is_said_to_hold_of_them() -> None:
    one = Shift("calibration", "2020-04", 1, 0, 0.02, 0.0, 200.0)
    for drifted, shifts in ((True, []), (False, []), (True, [one]), (False, [one])):
        zh, en = verdict(report(shifts, drifted))
        assert "no or too few later results are known yet" in en
        assert "尚无或仅有少量查验结果" in zh
        assert "results" not in en.split(";")[0]


@pytest.fixture
def drift(shop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)

    def run(*arguments: str) -> tuple[Result, dict[str, Any]]:
        out = tmp_path / "drift.json"
        done = CliRunner().invoke(main, ["drift", "--json", str(out), *arguments])
        return done, json.loads(out.read_text(encoding="utf-8")) if done.exit_code == 0 else {}

    return run


def later_lines(share: float, first: int = 0, count: int = 240) -> list[Entry]:
    """Random draws after the small port's ten months, four a day."""
    random, entries = np.random.default_rng(3), []
    for number in range(first, first + count):
        at = START + 300 * DAY + number * DAY // 4
        line = Declaration(
            id=f"M{number}", happened_at=at, direction=Direction.IMPORT, hs_code="8509409000",
            origin="DE", consignee=f"C{random.integers(10, 30)}", total_price=3_000.0, currency="CNY",
        )  # fmt: skip
        outcome = Outcome.RECTIFIED if random.random() < share else Outcome.PASS
        result = Inspection(id=f"IM{number}", happened_at=at, declaration_id=line.id, outcome=outcome,
                            selected_by=Selection.RANDOM)  # fmt: skip
        entries += [Entry(line, known_at=at), Entry(result, known_at=at + DAY)]
    return entries


@pytest.mark.xdist_group("two-versions")
def test_labels_that_drift_fourfold_are_told_everywhere(shop: Workshop, drift: Any) -> None:
    _, calm = drift()
    assert not [name for name in calm["drifted"] if name.startswith(("calibration", "labels"))]
    assert {each["kind"] for each in calm["results"]} == {"calibration"}, "nothing was drawn at random before"
    shop.store.append(later_lines(0.45), imported=True)
    done, told = drift("--from", "2020-10-28")
    assert done.exit_code == 0, done.output
    assert "calibration all" in told["drifted"]
    assert "drifted: " in done.stdout
    assert "calibration (all together " in done.stdout
    folder = shop.home / "drift"
    assert "verdict closed" in (folder / "nonconforming.html").read_text(encoding="utf-8")
    metrics = {
        (sample.name, sample.labels.get("month")): sample.value
        for family in text_string_to_metric_families((folder / "nonconforming.prom").read_text())
        for sample in family.samples
    }
    name = "customs_risk_drift_observed_over_expected"
    [whole] = [each for each in told["results"] if each["month"] == ALL and each["kind"] == "calibration"]
    assert whole["low"] > 1
    assert metrics[f"{name}_beyond", ALL] == 1
    assert metrics[f"{name}_low", ALL] == pytest.approx(whole["low"])
    assert metrics[f"{name}_high", ALL] == pytest.approx(whole["high"])
    assert metrics[name, ALL] == pytest.approx(whole["ratio"])
    unknown = "customs_risk_drift_unknown_words"
    assert metrics[f"{unknown}_floor", None] == pytest.approx(told["unknown_words"]["floor"])
    assert metrics[f"{unknown}_beyond", None] == told["unknown_words"]["drifted"]


@pytest.mark.xdist_group("two-versions")
def test_random_draws_of_both_periods_are_held_against_each_other(shop: Workshop) -> None:
    shop.store.append(later_lines(0.05) + later_lines(0.4, 240), imported=True)
    dataset = build_dataset(shop.store, Target.NONCONFORMING, now())
    turn = START + 360 * DAY
    spans = Span(START, turn), Span(turn, now())
    found = results_moved(dataset, [], None, spans)
    assert {each.kind for each in found} == {"labels"}
    whole = {each.month: each for each in found}[ALL]
    assert whole.lines == 240
    assert 240 * 0.02 < whole.expected < 240 * 0.09
    assert whole.drifted
    assert results_moved(dataset, [], None, (Span(START, START + 90 * DAY), spans[1])) == []


@pytest.mark.xdist_group("two-versions")
def test_its_own_lessons_and_days_to_come_are_refused_and_nothing_is_kept(shop: Workshop, drift: Any) -> None:
    assert drift()[0].exit_code == 0
    kept = {file.name: file.read_bytes() for file in (shop.home / "drift").iterdir()}
    for arguments, said in {
        ("--from", "2020-02-01", "--until", "2020-04-30"): "trained or calibrated on",
        ("--from", "2020-02-01"): "trained or calibrated on",
        ("--until", "2099-01-01"): "has not come yet",
        ("--until", "2020-03-01"): "learned from lines declared until",
        ("--from", "2099-01-01"): "after the end",
    }.items():
        refused, _ = drift(*arguments)
        assert refused.exit_code == 2, arguments
        assert said in refused.stderr, arguments
    assert {file.name: file.read_bytes() for file in (shop.home / "drift").iterdir()} == kept
