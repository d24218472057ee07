"""The model of declared names is fitted from what was known at the time, and stays what it was."""

from __future__ import annotations

import math
from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from named_port import END, NAMES, START, Records, line, port, result, slow_labels
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

import training.text_risk
from features.goods.edition import Edition
from features.goods.name_risk import UNIT, NameRisk
from features.goods.runs import runs_of
from features.instants import DAY
from features.records import Declaration
from features.store.entries import Entry
from features.terms import Direction, Kind
from models.spec import Target
from training.dataset import first_revisions
from training.text_risk import PRIOR, fit_name_risk


@pytest.fixture
def records():
    made = Records()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ported():
    made = Records()
    made.add(port())
    yield made.store
    made.close()


@pytest.fixture(scope="module")
def risk(ported) -> NameRisk:
    return fit_name_risk(ported, Target.NONCONFORMING, END)


def test_the_words_that_failed_have_the_risk(risk):
    value = dict(zip(NAMES, risk.values(NAMES, [None] * len(NAMES), np.full(len(NAMES), END)), strict=True))
    assert value["充电宝"] > 0.3
    assert value["葡萄酒"] < 0
    assert value["移动电源充电宝"] > 0.3
    assert math.isnan(value[None])


def test_there_is_no_edition_before_twenty_failures_are_known_and_more_as_they_grow(ported, risk):
    instants = [edition.fitted_at for edition in risk.editions]
    assert instants[-1] == END
    assert 3 < len(instants) < 15
    for at in instants:
        failed = sum(label.positive for label in slow_labels(ported, Target.NONCONFORMING, at).values())
        assert failed >= training.text_risk.LEAST_FAILURES


def test_an_edition_is_the_logistic_regression_that_an_optimiser_finds_from_results_known_then(ported, risk):
    edition = risk.editions[2]
    labels = slow_labels(ported, Target.NONCONFORMING, edition.fitted_at)
    filed = {one.record.id: one for one in first_revisions(ported, labels)}
    delay = 2 * DAY
    rows = [
        ({run.text for run in runs_of(one.record.goods_name, None)}, labels[name].positive)
        for name, one in filed.items()
        if one.record.goods_name and one.as_of <= edition.fitted_at - delay
    ]
    runs = sorted(set.union(*(said for said, _ in rows)))
    x = np.array([[run in said for run in runs] for said, _ in rows], dtype=float)
    y = np.array([failed for _, failed in rows], dtype=float)

    def loss(theta):
        margin = theta[0] + x @ theta[1:]
        return np.sum(np.logaddexp(0, margin) - y * margin) + theta[1:] @ theta[1:] / (2 * PRIOR**2)

    best = minimize(loss, np.zeros(1 + len(runs)), method="BFGS").x[1:]
    found = dict(zip((risk.runs[column] for column in edition.columns), edition.weights, strict=True))
    for run, weight in zip(runs, best, strict=True):
        assert found.get(run, 0) / UNIT == pytest.approx(weight, abs=2e-3), run
    mean = np.mean([sum(found.get(run, 0) for run in said) for said, _ in rows])
    assert edition.intercept == pytest.approx(-mean, abs=1)


