"""A port small enough to train on in a second: ten months of inspected lines, some of which fail often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from features.instants import DAY
from features.records import Declaration, Inspection
from features.store.entries import Entry
from features.terms import Direction, Outcome
from models.spec import ModelSpec

START = 1_577_808_000_000_000  # 2020-01-01 in Shanghai
SPEC = ModelSpec(rounds=30, early_stopping_rounds=10, learning_rate=0.1, min_data_in_leaf=10, threads=1)
UNTIL = dt.date(2020, 10, 31)
LINES = 1_500


def port(seed: int = 7) -> Iterator[Entry]:
    """Ten to five lines a day for 300 days; some origins and one consignee fail often."""
    random = np.random.default_rng(seed)
    for number in range(LINES):
        at = START + number * 300 * DAY // LINES
        origin, consignee = random.choice(["CN", "DE", "TH", "BR"]), f"C{random.integers(30)}"
        risk = 0.08 + 0.35 * (origin == "TH") + 0.3 * (consignee in ("C3", "C4", "C5"))
        line = Declaration(
            id=f"L{number}",
            happened_at=at,
            direction=Direction.IMPORT,
            hs_code=str(random.choice(["0101210010", "8509409000", "9503002100"])),
            origin=str(origin),
            consignee=consignee,
            total_price=float(random.lognormal(8, 1)),
            currency="CNY",
        )
        yield Entry(line, known_at=at)
        outcome = Outcome.RECTIFIED if random.random() < risk else Outcome.PASS
        result = Inspection(id=f"I{number}", happened_at=at, declaration_id=line.id, outcome=outcome)
        yield Entry(result, known_at=at + DAY)
