"""Inspection and nonconformity records of the simulated port."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.simulator.catalogue import Catalogue
from training.simulator.columns import coded, constant, instants, numbered, numbers
from training.simulator.draws import Flags, Floats, Ints, chance, pick, stream
from training.simulator.events import NOTICE, REPORT, RETURNED, Finds
from training.simulator.inspecting import Inspected, Setting
from training.simulator.port import BY_LOT, BY_SCORE, BY_STATUTE
from training.simulator.saying import notice_texts

DEPTHS = ["document", "on_site", "laboratory"]
OUTCOMES = ["rectified", "returned", "destroyed", "pass", "pending"]
PENDING, PASSED = 4, 3
SELECTIONS = ["random", "targeting", "rule", "statutory", "alert", "complaint", "officer"]
SOURCES = [
    "market_sampling",
    "overseas_notice",
    "returned_export",
    "enterprise_report",
    "port",
    "laboratory_report",
]
DISPOSALS = ["技术整改", "退运", "销毁", "召回", "下架停售"]


def severities(world: Setting) -> Ints:
    """Return how severe each line's hazard is or would be, 1 to 4."""
    low = np.array([int(row["severity_low"]) for row in world.catalogue.hazards])[world.risk.hazard]
    high = np.array([int(row["severity_high"]) for row in world.catalogue.hazards])[world.risk.hazard]
    drawn = stream(world.seed, "severities").random(len(low)) ** 1.5
    return low + np.floor(drawn * (high - low + 1)).astype(np.int64)


def outcomes(world: Setting, inspected: Inspected) -> Ints:
    """Return each line's outcome by position in OUTCOMES, as if inspected: label faults can be put right."""
    rng = stream(world.seed, "outcomes")
    drawn = pick(rng, world.params.results.outcome, len(inspected.depth))
    label = np.array([row["category"] == "label" for row in world.catalogue.hazards])[world.risk.hazard]
    return np.where(inspected.log.failed, np.where(label, 0, drawn), PASSED)


def inspection_table(world: Setting, inspected: Inspected, outcome: Ints) -> Any:
    """Return inspections in the order they became known: some first as pending, then with their result."""
    rng, traffic = stream(world.seed, "inspections"), world.traffic
    line = np.flatnonzero(inspected.log.selection)
    result, looked = inspected.log.result_day[line], inspected.look_day[line]
    waits = (result - looked > 2.0) & chance(rng, world.params.results.pending_share, len(line))
    depth = inspected.depth[line]
    laboratory = depth == 2
    lab = rng.integers(0, world.params.results.laboratories, len(line))
    labs = [f"LAB{number + 1:02d}" for number in range(world.params.results.laboratories)]
    reasons = _reasons(rng, world, inspected, line)
    lot, statute = inspected.log.selection[line] == BY_LOT, inspected.log.selection[line] == BY_STATUTE
    columns = {
        "id": numbered("I", line, 9),
        "happened_at": numbers(instants(traffic.begin, looked)),
        "declaration_id": numbered("L", line, 9),
        "depth": coded(DEPTHS, depth),
        "outcome": coded(OUTCOMES, outcome[line]),
        "selected_by": coded(SELECTIONS, reasons),
        "selection_probability": numbers(np.where(statute, 1.0, inspected.lot[line]), lot | statute),
        "items_tested": _items_tested(world.catalogue, traffic.heading[line], depth),
        "laboratory": coded(labs, lab, laboratory),
        "third_party_accepted": numbers(
            laboratory & chance(rng, world.params.results.third_party, len(line))
        ),
        "known_at": numbers(instants(traffic.begin, result) + 60_000_000),
    }
    resolved = pa.table(columns)
    early = instants(traffic.begin, looked + rng.uniform(0.02, 0.3, len(line)))
    columns |= {"outcome": coded(OUTCOMES, np.full(len(line), PENDING)), "known_at": numbers(early)}
    pending = pa.table(columns).filter(pa.array(waits))
    return in_order(pa.concat_tables([resolved, pending]), traffic.end)


def _reasons(rng: np.random.Generator, world: Setting, inspected: Inspected, line: Ints) -> Ints:
    """Recorded reason of each inspection: what tipped the scale where visible, not always truthfully."""
    log, drawn = inspected.log, rng.random(len(line))
    far_below = log.score[line] < log.threshold[line] - 0.8
    own = far_below & (drawn < 2 * world.params.policy.officer_share)
    cheap = (world.traffic.price_z[line] < -1.3) & (drawn < 0.3)
    by_score = np.where(own, 6, np.where((log.heard[line] > 0) & (drawn > 0.6), 5, np.where(cheap, 2, 1)))
    by_score = np.where((by_score == 1) & (drawn > 0.92), 4, by_score)
    selection = log.selection[line]
    return np.select([selection == BY_STATUTE, selection == BY_LOT, selection == BY_SCORE], [3, 0, by_score])


def _items_tested(catalogue: Catalogue, heading: Ints, depth: Ints) -> Any:
    """Names of what was tested: labels on paper, the heading's main hazards on site, more in a laboratory."""
    vocabulary: list[list[str]] = []
    for chances in catalogue.headings.hazards:
        main = [catalogue.hazards[place]["zh"] for place in np.argsort(-chances, kind="stable")]
        vocabulary += [["标签标识"], main[:2], main[:4]]
    return pa.array(vocabulary, type=pa.list_(pa.string())).take(pa.array(heading * 3 + depth))