LATER = st.lists(
    st.one_of(
        st.builds(lambda n, day, name: (line(n, day, name), day), st.integers(890, 910), st.floats(150, 299),
                  st.sampled_from(NAMES)),
        st.builds(lambda n, day, failed: (result(n, day, failed=failed), day), st.integers(0, 905),
                  st.floats(150, 299), st.booleans()),
        st.builds(lambda n, day: (Entry.withdraw(Kind.INSPECTION, f"I{n}"), day), st.integers(0, 440),
                  st.floats(150, 299)),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=8)
@given(LATER)
def test_what_becomes_known_later_changes_no_edition_of_before_and_no_value(later):
    at = START + 150 * DAY
    records = Records()
    records.add([entry for entry in port() if (entry.known_at or 0) < at])
    before = fit_name_risk(records.store, Target.NONCONFORMING, END)
    records.add(
        [Entry(one.record, START + round(day * DAY), one.action, one.removed) if isinstance(one, Entry)
         else Entry(one, known_at=START + round(day * DAY)) for one, day in later
         if not isinstance(one, Entry) or records.store.revisions(*_key(one))]
    )  # fmt: skip
    after = fit_name_risk(records.store, Target.NONCONFORMING, END)
    early = [told(before, edition) for edition in before.editions if edition.fitted_at <= at]
    assert early
    assert early == [told(after, edition) for edition in after.editions if edition.fitted_at <= at]
    asked = (NAMES, [None] * len(NAMES), np.full(len(NAMES), at))
    assert before.values(*asked).tobytes() == after.values(*asked).tobytes()
    records.close()


def _key(entry: Entry) -> tuple[Kind, list[str]]:
    assert entry.removed is not None
    return entry.removed[0], [entry.removed[1]]


def told(risk: NameRisk, edition: Edition) -> tuple[object, ...]:
    """An edition by its runs, whatever columns they stand in."""
    runs = [risk.runs[column] for column in edition.columns]
    weights = dict(zip(runs, edition.weights, strict=True))
    return edition.fitted_at, edition.intercept, weights, edition.names


def test_an_edition_knows_the_names_and_headings_of_the_lines_inspected_by_then(ported, risk, monkeypatch):
    def known(risk: NameRisk, until: int) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for each in risk.editions[: until + 1]:
            for name, heading, more in each.names:
                assert heading == "8507"
                sums[name] += more
        return {name: count for name, count in sums.items() if count}

    for place, each in enumerate(risk.editions):
        labels = slow_labels(ported, Target.NONCONFORMING, each.fitted_at)
        names = [one.record.goods_name for one in first_revisions(ported, labels)]
        assert known(risk, place) == Counter(name for name in names if name)
    monkeypatch.setattr(training.text_risk, "MOST_NAMES", 2)
    fewer = fit_name_risk(ported, Target.NONCONFORMING, END)
    for place in range(len(fewer.editions)):
        assert len(known(fewer, place)) == 2


def test_chance_is_not_learnt_by_the_rows_it_is_learnt_from(records):
    """Names say nothing here: as of its own instant no line betrays its result, read afterwards all do."""
    random = np.random.default_rng(5)
    numbers, names = np.arange(900), [f"货物{number}" for number in random.integers(0, 150, 900)]
    failed, days = random.random(900) < 0.2, numbers / 3
    entries = []
    for number, day, name, bad in zip(numbers.tolist(), days.tolist(), names, failed.tolist(), strict=True):
        declared, tested = line(number, day, name), result(number, day, failed=bad)
        entries.append(Entry(declared, known_at=declared.happened_at))
        entries.append(Entry(tested, known_at=declared.happened_at + DAY))
    records.add(entries)
    risk = fit_name_risk(records.store, Target.NONCONFORMING, END)
    as_of = START + (days * DAY).round().astype(np.int64)
    then, afterwards = (risk.values(names, [None] * 900, at) for at in (as_of, np.full(900, END)))
    read = ~np.isnan(then)
    assert read.sum() > 600
    assert roc_auc_score(failed[read], then[read]) == pytest.approx(0.5, abs=0.06)
    assert roc_auc_score(failed[read], afterwards[read]) > 0.65


def test_the_same_records_give_the_same_editions(ported, risk):
    again = fit_name_risk(ported, Target.NONCONFORMING, END)
    assert (again.runs, again.editions) == (risk.runs, risk.editions)


def test_too_few_results_make_no_edition(records):
    assert fit_name_risk(records.store, Target.NONCONFORMING, END).editions == ()
    records.add(port(30))
    assert fit_name_risk(records.store, Target.NONCONFORMING, END).editions == ()


def test_goods_that_nobody_named_make_no_edition_of_words(records):
    entries = [
        Entry(
            Declaration(
                id=entry.record.id, happened_at=START, direction=Direction.IMPORT, hs_code="8507600000"
            ) if isinstance(entry.record, Declaration) else entry.record,
            known_at=entry.known_at,
        )
        for entry in port()
    ]  # fmt: skip
    records.add(entries)
    assert fit_name_risk(records.store, Target.NONCONFORMING, END).editions == ()


def test_what_belongs_to_the_form_and_not_to_the_goods_has_no_weight(records):
    entries = [
        Entry(msgspec.structs.replace(entry.record, goods_model="品牌|型号"), known_at=entry.known_at)
        if isinstance(entry.record, Declaration)
        else entry
        for entry in port()
    ]
    records.add(entries)
    risk = fit_name_risk(records.store, Target.NONCONFORMING, END)
    assert "充电宝" in risk.runs
    assert not {"品牌", "型号", "品牌 型号"} & set(risk.runs)


def test_a_name_is_weighed_only_when_enough_lines_had_it(ported, monkeypatch):
    monkeypatch.setattr(training.text_risk, "LEAST_LINES", 10_000)
    risk = fit_name_risk(ported, Target.NONCONFORMING, END)
    assert risk.runs == ()
    assert risk.values(["充电宝"], [None], np.array([END])).tolist() == [0.0]


def test_young_lines_of_which_only_passes_are_known_have_no_say(records):
    """Failures take twenty days and passes one: the last edition is that of the lines of before."""
    late, told = END - 20 * DAY, []
    for number in range(900):
        name, day = NAMES[number % 5], number / 3
        failed = number % 7 == 0 if name and "充电宝" in name else number % 31 == 0
        at = START + round(day * DAY)
        known = at + (20 if failed else 1) * DAY
        told.append(Entry(line(number, day, name), known_at=at))
        if known < END:
            told.append(Entry(result(number, day, failed=failed), known_at=known))
    records.add(told)
    found = fit_name_risk(records.store, Target.NONCONFORMING, END)
    edition = found.editions[-1]
    labels = slow_labels(records.store, Target.NONCONFORMING, END)
    filed = {one.record.id: one for one in first_revisions(records.store, labels)}
    assert sum(filed[name].as_of > late for name in labels) > 40
    rows = [(filed[name].record.goods_name, label.positive) for name, label in labels.items()
            if filed[name].as_of <= late]  # fmt: skip
    weights = dict(zip((found.runs[column] for column in edition.columns), edition.weights, strict=True))
    margin = [sum(weights.get(run.text, 0) for run in runs_of(name, None)) for name, _ in rows]
    assert edition.intercept == pytest.approx(-np.mean(margin), abs=1), "the mean is that of the old ones"
    everyone = [sum(weights.get(run.text, 0) for run in runs_of(filed[name].record.goods_name, None))
                for name in labels]  # fmt: skip
    assert abs(edition.intercept + np.mean(everyone)) > 1, "and of all it is another"
