from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from features.instants import DAY
from features.records import Declaration, Inspection
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Depth, Direction, Kind, Outcome, Selection
from models.spec import Target
from training.dataset import build_dataset, usual_delay
from training.errors import TooFewResults
from training.split import split_out_of_time

START = 1_577_836_800_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/records.db")
    opened.migrate()
    yield opened
    opened.close()


def declared(day: int, name: str | None = None, **fields: object) -> Entry:
    at = START + day * DAY
    record = Declaration(
        id=name or f"L{day}", happened_at=at, direction=Direction.IMPORT, hs_code="0101210010", **fields
    )
    return Entry(record, known_at=at)


def resulted(day: int, outcome: Outcome, *, delay: int = 1, line: str | None = None) -> Entry:
    at = START + (day + delay) * DAY
    name = line or f"L{day}"
    return Entry(Inspection(id=f"I{name}", happened_at=at, declaration_id=name, outcome=outcome), known_at=at)


def withdrawn(line: str, day: int) -> Entry:
    return Entry.withdraw(Kind.DECLARATION, line, known_at=START + day * DAY)


def port(days: int) -> list[Entry]:
    outcomes = [Outcome.RECTIFIED if day % 3 == 0 else Outcome.PASS for day in range(days)]
    pairs = [(declared(day), resulted(day, outcome)) for day, outcome in enumerate(outcomes)]
    return [entry for pair in pairs for entry in pair]


def test_a_row_is_the_first_revision_at_the_instant_it_became_visible(store: Store) -> None:
    store.append([declared(0, origin="CN"), declared(1)], imported=True)
    amended = Declaration(
        id="L0", happened_at=START, direction=Direction.IMPORT, hs_code="0101210010", origin="DE"
    )
    store.append([Entry(amended, known_at=START + 2 * DAY), resulted(0, Outcome.PASS)], imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 30 * DAY)
    assert rows.lines["origin"].tolist() == ["CN"]
    assert rows.as_of.tolist() == [START]


def test_every_line_that_is_no_row_is_counted_with_its_reason(store: Store) -> None:
    store.append([*port(10), declared(10), declared(11), resulted(11, Outcome.PENDING)], imported=True)
    store.append([declared(12), resulted(12, Outcome.PASS), withdrawn("L12", 14)], imported=True)
    store.append([resulted(13, Outcome.PASS)], imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 400 * DAY)
    assert len(rows) == 10
    assert {reason: count for reason, count in rows.dropped.items() if count} == {
        "no inspection known": 1,
        "result pending": 1,
        "withdrawn": 1,
        "inspection of an unknown line": 1,
    }


def test_what_became_known_later_is_neither_label_nor_row(store: Store) -> None:
    store.append([*port(10), resulted(3, Outcome.RECTIFIED, delay=9, line="L8")], imported=True)
    early = build_dataset(store, Target.NONCONFORMING, START + 11 * DAY + 1)
    late = build_dataset(store, Target.NONCONFORMING, START + 40 * DAY)
    assert early.positive.sum() < late.positive.sum()
    assert early.fingerprint != late.fingerprint


def test_lines_too_young_for_slow_failures_are_left_out(store: Store) -> None:
    slow = [resulted(day, Outcome.RECTIFIED, delay=20) for day in range(5)]
    quick = [resulted(day, Outcome.PASS) for day in range(5, 40)]
    store.append([*(declared(day) for day in range(40)), *slow, *quick], imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 41 * DAY)
    assert rows.delay == 20 * DAY
    assert rows.as_of.max() <= START + 21 * DAY
    assert rows.dropped["younger than the usual delay of results"] == 18


def test_the_delay_is_that_of_the_slower_outcome() -> None:
    delay = np.array([1, 1, 1, 9, 9])
    assert usual_delay(delay, np.array([False, False, False, True, True])) == 9
    assert usual_delay(delay[:0], np.zeros(0, dtype=bool)) == 0


def test_folds_follow_each_other_in_time_with_a_gap_after_the_fit(store: Store) -> None:
    store.append(port(400), imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 800 * DAY)
    folds = split_out_of_time(rows)
    assert rows.as_of[folds.fit].max() < folds.starts["stop"] - rows.delay
    for earlier, later in (("fit", "stop"), ("stop", "calibrate"), ("calibrate", "test")):
        assert rows.as_of[getattr(folds, earlier)].max() < rows.as_of[getattr(folds, later)].min()
    assert rows.resolved_at[folds.before_test].max() < folds.starts["test"]
    assert not (folds.before_test & folds.test).any()


def test_failures_still_to_come_leave_no_fold_looking_safe(store: Store) -> None:
    fails = np.arange(600) % 3 == 0
    told = [resulted(day, Outcome.RECTIFIED if bad else Outcome.PASS, delay=30 if bad else 1)
            for day, bad in enumerate(fails)]  # fmt: skip
    store.append([*(declared(day) for day in range(600)), *told], imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 800 * DAY)
    folds = split_out_of_time(rows)
    assert rows.delay == 30 * DAY
    assert rows.as_of[folds.before_test].max() < folds.starts["gap"] == folds.starts["test"] - rows.delay
    between = (rows.as_of >= folds.starts["gap"]) & ~folds.test
    assert np.array_equal(folds.late, folds.test | between)
    for fold in (folds.fit, folds.stop, folds.calibrate, folds.test):
        assert rows.positive[fold].mean() == pytest.approx(1 / 3, abs=0.02)


