"""Party records of the simulated port: registration, credit level by scheme, penalties as they come."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa

from features.instants import DAY, parse_instant
from training.simulator.draws import Ints, stream
from training.simulator.inspecting import Inspected, Setting
from training.simulator.parties import ADVANCED, DISHONEST

NEW_SCHEME = parse_instant("2026-04-01")
OLD, NEW = "GACC-251", "GACC-282"
LEVELS = {
    OLD: {ADVANCED: "高级认证企业", DISHONEST: "失信企业"},
    NEW: {ADVANCED: "高级认证企业", DISHONEST: "失信企业"},
}
USUAL_LEVEL = {OLD: "常规管理(其他注册登记和备案企业)", NEW: "常规企业"}
EVENT = pa.struct([("kind", pa.string()), ("happened_at", pa.int64()), ("note", pa.string())])
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("happened_at", pa.int64()),
        ("name", pa.string()),
        ("roles", pa.list_(pa.string())),
        ("uscc", pa.string()),
        ("customs_code", pa.string()),
        ("country", pa.string()),
        ("registered_at", pa.int64()),
        ("credit_scheme", pa.string()),
        ("credit_level", pa.string()),
        ("credit_valid_from", pa.int64()),
        ("credit_valid_to", pa.int64()),
        ("events", pa.list_(EVENT)),
        ("known_at", pa.int64()),
    ]
)


def party_table(world: Setting, inspected: Inspected, severity: Ints) -> Any:
    """Return all parties and their revisions; the writer puts them in the order they became known."""
    events = _penalties(world, inspected, severity)
    rows = [
        row for code in range(len(world.parties.traders.code)) for row in _trader(world, code, events[code])
    ]
    early = world.traffic.begin - 30 * DAY
    makers = world.parties.makers
    for name, country in zip(makers.name, makers.country, strict=True):
        rows.append(
            _plain(name, name, "manufacturer", early) | {"country": world.catalogue.countries[country]}
        )
    for code, name in zip(world.parties.agent_code, world.parties.agent_name, strict=True):
        rows.append(_plain(code, name, "agent", early) | {"uscc": code, "country": "CN"})
    rows += [_plain(name, name, "overseas_party", early) for name in world.parties.overseas]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _plain(code: str, name: str, role: str, known: int) -> dict[str, Any]:
    return {"id": code, "name": name, "roles": [role], "happened_at": known, "known_at": known, "events": []}


def _penalties(world: Setting, inspected: Inspected, severity: Ints) -> dict[int, list[tuple[int, str]]]:
    """Penalties by trader code: some grave failures lead to one, weeks later."""
    rng = stream(world.seed, "penalties")
    failed = np.flatnonzero(inspected.log.failed & (severity >= 3) & np.isfinite(inspected.log.result_day))
    punished = failed[rng.random(len(failed)) < world.params.traders.penalty_after_failure]
    days = inspected.log.result_day[punished] + rng.uniform(20, 60, len(punished))
    result: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for line, day in sorted(zip(punished, days, strict=True), key=lambda pair: (pair[1], pair[0])):
        note = f"{world.catalogue.hazards[world.risk.hazard[line]]['zh']}不合格,行政处罚"
        result[int(world.traffic.code[line])].append((world.traffic.begin + int(day * DAY), note))
    return result


def _trader(world: Setting, code: int, penalties: list[tuple[int, str]]) -> list[dict[str, Any]]:
    """A trader's revisions: first seen, the new credit scheme, each penalty."""
    traders = world.parties.traders
    known = world.traffic.begin + int((traders.start[code] - 1 if traders.start[code] > 0 else -30) * DAY)
    registered = known - int(traders.registered_days[code] * DAY)
    base = _plain(traders.code[code], traders.name[code], "consignee", known)
    base |= {"roles": ["consignee", "owner"], "uscc": traders.code[code], "country": "CN"}
    base |= {"customs_code": f"{traders.code[code][2:6]}9{code % 100_000:05d}", "registered_at": registered}
    changes = [(at, note) for at, note in penalties if at < world.traffic.end]
    if known < NEW_SCHEME < world.traffic.end:
        changes.append((NEW_SCHEME, ""))
    rows = [base | _credit(world, code, known, registered)]
    events: list[dict[str, Any]] = []
    for at, note in sorted(changes):
        if note:
            events = [*events, {"kind": "penalty", "happened_at": at - DAY, "note": note}]
        revision = base | _credit(world, code, at, registered)
        rows.append(revision | {"happened_at": at, "known_at": at, "events": events})
    return rows


def _credit(world: Setting, code: int, at: int, registered: int) -> dict[str, Any]:
    """Credit level in the scheme in force at `at`."""
    scheme = NEW if at >= NEW_SCHEME else OLD
    level = LEVELS[scheme].get(int(world.parties.traders.credit[code]), USUAL_LEVEL[scheme])
    begins = NEW_SCHEME if scheme == NEW else max(registered, parse_instant("2021-11-01"))
    return {
        "credit_scheme": scheme,
        "credit_level": level,
        "credit_valid_from": begins,
        "credit_valid_to": None if scheme == NEW else NEW_SCHEME,
    }
