"""The model of declared names is fitted from what was known at the time, and stays what it was."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import training.text_risk
from features.goods.edition import Edition
from features.goods.name_risk import UNIT, NameRisk
from features.goods.runs import runs_of
from features.instants import DAY
from features.records import Declaration, Inspection, Nonconformity
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Direction, FindingSource, Kind, Outcome
from models.spec import Target
from training.dataset import first_revisions, what_stands
from training.labels import Label, by_line, label_line
from training.text_risk import PRIOR, fit_name_risk
from training.unfolding import Unfolding

START = 1_600_000_000_000_000
END = START + 300 * DAY
NAMES = ("充电宝", "移动电源充电宝", "葡萄酒", "儿童玩具", "电热水壶", None)


def line(number: int, day: float, name: str | None) -> Declaration:
    at = START + round(day * DAY)
    return Declaration(
        id=f"L{number}", happened_at=at, direction=Direction.IMPORT, hs_code="8507600000", goods_name=name
    )


def result(number: int, day: float, *, failed: bool) -> Inspection:
    return Inspection(
        id=f"I{number}",
        happened_at=START + round(day * DAY),
        declaration_id=f"L{number}",
        outcome=Outcome.RETURNED if failed else Outcome.PASS,
    )


def port(lines: int = 900) -> list[Entry]:
    """Three lines a day; power banks fail often, everything else seldom; results take two days."""
    random = np.random.default_rng(3)
    entries = []
    for number in range(lines):
        day, name = number * 300 / lines, NAMES[random.integers(len(NAMES))]
        failed = random.random() < (0.5 if name and "充电宝" in name else 0.06)
        declared = line(number, day, name)
        entries.append(Entry(declared, known_at=declared.happened_at))
        entries.append(Entry(result(number, day + 1, failed=failed), known_at=declared.happened_at + 2 * DAY))
    return entries


class Records:
    """A store in a folder of its own that takes imports."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self.store = Store.open(
            f"sqlite:///{Path(self._folder.name) / 'records.db'}", clock=lambda: END + 10 * DAY
        )
        self.store.migrate()

    def add(self, entries: list[Entry]) -> None:
        self.store.append(entries, imported=True)

    def close(self) -> None:
        self.store.close()
        self._folder.cleanup()


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


def slow_labels(store: Store, target: Target, at: int) -> dict[str, Label]:
    """The labels of what stood just before an instant, read from the first revision on."""
    standing = what_stands(store, at)
    inspections, findings = by_line(standing.inspections), by_line(standing.findings)
    labels = {
        name: label_line(target, inspections.get(name, ()), findings.get(name, ()))
        for name in standing.filed.keys() - standing.gone
    }
    kept = {filed.record.id for filed in first_revisions(store, labels)}
    return {name: label for name, label in labels.items() if isinstance(label, Label) and name in kept}


PREFIXES = {Kind.DECLARATION: "L", Kind.INSPECTION: "I", Kind.NONCONFORMITY: "N"}
DAYS = st.integers(0, 8)
SAID = st.one_of(
    st.builds(line, st.integers(0, 2), DAYS, st.sampled_from(NAMES)),
    st.builds(result, st.integers(0, 2), DAYS, failed=st.booleans()),
    st.builds(
        lambda number, day, severity: Nonconformity(
            id=f"N{number % 2}",
            happened_at=START + day * DAY,
            source=FindingSource.PORT,
            declaration_id=f"L{number}",
            severity=severity,
        ),
        st.integers(0, 2), DAYS, st.integers(1, 4),
    ),
    st.builds(
        lambda put, kind, number: put(kind, f"{PREFIXES[kind]}{number}"),
        st.sampled_from([Entry.withdraw, Entry.redact]),
        st.sampled_from(list(PREFIXES)),
        st.integers(0, 2),
    ),
)  # fmt: skip


def entry_of(said: object, day: int) -> Entry:
    at = START + day * DAY
    if isinstance(said, Entry):
        return Entry(known_at=at, action=said.action, removed=said.removed)
    return Entry(said, known_at=at)  # type: ignore[arg-type]


@settings(max_examples=40)
@given(st.lists(st.tuples(SAID, DAYS), max_size=14), st.sampled_from(Target))
def test_unfolding_knows_at_each_instant_what_stood_then(said, target):
    records = Records()
    for one, day in said:
        entry = entry_of(one, day)
        if entry.removed and not records.store.revisions(entry.removed[0], [entry.removed[1]]):
            continue
        records.add([entry])
    unfolding = Unfolding(records.store, target)
    for at in range(START, START + 10 * DAY, DAY):
        unfolding.advance(at)
        assert unfolding.labels == slow_labels(records.store, target, at)
    records.close()


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
