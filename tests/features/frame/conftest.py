"""A small port told in a few records, and a slow history: what the frame is held to."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from features.entities import ENTITIES, OPTIONAL_COLUMNS, TALLIES
from features.goods.edition import Edition
from features.goods.name_risk import NameRisk
from features.instants import DAY, parse_instant
from features.lines import Lines
from features.records import (
    AnyRecord,
    Declaration,
    Inspection,
    Nonconformity,
    Opinion,
    Party,
    PartyEvent,
)
from features.terms import (
    FAILED_OUTCOMES,
    Channel,
    Depth,
    Direction,
    FindingSource,
    Outcome,
    PartyEventKind,
    Selection,
)

NAME_RISK = NameRisk(
    ("葡萄酒", "红", "红 葡萄酒"),
    [
        Edition(parse_instant("2024-01-01T00:00:00Z"), 100, (0,), (2048,)),
        Edition(parse_instant("2025-01-01T00:00:00Z"), -300, (0, 2), (-1024, 512), (("葡萄酒", "2204", 7),)),
    ],
)
"""Two editions: one of before the judged lines' year, one that they are read by."""
START = parse_instant("2024-01-01T00:00:00Z")
NOW = START + 400 * DAY
NOTHING = -1


@dataclasses.dataclass(frozen=True)
class Counts:
    windows: Any
    first: Any
    last: Any
    last_failed: Any


def line(number: int, day: float, **changes: Any) -> Declaration:
    """A line of wine from France, changed as told."""
    usual: dict[str, Any] = {
        "id": f"D{number}",
        "happened_at": START + int(day * DAY),
        "direction": Direction.IMPORT,
        "hs_code": "2204210000",
        "goods_name": "葡萄酒",
        "brand": "Coq",
        "origin": "FR",
        "departure": "FR",
        "trading_country": "FR",
        "office": "2225",
        "port_office": "2225",
        "transport_mode": "2",
        "supervision_mode": "0110",
        "preference": None,
        "duty_rate": 14.0,
        "terms": "1",
        "currency": "CNY",
        "total_price": 12_000.0,
        "value_cny": 12_000.0,
        "quantity": 600.0,
        "unit": "095",
        "gross_weight_kg": 800.0,
        "net_weight_kg": 600.0,
        "packages": 100,
        "consignee": "C1",
        "owner": "C1",
        "agent": "A1",
        "manufacturer": "M1",
        "overseas_party": "P1",
        "produced_at": START + int((day - 100) * DAY),
        "shelf_life_days": 1000,
        "statutory_inspection": True,
        "dangerous": False,
        "purpose": "13",
    }
    return Declaration(**(usual | changes))


def world() -> list[tuple[AnyRecord, int]]:
    """Forty lines over 390 days, results ten days later (three failed), and what was heard elsewhere."""
    records: list[tuple[AnyRecord, int]] = []
    for number in range(40):
        day = number * 10.0
        changes: dict[str, Any] = {"value_cny": 12_000.0 + 300 * number, "quantity": 600.0 + 7 * (number % 5)}
        if number % 3 == 1:
            changes |= {
                "hs_code": "2204220000",
                "consignee": "C2",
                "owner": "C3",
                "manufacturer": "M2",
                "brand": "Ours",
            }
        if number % 4 == 2:
            changes |= {
                "origin": "IT",
                "departure": "NL",
                "overseas_party": "P2",
                "preference": "03",
                "office": "4201",
            }
        if number % 10 == 9:
            changes |= {
                "direction": Direction.EXPORT,
                "destination": "US",
                "hs_code": "9503002100",
                "manufacturer": "M3",
            }
        declared = line(number, day, **changes)
        records.append((declared, declared.happened_at))
        failed = number in (16, 34, 37)
        inspected = Inspection(
            id=f"I{number}",
            happened_at=declared.happened_at + 2 * DAY,
            declaration_id=declared.id,
            depth=Depth.LABORATORY if number % 2 else Depth.ON_SITE,
            outcome=Outcome.RETURNED if failed else Outcome.PASS,
            selected_by=Selection.RANDOM if number % 3 else Selection.TARGETING,
        )
        records.append((inspected, declared.happened_at + 10 * DAY))
    for number, day in enumerate((100, 380, 390)):
        at = START + day * DAY
        records.append(
            (
                Nonconformity(
                    id=f"N{number}",
                    happened_at=at,
                    source=FindingSource.MARKET_SAMPLING,
                    direction=Direction.IMPORT,
                    hs_code="220421",
                    origin="FR",
                    brand="Coq",
                    manufacturer="M1",
                    severity=number + 1,
                ),
                at + DAY,
            )
        )
        records.append(
            (
                Opinion(
                    id=f"O{number}",
                    happened_at=at,
                    channel=Channel.HOTLINE_12315,
                    text="酒有异味",
                    hs_code="220421",
                    origin="FR",
                    brand="Coq",
                    manufacturer="M1",
                    consignee="C1",
                    injured=number,
                ),
                at + 2 * DAY,
            )
        )
    penalty = PartyEvent(kind=PartyEventKind.PENALTY, happened_at=START)
    records.append(
        (
            Party(
                id="C1",
                happened_at=START,
                registered_at=START - 1000 * DAY,
                events=(penalty,),
                credit_scheme="GACC-251",
                credit_level="失信企业",
            ),
            START,
        )
    )
    return records


