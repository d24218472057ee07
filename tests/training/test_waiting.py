"""Where nothing later counts yet it is said whether results are missing, or how many wait and from when."""

from __future__ import annotations

import pytest
from small_port import START

from features.instants import DAY, show_instant
from features.records import Declaration, Inspection
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Direction, Outcome
from models.spec import Target
from training.dataset import Dataset, build_dataset

DELAY = 20


def port(store: Store, last_day: int) -> Dataset:
    """A line a day whose result takes twenty days, known until the last day."""
    store.migrate()
    entries: list[Entry] = []
    for number in range(last_day):
        at = START + number * DAY
        line = Declaration(
            id=f"L{number}", happened_at=at, direction=Direction.IMPORT, hs_code="8509409000", origin="DE"
        )
        result = Inspection(id=f"I{number}", happened_at=at, declaration_id=line.id, outcome=Outcome.PASS)
        # The last results come early: known before their lines are as old as results usually are.
        delay = 1 if number >= last_day - 10 else DELAY
        entries += [Entry(line, known_at=at), Entry(result, known_at=at + delay * DAY)]
    store.append(entries, imported=True)
    return build_dataset(store, Target.NONCONFORMING, START + last_day * DAY)


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return port(store, 200)


def test_how_many_wait_and_from_when_they_count(dataset: Dataset) -> None:
    last = int(dataset.lines["happened_at"].max())
    assert dataset.delay == DELAY * DAY
    said = dataset.nothing_since(last)
    young = dataset.young[dataset.young[:, 0] > last]
    assert len(young) == 10 - 1
    assert f"; {len(young)} have a result but are younger than the {DELAY} days" in said
    first, latest = (show_instant(int(at) + dataset.delay)[:10] for at in (young[0, 1], young[-1, 1]))
    assert said.endswith(f"the first counts from {first}, the last from {latest} on")
    assert said.startswith("no line declared later counts yet; ")


def test_they_do_count_from_then_on(dataset: Dataset, store: Store) -> None:
    first = int(dataset.young[:, 1].min())
    for early, counted in ((1, 0), (0, 1)):
        later = build_dataset(store, Target.NONCONFORMING, first + dataset.delay - early)
        assert (later.lines["happened_at"] == dataset.young[:, 0].min()).sum() == counted


def test_without_any_result_that_is_what_is_said(dataset: Dataset) -> None:
    assert dataset.nothing_since(START + 400 * DAY) == "no line declared later has an inspection result yet"


def test_rows_taken_of_a_dataset_know_who_waits(dataset: Dataset) -> None:
    none = dataset.take(dataset.lines["happened_at"] < 0)
    assert none.nothing_since(START) == dataset.nothing_since(START)
    assert "counts yet" in none.nothing_since(START)
