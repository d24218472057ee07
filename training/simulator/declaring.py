"""Declaration records of the simulated port, and their lives: summary, amended, released, cancelled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.instants import DAY, SECOND
from training.simulator.columns import coded, gaps, instants, numbered, numbers, replace
from training.simulator.draws import Floats, Ints, chance, pick, stream
from training.simulator.inspecting import Inspected, Setting
from training.simulator.lanes import TRANSPORT
from training.simulator.wording import lane_models, lane_words

NOT_IN_SUMMARY = (
    "goods_model", "brand", "total_price", "freight_cny", "insurance_cny", "value_cny", "quantity",
    "preference", "duty_rate", "manufacturer", "batch", "produced_at", "shelf_life_days", "net_weight_kg",
)  # fmt: skip
PLACES = 6
STAGES = ["complete", "summary"]
STATUSES = ["declared", "amended", "released", "cancelled"]
TERMS = ["1", "2", "3"]


def declaration_table(world: Setting, inspected: Inspected) -> Any:
    """Return all declaration revisions in the order they became known."""
    lines = len(world.traffic.day)
    rng = stream(world.seed, "declaring")
    columns = {**_header(world), **_goods(world, rng), **_values(world, rng), **_who(world)}
    wait = rng.integers(40, 600, lines)[world.traffic.entry - world.traffic.entry[0]] * SECOND
    known = world.traffic.declared_at + wait + world.traffic.item * 1_000
    table = pa.table({**columns, "known_at": numbers(known)})
    revised = _lives(world, inspected, table, rng)
    whole = pa.concat_tables(revised).filter(pc.field("known_at") < world.traffic.end)
    return whole.take(pc.sort_indices(whole, [("known_at", "ascending"), ("id", "ascending")]))


def _header(world: Setting) -> dict[str, Any]:
    traffic, lanes, lines = world.traffic, world.lanes, len(world.traffic.day)
    lane, exports = traffic.lane, lanes.exports[traffic.lane]
    offices = list(world.params.offices)
    years = (traffic.declared_at // DAY).astype("datetime64[D]").astype("datetime64[Y]").astype(
        np.int64
    ) + 1970
    flag = np.where(exports, "0", "1")
    office = coded(offices, lanes.office[lane])
    serial = numbered("", traffic.entry, 9)
    year = pc.cast(pa.array(years), pa.string())
    entry = pc.binary_join_element_wise(office.cast(pa.string()), year, pa.array(flag), serial, "")
    regions = [
        f"{region}{place:03d}"
        for _, region in world.params.offices.values()
        for place in range(1, PLACES + 1)
    ]
    trader = lanes.trader[lane]
    home = world.parties.traders.office[trader] * PLACES + trader % PLACES
    port = np.where(trader % 7 == 0, (lanes.office[lane] + 1) % len(offices), lanes.office[lane])
    return {
        "id": numbered("L", np.arange(lines), 9),
        "happened_at": numbers(traffic.declared_at),
        "direction": coded(["import", "export"], exports.astype(np.int64)),
        "entry_id": entry,
        "item_no": numbers(traffic.item + 1),
        "stage": coded(STAGES, np.zeros(lines, dtype=np.int64)),
        "status": coded(STATUSES, np.zeros(lines, dtype=np.int64)),
        "office": office,
        "port_office": coded(offices, port),
        "district": coded(regions, home),
        "transport_mode": coded(TRANSPORT, lanes.transport[lane]),
        "supervision_mode": coded(lanes.modes, lanes.mode[lane]),
        "levy_nature": coded(
            ["101", "503"], np.isin(np.array(lanes.modes)[lanes.mode[lane]], ["0615", "0214"]) * 1
        ),
    }


def _goods(world: Setting, rng: np.random.Generator) -> dict[str, Any]:
    traffic, catalogue, lanes = world.traffic, world.catalogue, world.lanes
    headings, lane, lines = catalogue.headings, traffic.lane, len(traffic.day)
    words, word = lane_words(catalogue, lanes, world.seed)
    group = np.array(catalogue.groups)[headings.group[traffic.heading]]
    dated = chance(rng, world.params.lines.produced_declared, lines)
    shelf = np.array([180, 270, 365, 540, 730, 1095])[traffic.commodity % 6]
    starts = instants(traffic.begin, np.floor(traffic.runs.start) - 35.0)
    days = starts.astype("datetime64[us]").astype("datetime64[D]").astype(str)
    batches = [
        f"{key % 89:02d}{day[2:].replace('-', '')}" for key, day in zip(traffic.runs.keys, days, strict=True)
    ]
    dangerous = np.array([number != "" for number in headings.un_number])[traffic.heading]
    return {
        "hs_code": coded(catalogue.hs_codes, traffic.commodity),
        "goods_name": coded(words, word[lane]),
        "goods_model": coded(lane_models(world.parties, catalogue, lanes, words, word), lane),
        "brand": coded(world.parties.makers.brand, lanes.maker[lane], traffic.brand_known),
        "batch": coded(batches, traffic.batch, chance(rng, world.params.lines.batch_declared, lines)),
        "produced_at": numbers(starts[traffic.batch], dated),
        "shelf_life_days": numbers(shelf, dated & np.isin(group, ["food", "cosmetics"])),
        "un_number": coded(headings.un_number, traffic.heading, dangerous),
        "dangerous": numbers(dangerous),
        "statutory_inspection": numbers(headings.statutory[traffic.heading]),
    }


def _values(world: Setting, rng: np.random.Generator) -> dict[str, Any]:
    traffic, lane, lines = world.traffic, world.traffic.lane, len(world.traffic.day)
    exports = world.lanes.exports[lane]
    currencies = list(world.params.rates)
    of_country = [currencies.index(row[2]) for row in world.params.countries.values()] + [
        currencies.index("USD")
    ]
    paid = np.where(
        rng.random(lines) < 0.45, currencies.index("USD"), np.array(of_country)[world.lanes.country[lane]]
    )
    months = int(world.params.period.days / 30) + 2
    drift = np.cumsum(stream(world.seed, "rates").normal(0, 0.004, (len(currencies), months)), axis=1)
    drift[currencies.index("CNY")] = 0.0
    rate = np.array(list(world.params.rates.values()))[paid] * np.exp(
        drift[paid, (traffic.day / 30).astype(np.int64)]
    )
    terms = pick(rng, [0.55, 0.1, 0.35], lines)
    freight = np.round(traffic.value_cny * rng.uniform(0.01, 0.06, lines), 2)
    insurance = np.round(traffic.value_cny * 0.003, 2)
    stated = traffic.value_cny - np.where(terms == 2, freight, 0.0) - np.where(terms >= 1, insurance, 0.0)
    gross = np.round(traffic.net_kg * rng.uniform(1.03, 1.22, lines), 3)
    packages = np.maximum(1, np.ceil(traffic.net_kg / rng.uniform(6, 25, lines))).astype(np.int64)
    duty = world.catalogue.headings.duty[traffic.heading]
    preferred = world.lanes.preference[lane]
    return {
        "duty_rate": numbers(np.round(np.where(preferred, duty * 0.2, duty), 4), ~exports),
        "terms": coded(TERMS, terms),
        "currency": coded(currencies, paid),
        "total_price": numbers(np.round(stated / rate, 2)),
        "freight_cny": numbers(freight, terms == 2),
        "insurance_cny": numbers(insurance, terms >= 1),
        "value_cny": numbers(traffic.value_cny),
        "quantity": numbers(traffic.quantity),
        "unit": coded(world.catalogue.headings.unit, traffic.heading),
        "gross_weight_kg": numbers(gross),
        "net_weight_kg": numbers(traffic.net_kg),
        "packages": numbers(packages),
    }


def _who(world: Setting) -> dict[str, Any]:
    traffic, lanes, traders = world.traffic, world.lanes, world.parties.traders
    lane, countries = traffic.lane, world.catalogue.countries
    exports, home = lanes.exports[lane], len(countries) - 1
    preferences = [row[3] for row in world.params.countries.values()] + [""]
    own = lanes.owner[lane] == lanes.trader[lane]
    moved = traffic.code >= traders.entities
    new_contact = moved & (traffic.code % 100 >= 100 * world.params.traders.identity_same_overseas)
    overseas = np.where(new_contact, traders.entities * 2 + traffic.code, lanes.overseas[lane])
    traded = np.where(
        lane % 11 == 0, countries.index("HK") if "HK" in countries else home, lanes.country[lane]
    )
    return {
        "origin": coded(countries, np.where(exports, home, lanes.country[lane])),
        "departure": coded(countries, np.where(exports, home, lanes.departure[lane])),
        "destination": coded(countries, np.where(exports, lanes.country[lane], home)),
        "trading_country": coded(countries, traded),
        "preference": coded(preferences, lanes.country[lane], lanes.preference[lane]),
        "consignee": coded(traders.code, traffic.code),
        "owner": coded(traders.code, np.where(own, traffic.code, lanes.owner[lane])),
        "agent": coded(world.parties.agent_code, traders.agent[traffic.code]),
        "manufacturer": coded(world.parties.makers.name, lanes.maker[lane], traffic.maker_known),
        "overseas_party": coded(world.parties.overseas, overseas, traffic.overseas_known),
    }


def _lives(world: Setting, inspected: Inspected, table: Any, rng: np.random.Generator) -> list[Any]:
    """First revisions, and the later ones of the lines that have any: of one kind at most."""
    life, lines = world.params.life, table.num_rows
    drawn = rng.random(lines)
    edges = np.cumsum([life.summary, life.amended, life.cancelled, life.released])
    place = np.searchsorted(edges, drawn, side="right")
    imports = ~world.lanes.exports[world.traffic.lane]
    untouched = inspected.log.selection == 0
    summary = (place == 0) & imports
    amended = np.flatnonzero(place == 1)
    cancelled = np.flatnonzero((place == 2) & untouched)
    released = np.flatnonzero((place == 3) & ~inspected.log.failed)
    rows = np.flatnonzero(summary)
    first = replace(
        gaps(table.take(rows), NOT_IN_SUMMARY), "stage", coded(STAGES, np.ones(len(rows), dtype=np.int64))
    )
    whole = [table.filter(pa.array(~summary)), first, _later(table, rows, rng.uniform(0.5, 10, len(rows)), 0)]
    whole.append(_amend(_later(table, amended, rng.uniform(0.2, 4, len(amended)), 1), rng))
    whole.append(_later(table, cancelled, rng.uniform(0.1, 3, len(cancelled)), 3))
    whole.append(_later(table, released, rng.uniform(0.3, 5, len(released)), 2))
    return whole


def _later(table: Any, rows: Ints, days: Floats, status: int) -> Any:
    """The lines at `rows` again, `days` later, with a status."""
    part = table.take(rows)
    known = part["known_at"].to_numpy() + (days * DAY).astype(np.int64)
    part = replace(part, "status", coded(STATUSES, np.full(len(rows), status)))
    return replace(part, "known_at", numbers(known))


def _amend(part: Any, rng: np.random.Generator) -> Any:
    """Correct quantity, value and weights of amended lines."""
    factor = np.where(rng.random(part.num_rows) < 0.5, rng.uniform(0.7, 1.3, part.num_rows), 1.0)
    for name, digits in (("quantity", 1), ("net_weight_kg", 3), ("gross_weight_kg", 3)):
        part = replace(
            part, name, numbers(np.maximum(np.round(part[name].to_numpy() * factor, digits), 0.001))
        )
    price = np.where(factor == 1.0, rng.uniform(0.9, 1.2, part.num_rows), factor)
    for name in ("total_price", "value_cny"):
        part = replace(part, name, numbers(np.round(part[name].to_numpy() * price, 2)))
    return part