class SlowHistory:
    """Counts records one by one; what is known at `t` is what has an instant before `t`."""

    def __init__(self, records: Sequence[tuple[AnyRecord, int]]) -> None:
        declared = {record.id: record for record, _ in records if isinstance(record, Declaration)}
        self.seen = {r.id: at for r, at in records}
        self.parties_known = [(record, at) for record, at in records if isinstance(record, Party)]
        self.events: dict[str, list[tuple[int, Mapping[str, Any], list[int], bool]]] = {
            n: [] for n in TALLIES
        }
        for record, at in records:
            if isinstance(record, Declaration):
                self._add_line(record, at)
            elif isinstance(record, Inspection):
                row = _row(declared[record.declaration_id])
                failed, drawn = record.outcome in FAILED_OUTCOMES, record.selected_by is Selection.RANDOM
                measures = [failed, drawn, failed and drawn, record.depth is Depth.LABORATORY]
                self.events["inspected"].append((at, row, [int(x) for x in measures], failed))
            elif isinstance(record, Nonconformity):
                self.events["found"].append((at, _reported(record), [record.severity or 2], False))
            elif isinstance(record, Opinion):
                # 异味 names one hazard, of severity 2; from the second on the yield is 50/51 of usual
                weight = 100 if record.id == "O0" else 98
                measures = [0, 1, 2, record.injured or 0, 0, weight]
                self.events["complained"].append((at, _reported(record), measures, False))
                named = [int(name == "chemical_skin_inhalation") for name in TALLIES["endangered"].measures]
                self.events["endangered"].append((at, _reported(record), named, False))

    def _add_line(self, record: Declaration, at: int) -> None:
        row = _row(record)
        value, price = row["value_cny"], row["unit_price_cny"]
        self.events["declared"].append((at, row, [0 if np.isnan(value) else round(value * 100)], False))
        if price > 0:
            scale, log = TALLIES["priced"].scale, float(np.log(price))
            self.events["priced"].append((at, row, [round(log * scale), round(log * log * scale)], False))

    def counts(self, tally: str, lines: Lines, as_of: Any) -> Counts:
        declared = TALLIES[tally]
        shape = (len(lines), len(declared.entities))
        windows = np.zeros((*shape, len(declared.windows), 1 + len(declared.measures)), dtype=np.int64)
        first, last, last_failed = (np.full(shape, NOTHING, dtype=np.int64) for _ in range(3))
        for n in range(len(lines)):
            row = {name: lines[name][n] for name in lines.columns}
            for e, entity in enumerate(declared.entities):
                key = _key(entity, row)
                hits = [
                    x for x in self.events[tally] if key and x[0] < as_of[n] and _key(entity, x[1]) == key
                ]
                for at, _, measures, failed in sorted(hits, key=lambda x: x[0]):
                    for w, days in enumerate(declared.windows):
                        if days is None or at >= as_of[n] - days * DAY:
                            windows[n, e, w] += [1, *measures]
                    first[n, e] = at if first[n, e] == NOTHING else first[n, e]
                    last[n, e] = at
                    last_failed[n, e] = at if failed else last_failed[n, e]
        return Counts(windows, first, last, last_failed if tally == "inspected" else None)

    def parties(self, lines: Lines, column: str, as_of: Any) -> dict[str, Any]:
        names = ("credit_rank", "registered_days", "penalties", "recalls", "duty_breaches")
        facts = {name: np.full(len(lines), np.nan) for name in names} | {"known": np.zeros(len(lines))}
        for n, name in enumerate(lines[column]):
            for party, at in self.parties_known:
                if party.id == name and at < as_of[n]:
                    registered = (as_of[n] - party.registered_at) / DAY
                    for fact, value in zip(
                        (*names, "known"), (0.0, registered, 1.0, 0.0, 0.0, 1.0), strict=True
                    ):
                        facts[fact][n] = value
        return facts


