"""A port that inspects a third of its lines, mostly those that look risky: trained, judged, and told of."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.history import History
from features.instants import DAY
from features.records import Declaration, Inspection
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Direction, Outcome, Selection
from models.calibration import Platt
from models.spec import Handling, ModelSpec
from training.calibrate import probabilities, risen_by
from training.candidate import Bench, make_candidate
from training.card import card_page, selection_line
from training.dataset import Sampled, build_dataset
from training.encode import encode
from training.judge import judge, score_span
from training.period import Period, Span
from training.pipeline import Registered, Workshop, retrain
from training.progress import SILENT
from training.promote import read_version
from training.selection import Observed, estimate_propensity, population_of
from training.split import split_out_of_time
from training.tracking import Tracking

sys.path.insert(0, str(Path(__file__).parents[1]))

from small_port import SPEC, START

LINES, UNTIL, LATER = 4_000, dt.date(2020, 8, 31), dt.date(2020, 9, 1)
CHANCES: dict[str, float] = {}
"""Of each line, how likely it is to fail, whoever looks."""


def port() -> Iterator[Entry]:
    """Lines of 300 days; a reason that nobody records knows a little of what would be found."""
    random = np.random.default_rng(11)
    for number in range(LINES):
        at = START + number * 300 * DAY // LINES
        origin, consignee = str(random.choice(["CN", "DE", "TH", "BR"])), f"C{random.integers(30)}"
        chance = 0.05 + 0.2 * (origin == "TH") + 0.2 * (consignee in ("C3", "C4", "C5"))
        CHANCES[f"L{number}"], fails = chance, random.random() < chance
        line = Declaration(
            id=f"L{number}", happened_at=at, direction=Direction.IMPORT, hs_code="8509409000", origin=origin,
            consignee=consignee, total_price=1000.0, currency="CNY",
        )  # fmt: skip
        yield Entry(line, known_at=at)
        urge = -1.2 + 0.8 * (origin == "TH") + 0.8 * fails + random.normal()
        drawn = random.random() < 0.12
        if drawn or urge > 0:
            reason = Selection.RANDOM if drawn else Selection.TARGETING
            result = Inspection(
                id=f"I{number}", happened_at=at, declaration_id=line.id, selected_by=reason,
                outcome=Outcome.RECTIFIED if fails else Outcome.PASS,
                selection_probability=0.12 if drawn else None,
            )  # fmt: skip
            yield Entry(result, known_at=at + DAY)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    home = tmp_path_factory.mktemp("selected")
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    store.migrate()
    store.append(list(port()), imported=True)
    yield Workshop(store, home)
    store.close()


@pytest.fixture(scope="module")
def registered(workshop: Workshop) -> Registered:
    return retrain(workshop, SPEC, Period.of_days(UNTIL))


def bench_of(workshop: Workshop) -> tuple[Bench, History]:
    until, store = Period.of_days(UNTIL).until, workshop.store
    dataset, history = build_dataset(store, SPEC.target, until), History.build(store)
    encoded, folds = encode(dataset, history), split_out_of_time(dataset)
    population = population_of(store, history, dataset, encoded.table.values, encoded.spec)
    observed = Observed(population, estimate_propensity(population, threads=1))
    return Bench(dataset, encoded, folds, SPEC, SILENT, observed), history


def test_the_card_and_the_run_say_what_was_corrected_and_where_labels_tell_anything(
    workshop: Workshop, registered: Registered
) -> None:
    told = registered.card["selection"]
    assert told["setting"] == registered.card["settings"]["selection"] == "calibrated"
    assert told["hint_measured"]
    assert 0.1 < told["hint"] < 1.6
    assert told["lift"] > 0.1
    support = told["support"]
    assert support["drawn_at_random"] + support["chosen"] == support["inspected"]
    assert support["lines"] == pytest.approx(LINES * 244 / 300, rel=0.02)
    assert {"random_part", "weighted", "corrected"} <= registered.report.parts.keys()
    run = Tracking(workshop.home).run(registered.version)
    assert run.params["selection"] == "calibrated"
    assert run.metrics["selection_hint"] == pytest.approx(told["hint"], abs=1e-3)
    assert run.metrics["corrected_average_precision"] < run.metrics["average_precision"]
    assert run.metrics["support_effective"] == support["effective"]
    line = selection_line(registered.card)
    assert line.startswith("selection: calibrated; unrecorded reasons ")
    assert "0.0% of lines by law only" in line
    page = card_page(registered.card, registered.gates, "nonconforming/1", "f" * 64)
    for words in (
        "查验的选择",
        "选中概率的系数",
        "Estimates side by side",
        "Support",
        "import, general goods, 85",
        "有重叠",
    ):
        assert words in page


def test_probabilities_speak_of_all_lines_and_those_as_found_of_inspected_ones(workshop: Workshop) -> None:
    bench, history = bench_of(workshop)
    span, means, texts = Span.of_days(LATER, dt.date(2020, 10, 31)), {}, set()
    for handling in Handling:
        told = replace(bench, spec=replace(SPEC, selection=handling))
        candidate = make_candidate(told, keep_test=False)
        scored = score_span(workshop.store, history, candidate.model, span)
        means[handling] = scored.probability.mean()
        texts.add(candidate.model.text)
        assert candidate.correction.hint.measured == (handling is not Handling.AS_FOUND)
    off = {name: abs(mean - np.mean([CHANCES[line] for line in scored.ids])) for name, mean in means.items()}
    assert means[Handling.CALIBRATED] < means[Handling.AS_FOUND] - 0.04
    assert off[Handling.CALIBRATED] < 0.7 * off[Handling.AS_FOUND]
    assert off[Handling.WEIGHTED] < 0.7 * off[Handling.AS_FOUND]
    assert len(texts) == 2, "only the weighted trees differ"


def test_margins_of_the_first_fit_calibrate_on_the_scale_of_the_refit(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = bench_of(workshop)
    seen: list[np.ndarray] = []

    def told(*lines: np.ndarray) -> Platt:
        seen[:] = lines
        return Platt(2.0, 0.5)

    monkeypatch.setattr("training.candidate.risen_by", lambda *_: 0.0)
    monkeypatch.setattr("training.candidate.scale_between", lambda *_: Platt())
    asis = make_candidate(bench, keep_test=False).known
    monkeypatch.setattr("training.candidate.scale_between", told)
    known, rows, folds = make_candidate(bench, keep_test=False).known, len(bench.dataset), bench.folds
    assert known[:rows][folds.test] == pytest.approx(asis[:rows][folds.test])
    first = folds.stop | folds.calibrate
    assert known[:rows][first] == pytest.approx(2 * asis[:rows][first] + 0.5)
    assert bench.observed is not None
    when = bench.observed.population.as_of[rows:]
    tested = folds.during("gap", when) | folds.during("test", when)
    over = folds.during("stop", when) | folds.during("calibrate", when)
    assert min(over.sum(), tested.sum()) > 100
    assert known[rows:][over] == pytest.approx(2 * asis[rows:][over] + 0.5)
    assert known[rows:][tested] == pytest.approx(asis[rows:][tested])
    earlier, later, positive, weight = seen
    assert positive.tolist() == bench.dataset.positive[folds.late].tolist()
    assert later[: len(positive)] == pytest.approx(asis[:rows][folds.late])
    assert len(earlier) == len(later) == len(weight) > len(positive)
    assert np.corrcoef(earlier, later)[0, 1] > 0.5


def test_a_refit_is_calibrated_to_expect_as_many_of_the_lines_passed_over(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = bench_of(workshop)
    assert bench.observed is not None
    every, asked = bench.observed.population, []

    def told(*wanted: Any) -> float:
        asked.append((wanted, risen_by(*wanted)))
        return asked[-1][1]

    monkeypatch.setattr("training.candidate.risen_by", told)
    found = make_candidate(bench, keep_test=False)
    assert found.refitted
    assert len(asked) == 2, "the first fit's margins for the refit that is tested, its own for the last"
    (_, margin, ways, weight, expected), rise = asked[1]
    over = every.as_of >= bench.folds.starts["gap"]
    over[: every.inspected] = False
    assert np.array_equal(margin, bench.predict(found.model.booster, every.values[over]))
    assert rise != 0
    promised = weight @ probabilities(found.model.calibrations, margin, ways)
    assert promised == pytest.approx(expected, rel=0.01)
    make_candidate(replace(bench, spec=replace(SPEC, selection=Handling.AS_FOUND)), keep_test=False)
    early = replace(every, as_of=np.where(np.arange(len(over)) < every.inspected, every.as_of, 0))
    long_ago = replace(bench, observed=replace(bench.observed, population=early))
    make_candidate(long_ago, keep_test=False)
    assert len(asked) == 2, "nothing tells: labels as they are found, or none passed over lately"


def test_lines_inspected_in_vain_are_of_the_population_and_say_nothing_of_who_is_chosen(
    workshop: Workshop,
) -> None:
    until, store = Period.of_days(UNTIL).until, workshop.store
    dataset, history = build_dataset(store, SPEC.target, until), History.build(store)
    ids, encoded = dataset.passed_over.ids, encode(dataset, history)
    told = replace(dataset, passed_over=Sampled(ids[:-300]), untold=Sampled(ids[-300:], 2.0))
    population = population_of(store, history, told, encoded.table.values, encoded.spec)
    assert population.untold == 300
    assert len(population.values) == len(dataset) + len(ids)
    assert set(population.weight[-300:].tolist()) == {2.0}
    strange = population.values.copy()
    strange[-300:] = 0.0
    first, second = (
        estimate_propensity(each, threads=1).chosen[:-300]
        for each in (population, replace(population, values=strange))
    )
    assert np.array_equal(first, second)


def test_later_lines_are_judged_with_estimates_beside_each_other(
    workshop: Workshop, registered: Registered
) -> None:
    model = read_version(workshop.home, registered.version)
    report, scored = judge(workshop, model, Span.of_days(LATER, dt.date(2020, 10, 31)))
    assert set(report.parts) == {"random_part", "weighted", "corrected"}
    assert report.parts["corrected"].rows == len(scored.ids)
    assert report.parts["corrected"]["precision_at_10pct"] < report["precision_at_10pct"]


def test_results_of_later_lines_change_no_lesson(workshop: Workshop, registered: Registered) -> None:
    dataset = build_dataset(workshop.store, SPEC.target, Period.of_days(UNTIL).until)
    later = [entry for entry in port() if (entry.known_at or 0) < Period.of_days(UNTIL).until]
    assert len(dataset) + len(dataset.passed_over.ids) < len(later)
    assert max(int(line[1:]) for line in dataset.passed_over.ids) < LINES * 245 / 300


def test_what_is_no_setting_of_lightgbm_is_not_told_to_it() -> None:
    assert not {"selection", "half_life_days"} & set(ModelSpec().parameters())
