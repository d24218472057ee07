"""Gates: what a model must show before it may replace another; the report is signed into its bundle."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from models.bundle import write_bundle
from models.errors import ModelsError
from models.risk_model import RiskModel
from models.trial import try_bundle
from training.calibrate import PlattLines, flat, slope_holds
from training.clusters import Clusters
from training.figures import FEWEST_CLUSTERS, NO_INTERVAL
from training.policy import AdditivityPolicy, GatePolicy

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

CALIBRATION = "calibration holds"


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: whether it is open, what was seen, and the figures behind it.

    A gate that could not be judged is open or closed as the policy says.
    """

    name: str
    passed: bool
    seen: str
    judged: bool = True
    figures: Mapping[str, Any] = field(default_factory=dict)


def settled(gate: Gate, policy: GatePolicy) -> Gate:
    """Open or close a gate that could not be judged, as the policy says; any other stays as it is."""
    if gate.judged:
        return gate
    return replace(gate, passed=policy.unjudged == "open", seen=f"not judged: {gate.seen}")


def gate_report(gates: Sequence[Gate]) -> dict[str, Any]:
    """Return the report that is signed: `passed` only if every gate is open."""
    return {
        "passed": all(gate.passed for gate in gates),
        "gates": [
            {"name": gate.name, "passed": gate.passed, "judged": gate.judged, "seen": gate.seen}
            | ({"figures": dict(gate.figures)} if gate.figures else {})
            for gate in gates
        ],
    }


def closed(report: dict[str, Any]) -> list[str]:
    """Name the gates of a report that are closed, with what was seen."""
    return [f"{gate['name']} ({gate['seen']})" for gate in report["gates"] if not gate["passed"]]


def additivity_gate(
    model: RiskModel, values: Floats, directions: Sequence[str], rule: AdditivityPolicy
) -> Gate:
    """Contributions (n, k) must add up to LightGBM's own calibrated margin."""
    rows = np.linspace(0, len(values) - 1, min(rule.lines, len(values))).astype(int)
    ways = [directions[row] for row in rows]
    margin = np.asarray(
        lgb.Booster(model_str=model.text).predict(values[rows], raw_score=True), dtype=np.float64
    )
    told = np.array([model.calibrations[way].log_odds(at) for way, at in zip(ways, margin, strict=True)])
    error = float(np.abs(model.explain(values[rows], ways).log_odds - told).max())
    return Gate(
        "contributions add up",
        error <= rule.may_miss,
        f"largest error {error:.1e} log-odds on {len(rows)} lines",
    )


def calibration_gate(
    positive: Mask, tested: Floats, clusters: Clusters, lines: PlattLines, policy: GatePolicy
) -> Gate:
    """The slope of outcomes on the test fold's calibrated log-odds must be near 1, and no line a flat one.

    Not judged where `clusters` are too few for an interval.
    """
    rule = policy.calibration
    holds, slope, error = slope_holds(positive, tested, rule, clusters)
    few = clusters.rarer(positive) < FEWEST_CLUSTERS
    holds = holds or (few and not np.isfinite(slope))  # outcomes of few may lie apart, whatever the model
    judged = not holds or bool(np.isfinite(error))
    told = f"slope {slope:.2f}" if np.isfinite(slope) else "no slope can be told"
    between = f" ± {1.96 * error:.2f}" if np.isfinite(error) else ""
    asked = f"the interval must touch {rule.slope[0]} to {rule.slope[1]}, the slope exceed {rule.least_slope}"
    seen = [
        *(f"chances of {way} do not rise with the margin" for way in flat(lines)),
        f"{told}{between} on {int(positive.sum())} positives",
        asked if judged else NO_INTERVAL[1],
    ]
    passed = holds and not flat(lines)
    return settled(Gate(CALIBRATION, passed, "; ".join(seen), judged or not passed), policy)


def loading_gate(model: RiskModel, home: Path, key: Ed25519PrivateKey) -> Gate:
    """The bundle must load and score in a process of its own."""
    name = "loads elsewhere"
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft"
        write_bundle(model, draft, {"draft": True}, key, gates={"passed": False}, model_card={})
        try:
            found = try_bundle(draft, home)
        except ModelsError as error:
            return Gate(name, False, str(error))
    return Gate(name, True, f"{found['rows']} lines scored in a process of its own")
