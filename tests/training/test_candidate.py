"""Refit or first fit: either may be the candidate, and either may find the gate of calibration closed."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from features.instants import DAY
from features.records import Inspection
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Outcome
from training.gates import CALIBRATION
from training.period import Period
from training.pipeline import examined
from training.workshop import Workshop

sys.path.insert(0, str(Path(__file__).parent))

from small_port import SPEC, START, port

DELAY = 40 * DAY
TEST_FROM = dt.date(2020, 9, 1)
TEST = START + 244 * DAY


def turned(since: int) -> Iterator[Entry]:
    """The port with slow results; of lines declared from an instant on a coin says which fail."""
    random = np.random.default_rng(1)
    for entry in port():
        record = entry.record
        if not isinstance(record, Inspection) or entry.known_at is None:
            yield entry
            continue
        coin = Outcome.RECTIFIED if random.random() < 0.5 else Outcome.PASS
        outcome = coin if record.happened_at >= since else record.outcome
        result = Inspection(
            id=record.id,
            happened_at=record.happened_at,
            declaration_id=record.declaration_id,
            outcome=outcome,
        )
        yield Entry(result, known_at=record.happened_at + DELAY)


@pytest.mark.parametrize(
    ("since", "refitted"), [(TEST, True), (TEST - DELAY, False)], ids=["from the test on", "from the gap on"]
)
def test_the_gate_closes_for_refit_and_first_fit_where_the_test_is_chance(
    tmp_path: Path, since: int, refitted: bool
) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'turned.db'}")
    store.migrate()
    store.append(list(turned(since)), imported=True)
    _, candidate, examination = examined(
        Workshop(store, tmp_path), SPEC, Period.of_days(dt.date(2020, 12, 31), TEST_FROM)
    )
    store.close()
    assert candidate.refitted == refitted
    gate = next(each for each in examination.gates["gates"] if each["name"] == CALIBRATION)
    assert not gate["passed"], gate["seen"]