class HashedHistory:
    """Plausible counts that depend on the entity's key and the instant alone, not on the rows beside it."""

    def counts(self, tally: str, lines: Lines, as_of: Any) -> Counts:
        declared = TALLIES[tally]
        shape = (len(lines), len(declared.entities))
        windows = np.zeros((*shape, len(declared.windows), 1 + len(declared.measures)), dtype=np.int64)
        first, last, last_failed = (np.full(shape, NOTHING, dtype=np.int64) for _ in range(3))
        for n in range(len(lines)):
            row = {name: lines[name][n] for name in lines.columns}
            for e, entity in enumerate(declared.entities):
                random = _random(tally, _key(entity, row), int(as_of[n]))
                if random is None or not random.integers(0, 4):
                    continue
                counts = np.sort(random.integers(0, 50, windows.shape[2:]), axis=0) * (
                    20 if entity == "all" else 1
                )
                windows[n, e] = np.sort(counts, axis=1)[:, ::-1]
                first[n, e], last[n, e] = np.sort(as_of[n] - random.integers(1, 500 * DAY, 2))
                last_failed[n, e] = last[n, e] if random.integers(0, 2) else NOTHING
        return Counts(windows, first, last, last_failed if tally == "inspected" else None)

    def parties(self, lines: Lines, column: str, as_of: Any) -> dict[str, Any]:
        names = ("credit_rank", "registered_days", "penalties", "recalls", "duty_breaches", "known")
        facts = {name: np.full(len(lines), np.nan) for name in names}
        for n, party in enumerate(lines[column]):
            if party is not None:
                for at, name in enumerate(names):
                    facts[name][n] = (len(party) * 7 + at) % 5
        return facts


def _random(tally: str, key: Any, as_of: int) -> np.random.Generator | None:
    if key is None:
        return None
    seed = hashlib.sha256(json.dumps([tally, key, as_of]).encode()).digest()
    return np.random.default_rng(int.from_bytes(seed[:8]))


def _row(record: Declaration) -> dict[str, Any]:
    lines = Lines.of([record])
    return {name: column[0] for name, column in lines.columns.items()}


def _reported(record: Nonconformity | Opinion) -> dict[str, Any]:
    code = record.hs_code
    row = {
        name: getattr(record, name) for name in ("hs_code", "origin", "brand", "manufacturer", "consignee")
    }
    parts = {f"hs{n}": code[:n] if code and len(code) >= n else None for n in (2, 4, 6)}
    return row | parts | {"direction": record.direction or Direction.IMPORT}


def _key(entity: str, row: Mapping[str, Any]) -> tuple[Any, ...] | None:
    columns = ENTITIES[entity]
    key = tuple(row.get(column) for column in columns)
    if any(part is None for part, column in zip(key, columns, strict=True) if column not in OPTIONAL_COLUMNS):
        return None
    return (entity, row["direction"], *key)


@pytest.fixture(scope="session")
def told() -> list[tuple[AnyRecord, int]]:
    """The records of the small port, each with the instant at which it was known."""
    return world()


@pytest.fixture(scope="session")
def slow_history(told: list[tuple[AnyRecord, int]]) -> SlowHistory:
    return SlowHistory(told)


@pytest.fixture(scope="session")
def hashed_history() -> HashedHistory:
    return HashedHistory()


@pytest.fixture(scope="session")
def name_risk() -> NameRisk:
    return NAME_RISK


@pytest.fixture(scope="session")
def judged() -> Lines:
    """The lines that golden vectors are kept of: a known import, a newcomer stating little, and an export."""
    bare = {
        field: None
        for field in Declaration.__struct_fields__
        if field not in ("id", "happened_at", "direction", "hs_code", "stage", "status")
    }
    return Lines.of(
        [
            line(100, 400, value_cny=30_000.0, dangerous=True),
            line(101, 400.5, **(bare | {"hs_code": "9403600000", "consignee": "C9", "status": "declared"})),
            line(
                102,
                401,
                direction=Direction.EXPORT,
                destination="US",
                hs_code="9503002100",
                manufacturer="M3",
            ),
        ]
    )
