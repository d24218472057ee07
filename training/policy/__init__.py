"""What a new model must show, as an authority may decide it: read from TOML."""

from __future__ import annotations

from training.policy.gates import (
    SHIPPED,
    AdditivityPolicy,
    CalibrationPolicy,
    GatePolicy,
    InvalidGatePolicy,
    gate_policy,
)

__all__ = [
    "SHIPPED", "AdditivityPolicy", "CalibrationPolicy", "GatePolicy", "InvalidGatePolicy", "gate_policy",
]  # fmt: skip
