"""A whole simulated port, from parameters to files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from training.progress import SILENT, Progress
from training.simulator.catalogue import load_catalogue
from training.simulator.columns import coded, numbered, numbers
from training.simulator.declaring import declaration_table
from training.simulator.enrolling import party_table
from training.simulator.events import make_complaints, make_finds
from training.simulator.finding import (
    in_order,
    inspection_table,
    nonconformity_table,
    outcomes,
    severities,
    stopped,
)
from training.simulator.inspecting import Inspected, Setting, inspect_lines
from training.simulator.lanes import make_lanes
from training.simulator.params import Params
from training.simulator.parties import make_parties
from training.simulator.risk import make_risk
from training.simulator.saying import opinion_table, say, truth_of_opinions
from training.simulator.traffic import make_traffic
from training.simulator.writing import write_table


@dataclass(frozen=True, slots=True)
class Request:
    """What to simulate, and where to."""

    lines: int
    seed: int
    folder: Path
    params: Params
    params_hash: str


def simulate_port(request: Request, progress: Progress = SILENT) -> dict[str, int]:
    """Write a simulated port's record files, truth files, manifest and README; returns rows by file."""
    request.folder.mkdir(parents=True, exist_ok=True)
    with progress.step("goods, parties, trade lanes and declarations"):
        world = make_world(request)
    with progress.step("inspections, day after day"):
        inspected = inspect_lines(world)
    severity = severities(world)
    outcome = outcomes(world, inspected)
    with progress.step("what people say"):
        free = ~stopped(inspected, world.complaints.line, world.complaints.known, world.traffic.day)
        said = say(world, world.complaints.take(free))
    end = world.traffic.end
    opinions = in_order(opinion_table(world, said), end)
    rows: dict[str, int] = {}
    tables: list[tuple[str, Any]] = [
        ("parties", lambda: in_order(party_table(world, inspected, severity), end)),
        ("declarations", lambda: declaration_table(world, inspected)),
        ("inspections", lambda: inspection_table(world, inspected, outcome)),
        ("nonconformities", lambda: nonconformity_table(world, inspected, outcome, severity)),
        ("opinions", lambda: opinions),
        ("truth", lambda: truth_table(world, inspected, severity)),
        ("truth_opinions", lambda: _only_said(truth_of_opinions(world, said), opinions)),
    ]
    for name, make in tables:
        rows[name] = write_table(request.folder / f"{name}.parquet", make(), progress)
    _write_manifest(request, rows)
    return rows


def make_world(request: Request) -> Setting:
    """Draw everything that stands before the first inspection."""
    params, lines, seed = request.params, request.lines, request.seed
    catalogue = load_catalogue(params, seed)
    parties = make_parties(params, catalogue, lines, seed)
    lanes = make_lanes(params, catalogue, parties, seed)
    traffic = make_traffic(params, catalogue, parties, lanes, (lines, seed))
    risk = make_risk(params, catalogue, parties, lanes, traffic, seed)
    complaints = make_complaints(params, catalogue, lanes, traffic, risk, seed)
    finds = make_finds(params, lanes, traffic, risk, seed)
    return Setting(params, catalogue, parties, lanes, traffic, risk, complaints, finds, seed)


def truth_table(world: Setting, inspected: Inspected, severity: Any) -> Any:
    """Return per line what no record holds: chances, outcome, and what helps to see where a model errs."""
    traffic, risk, lane = world.traffic, world.risk, world.traffic.lane
    exports = world.lanes.exports[lane]
    hazards = [row["hazard"] for row in world.catalogue.hazards]
    return pa.table(
        {
            "id": numbered("L", np.arange(len(lane)), 9),
            "declared_at": numbers(traffic.declared_at),
            "direction": coded(["import", "export"], exports * 1),
            "p_latent": numbers(risk.p_latent),
            "p_observable": numbers(inspected.log.observable),
            "y": numbers(risk.y.astype(np.int8)),
            "hazard": coded(hazards, risk.hazard),
            "severity": numbers(severity.astype(np.int8)),
            "batch_id": numbers(traffic.batch),
            "batch_bad": numbers(risk.batch_bad),
            "trader_entity": numbers(world.lanes.trader[lane]),
            "maker_id": numbers(world.lanes.maker[lane]),
            "maker_visible": numbers(traffic.maker_known | traffic.brand_known),
            "cold_start": numbers(risk.new_trader),
            "identity_changed": numbers(traffic.code >= world.parties.traders.entities),
            "structure_log_odds": numbers(risk.structure),
            "inspected": numbers(inspected.log.selection > 0),
        }
    )


def _only_said(truth: Any, opinions: Any) -> Any:
    """Keep the truth of those opinions that became known in time."""
    known = pa.array(np.isin(truth["id"].to_numpy(), opinions["id"].to_numpy()))
    return truth.filter(known)


def _write_manifest(request: Request, rows: dict[str, int]) -> None:
    manifest = {
        "lines": request.lines,
        "seed": request.seed,
        "until": request.params.period.until.isoformat(),
        "days": request.params.period.days,
        "params_sha256": request.params_hash,
        "rows": rows,
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (request.folder / "manifest.json").write_text(text, encoding="utf-8")
    readme = (
        "# A simulated port\n\nMade-up records; no real enterprise, product or event is meant.\n\n"
        f"{request.lines} lines, seed {request.seed}, until {request.params.period.until}, "
        f"parameters {request.params_hash}.\n\n"
        "Import parties, declarations, inspections, nonconformities and opinions. `truth.parquet` and\n"
        "`truth_opinions.parquet` are for judging models only: nothing may learn from them.\n"
    )
    (request.folder / "README.md").write_text(readme, encoding="utf-8")