def in_order(table: Any, end: int) -> Any:
    """Return the rows known before `end`, in the order they became known."""
    inside = table.filter(pc.field("known_at") < end)
    return inside.take(pc.sort_indices(inside, [("known_at", "ascending"), ("id", "ascending")]))


def nonconformity_table(world: Setting, inspected: Inspected, outcome: Ints, severity: Ints) -> Any:
    """Return nonconformities in the order they became known: from inspections, and found elsewhere."""
    failed = np.flatnonzero(inspected.log.failed)
    at_port = _at_port(world, inspected, failed, (outcome, severity))
    finds = world.finds.take(~stopped(inspected, world.finds.line, world.finds.day, world.traffic.day))
    elsewhere = _elsewhere(world, finds, severity)
    schema = pa.unify_schemas([at_port.schema, elsewhere.schema])
    whole = pa.concat_tables([_shaped(at_port, schema), _shaped(elsewhere, schema)])
    return in_order(whole, world.traffic.end)


def stopped(inspected: Inspected, line: Ints, known: Floats, declared: Floats) -> Flags:
    """Return which events concern goods that an inspection had kept from the market."""
    return np.asarray(inspected.log.failed[line] & (known >= declared[line]))


def _shaped(table: Any, schema: Any) -> Any:
    names = set(table.column_names)
    columns = [
        table[field.name] if field.name in names else pa.nulls(table.num_rows, field.type) for field in schema
    ]
    return pa.table(columns, names=schema.names).cast(schema)


def _what(world: Setting, line: Ints, severity: Ints) -> dict[str, Any]:
    hazards, hazard = world.catalogue.hazards, world.risk.hazard[line]
    categories = [row["category"] for row in hazards]
    return {
        "category": coded(categories, hazard).cast(pa.string()),
        "severity": numbers(severity[line]),
        "hazard": coded([row["hazard"] for row in hazards], hazard).cast(pa.string()),
        "item": coded([row["zh"] for row in hazards], hazard).cast(pa.string()),
    }


def _at_port(world: Setting, inspected: Inspected, line: Ints, judged: tuple[Ints, Ints]) -> Any:
    outcome, severity = judged
    traffic, laboratory = world.traffic, inspected.depth[line] == 2
    facts = [f"经查验,{row['zh']}项目不合格" for row in world.catalogue.hazards]
    exports = world.lanes.exports[traffic.lane[line]]
    return pa.table(
        {
            "id": numbered("N", line, 9),
            "happened_at": numbers(instants(traffic.begin, inspected.look_day[line])),
            "source": coded(SOURCES, np.where(laboratory, 5, 4)).cast(pa.string()),
            **_what(world, line, severity),
            "declaration_id": numbered("L", line, 9),
            "inspection_id": numbered("I", line, 9),
            "direction": coded(["import", "export"], exports * 1).cast(pa.string()),
            "hs_code": coded(world.catalogue.hs_codes, traffic.commodity[line]).cast(pa.string()),
            "fact": coded(facts, world.risk.hazard[line]).cast(pa.string()),
            "disposal": coded(DISPOSALS, outcome[line]).cast(pa.string()),
            "known_at": numbers(instants(traffic.begin, inspected.log.result_day[line]) + 120_000_000),
        }
    )


def _elsewhere(world: Setting, finds: Finds, severity: Ints) -> Any:
    rng, traffic, line = stream(world.seed, "elsewhere"), world.traffic, finds.line
    lane, count = traffic.lane[line], len(finds.line)
    exports, abroad = world.lanes.exports[lane], finds.source == NOTICE
    home = len(world.catalogue.countries) - 1
    headings, makers = world.catalogue.headings, world.parties.makers
    named = np.isin(finds.source, [RETURNED, REPORT])
    facts = notice_texts(rng, world, line, abroad)
    words = [names[0] for names in headings.words]
    notifying = np.where(exports, world.lanes.country[lane], world.catalogue.countries.index("DE"))
    texts = {
        "source": coded(SOURCES, finds.source),
        "direction": coded(["import", "export"], exports * 1),
        "hs_code": coded(world.catalogue.hs_codes, traffic.commodity[line]),
        "product_name": coded([*words, *headings.english], traffic.heading[line] + len(words) * abroad),
        "product_category": coded(world.catalogue.groups, headings.group[traffic.heading[line]]),
        "origin": coded(world.catalogue.countries, np.where(exports, home, world.lanes.country[lane])),
        "brand": coded(makers.brand, world.lanes.maker[lane], rng.random(count) < 0.85),
        "manufacturer": coded(makers.name, world.lanes.maker[lane], rng.random(count) < 0.85),
        "consignee": coded(world.parties.traders.code, traffic.code[line], named | (rng.random(count) < 0.2)),
        "disposal": constant("下架停售", count, finds.source != NOTICE),
        "notifying_country": coded(world.catalogue.countries, notifying, abroad),
    }
    return pa.table(
        {
            "id": numbered("F", np.arange(count), 7),
            "happened_at": numbers(instants(traffic.begin, finds.day)),
            **{name: column.cast(pa.string()) for name, column in texts.items()},
            **_what(world, line, severity),
            "fact": pa.array(facts, type=pa.string()),
            "published_at": numbers(instants(traffic.begin, finds.known), finds.source <= NOTICE),
            "known_at": numbers(instants(traffic.begin, finds.known)),
        }
    )
