"""Labels that lie close the gate: a source turned round, failures hidden, an enterprise's past made up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.history import History
from features.instants import DAY
from features.records import Declaration, Inspection
from features.store.archive import read_archive
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Outcome, Selection
from models.spec import ModelSpec, Target
from training.dataset import build_dataset
from training.encode import encode
from training.gates import Gate
from training.poisoning import poisoning_gate
from training.poisoning.enterprises import enterprise_suspicions, laboratory_suspicions, past_suspicions
from training.poisoning.expected import folds
from training.poisoning.gate import _Counted, is_guilty
from training.poisoning.sources import Passes, Pasts, Sources
from training.poisoning.suspicion import relative_variance, tail
from training.policy import gate_policy

sys.path.insert(0, str(Path(__file__).parents[1]))

from small_port import START, port

RULE = gate_policy().poisoning
Change = Callable[[Declaration, Inspection], tuple[Declaration, Inspection]]


def placed(change: Change) -> Iterator[Entry]:
    """The small port with an office and a laboratory for each line, changed record by record."""
    line: Declaration | None = None
    for entry in port():
        if isinstance(entry.record, Declaration):
            line = entry.record
            continue
        assert line is not None
        assert isinstance(entry.record, Inspection)
        number = int(line.id[1:])
        inspection = msgspec.structs.replace(
            entry.record, laboratory=f"LAB{number % 6}", selected_by=list(Selection)[number % 3]
        )
        declared, inspected = change(msgspec.structs.replace(line, office=f"O{number % 7}"), inspection)
        yield Entry(declared, known_at=declared.happened_at)
        yield Entry(inspected, known_at=declared.happened_at + DAY)


def turned(inspection: Inspection) -> Inspection:
    bad = inspection.outcome is not Outcome.PASS
    return msgspec.structs.replace(inspection, outcome=Outcome.PASS if bad else Outcome.RECTIFIED)


def asked(folder: Path, change: Change) -> Gate:
    store = Store.open(f"sqlite:///{folder / 'poisoned.db'}")
    try:
        store.migrate()
        store.append(list(placed(change)), imported=True)
        dataset = build_dataset(store, Target.NONCONFORMING, START + 400 * DAY)
        table = encode(dataset, History.build(store)).table
        return poisoning_gate(read_archive(store), dataset, table, ModelSpec(threads=1), gate_policy())
    finally:
        store.close()


def test_honest_sources_leave_the_gate_open(tmp_path: Path) -> None:
    gate = asked(tmp_path, lambda line, look: (line, look))
    assert gate.passed
    assert gate.judged
    assert "least likely" in gate.seen


@pytest.mark.parametrize(
    ("lies", "named"),
    [
        (lambda line, look: (line, turned(look) if line.office == "O3" else look), "office O3"),
        (lambda line, look: (line, turned(look) if look.laboratory == "LAB2" else look), "laboratory LAB2"),
        (
            lambda line, look: (
                line,
                msgspec.structs.replace(look, outcome=Outcome.PASS) if line.office == "O1" else look,
            ),
            "office O1",
        ),
    ],
)
def test_a_source_that_lies_closes_the_gate_and_is_named(tmp_path: Path, lies: Change, named: str) -> None:
    gate = asked(tmp_path, lies)
    assert not gate.passed
    assert named in gate.seen
    assert "expected" in gate.seen


@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 0.9), st.integers(0, 4)), min_size=1, max_size=40))
def test_a_source_is_judged_without_the_group_that_deviates_most_its_way(
    rows: list[tuple[bool, float, int]],
) -> None:
    found, expected = (np.array([float(row[at]) for row in rows]) for at in (0, 1))
    group = np.array([row[2] for row in rows])
    gaps = {each: float((found - expected)[group == each].sum()) for each in set(group.tolist())}
    way = 1 if sum(gaps.values()) > 0 else -1
    kept = _Counted("H", found, expected, [group]).without(group)
    choices = {each: (int(found[group != each].sum()), float(expected[group != each].sum())) for each in gaps}
    if len(gaps) == 1:
        assert kept == (int(found.sum()), pytest.approx(expected.sum()))
        return
    worst = max(way * gap for gap in gaps.values())
    assert any(
        kept == (choices[each][0], pytest.approx(choices[each][1]))
        for each, gap in gaps.items()
        if way * gap == pytest.approx(worst, abs=1e-9)
    )


def test_one_bad_enterprise_is_no_lie_of_its_office() -> None:
    found, expected = np.array([1.0] * 9 + [0.0] * 91), np.full(100, 0.02)
    enterprise = np.where(np.arange(100) < 9, 7, np.arange(100) % 5)
    assert _Counted("2244", found, expected, [enterprise]).without(enterprise) == (0, pytest.approx(1.82))


def counted(made_up: int) -> Passes:
    """Thirty enterprises whose lines are inspected one in ten; the first also has `made_up` passes."""
    random = np.random.default_rng(4)
    passes = Passes()
    for number in range(30):
        for heading in ("8516", "9503"):
            key = f"C{number}", ("import", False, heading)
            lines = int(random.integers(40, 120))
            passes.lines[key] = lines
            passes.passed[key] = int(random.binomial(lines, 0.1))
    key = "C0", ("import", False, "8516")
    passes.lines[key] += made_up
    passes.passed[key] += made_up
    return passes


def test_a_past_that_was_made_up_stands_out_among_enterprises_with_the_same_goods() -> None:
    clean = list(enterprise_suspicions(counted(0), RULE, RULE.spread_enterprise, "passes"))
    assert all(each.p * 30 > RULE.false_alarms for each in clean)
    found = enterprise_suspicions(counted(500), RULE, RULE.spread_enterprise, "passes")
    worst = min(found, key=lambda each: each.p)
    assert worst.name == "C0"
    assert worst.p * 30 < RULE.false_alarms
    assert worst.ratio > RULE.enterprise_ratio


def visited(at_one: int) -> tuple[Sources, Any]:
    """Forty enterprises at three offices and five laboratories; the first has `at_one` more at one."""
    random = np.random.default_rng(5)
    rows = 4_000
    enterprise = np.array([f"C{number % 40}" for number in range(rows)] + ["C0"] * at_one, dtype=object)
    office = np.array([f"O{number % 3}" for number in random.integers(0, 3, rows + at_one)], dtype=object)
    drawn = [f"LAB{number}" for number in random.integers(0, 5, rows)] + ["LAB1"] * at_one
    laboratory = np.array(drawn, dtype=object)
    laboratory[::7] = None
    lines = {"consignee": enterprise}
    reasons = np.full(len(office), "random", dtype=object)
    positive = random.random(len(office)) < 0.1
    return Sources(office, laboratory, reasons), SimpleNamespace(lines=lines, positive=positive)


def test_passes_at_one_laboratory_stand_out_where_goods_of_these_offices_go_to_all() -> None:
    clean = list(laboratory_suspicions(*visited(0), RULE))
    assert len(clean) == 40
    assert all(each.p * 40 > RULE.false_alarms for each in clean)
    worst = min(laboratory_suspicions(*visited(300), RULE), key=lambda each: each.p)
    assert (worst.name, worst.counted) == ("C0", "passes at LAB1")
    assert is_guilty(worst, 40, RULE)


def test_a_laboratory_that_serves_an_office_alone_is_not_held_against_its_enterprises() -> None:
    sources, dataset = visited(0)
    own = np.array([None if each is None else f"LAB of {office}" for each, office in
                    zip(sources.laboratory, sources.office, strict=True)], dtype=object)  # fmt: skip
    dataset.lines["consignee"] = np.array([f"C {office}" for office in sources.office], dtype=object)
    dataset.lines["consignee"][::2] = [f"D {office}" for office in sources.office[::2]]
    found = list(laboratory_suspicions(Sources(sources.office, own, sources.selected_by), dataset, RULE))
    assert found
    assert not any(is_guilty(each, len(found), RULE) for each in found)


@pytest.mark.parametrize("window", ["drawn", "drawn_lately"])
def test_random_draws_that_fall_on_one_enterprise_stand_out_sooner_than_all_passes(window: str) -> None:
    made_up = {"every": counted(0), "drawn": counted(0), "drawn_lately": counted(0), window: counted(120)}
    worst = min(past_suspicions(Pasts(**made_up), RULE), key=lambda each: each.p)
    assert (worst.name, worst.counted) == ("C0", f"random passes{' lately' * (window == 'drawn_lately')}")
    assert is_guilty(worst, 90, RULE)
    unseen = min(past_suspicions(Pasts(counted(120), counted(0), counted(0)), RULE), key=lambda each: each.p)
    assert unseen.p > worst.p


@given(st.integers(0, 200), st.floats(0.5, 100), st.floats(0.01, 1))
def test_a_tail_is_a_probability_and_falls_as_a_count_leaves_its_mean(
    observed: int, expected: float, variance: float
) -> None:
    p = tail(observed, expected, variance)
    assert 0 <= p <= 1
    if observed > 2 * expected + 5:
        assert tail(observed + 10, expected, variance) <= p


def test_sources_that_differ_much_are_given_more_room() -> None:
    expected = np.full(12, 20.0)
    random = np.random.default_rng(1)
    same = random.poisson(20, 12).astype(float)
    wild = random.poisson(20 * random.gamma(1.0, 1.0, 12)).astype(float)
    assert relative_variance(same, expected, 0.16) == pytest.approx(0.16, abs=0.1)
    assert relative_variance(wild, expected, 0.05) > relative_variance(same, expected, 0.05)


def test_each_source_lies_wholly_in_one_fold() -> None:
    sources = np.array(["a", "b", "c", "d", "e", "f", "g", None] * 20, dtype=object)
    seen = np.zeros(len(sources), dtype=int)
    for rows in folds(sources):
        names = set(sources[rows])
        assert None not in names
        assert not names & set(sources[~rows])
        seen += rows
    assert (seen[sources != None] == 1).all()  # noqa: E711 - numpy compares each
    assert (seen[sources == None] == 0).all()  # noqa: E711