def test_a_slow_result_of_long_ago_is_not_late(store: Store) -> None:
    slow = [resulted(day, Outcome.RECTIFIED, delay=599 - day) for day in (3, 480)]
    told = [resulted(day, Outcome.RECTIFIED if day % 3 else Outcome.PASS)
            for day in range(600) if day not in (3, 480)]  # fmt: skip
    store.append([*(declared(day) for day in range(600)), *told, *slow], imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 800 * DAY)
    folds = split_out_of_time(rows)
    ids = rows.lines["id"]
    assert not folds.before_test[np.isin(ids, ["L3", "L480"])].any()
    assert (folds.late[ids == "L3"], folds.late[ids == "L480"]) == (False, True)


def test_every_instant_belongs_to_one_fold(store: Store) -> None:
    store.append(port(400), imported=True)
    folds = split_out_of_time(build_dataset(store, Target.NONCONFORMING, START + 800 * DAY))
    at = np.concatenate([list(folds.starts.values()), folds.starts["fit"] + np.arange(900) * DAY])
    during = np.array([folds.during(fold, at) for fold in folds.starts])
    assert (during.sum(axis=0) == 1).all()
    assert [at[each].min() for each in during] == list(folds.starts.values())


def test_a_test_from_a_day_on_keeps_the_lines_declared_since(store: Store) -> None:
    store.append(port(400), imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 800 * DAY)
    folds = split_out_of_time(rows, test_from=START + 300 * DAY)
    assert np.array_equal(folds.test, rows.lines["happened_at"] >= START + 300 * DAY)


def test_too_few_failures_are_said_with_number_rule_and_what_was_left_out(store: Store) -> None:
    store.append([*port(30), declared(50)], imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 60 * DAY)
    with pytest.raises(
        TooFewResults,
        match=r"has \d+ nonconforming lines and \d+ others; .* 20 .*in the gaps.*1 no",
    ):
        split_out_of_time(rows)


def test_an_empty_store_and_a_test_before_all_results_are_refused(store: Store) -> None:
    with pytest.raises(TooFewResults, match="no line has an inspection result"):
        split_out_of_time(build_dataset(store, Target.NONCONFORMING, START))
    store.append(port(30), imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 60 * DAY)
    with pytest.raises(TooFewResults, match=r"when the test begins at .*: it counts from the age of 1 days"):
        split_out_of_time(rows, test_from=START)


def in_laboratory(line: str, number: int, outcome: Outcome, laboratory: str) -> Entry:
    at = START + (int(line[1:]) + number) * DAY
    fields = {"depth": Depth.LABORATORY, "outcome": outcome, "laboratory": laboratory}
    record = Inspection(id=f"T{line}{number}", happened_at=at, declaration_id=line, **fields)
    return Entry(record, known_at=at)


def test_a_contested_label_counts_less_and_the_others_fully(store: Store) -> None:
    contested = [in_laboratory("L3", 1, Outcome.RETURNED, "A"), in_laboratory("L3", 2, Outcome.PASS, "B")]
    confirmed = [in_laboratory(f"L{day}", at + 1, Outcome.PASS, "AB"[at]) for day in (6, 9) for at in (0, 1)]
    plain = [resulted(day, Outcome.PASS) for day in (0, 1, 2)]
    store.append([*(declared(day) for day in range(10)), *contested, *confirmed, *plain], imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 90 * DAY)
    trust = dict(zip(rows.lines["id"], rows.trust, strict=True))
    assert rows.laboratories.retests == 3
    assert rows.positive[list(trust).index("L3")]
    assert trust["L3"] < trust["L6"] < 1
    assert trust["L0"] == 1


def test_why_a_line_was_inspected_is_kept_and_lines_passed_over_are_sampled(store: Store) -> None:
    at = START + DAY
    drawn = Inspection(
        id="IL0", happened_at=at, declaration_id="L0", outcome=Outcome.PASS,
        selected_by=Selection.RANDOM, selection_probability=0.03,
    )  # fmt: skip
    papers = Inspection(id="IL2", happened_at=at, declaration_id="L2", depth=Depth.DOCUMENT)
    entries = [*(declared(day) for day in range(6)), Entry(drawn, known_at=at), Entry(papers, known_at=at)]
    store.append([*entries, resulted(1, Outcome.PASS), withdrawn("L5", 9)], imported=True)
    rows = build_dataset(store, Target.NONCONFORMING, START + 90 * DAY)
    assert rows.reasons.tolist() == ["random", "officer"]
    assert rows.recorded[0] == 0.03
    assert np.isnan(rows.recorded[1])
    assert sorted(rows.passed_over.ids) == ["L3", "L4"]
    assert rows.untold.ids == ("L2",)
    assert rows.passed_over.weight == rows.untold.weight == 1
