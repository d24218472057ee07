"""The policy of the gates; `gates.toml` explains each entry."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from training.errors import TrainingError

SHIPPED = Path(__file__).with_name("gates.toml")

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]


class InvalidGatePolicy(TrainingError):
    """A policy of gates that cannot be followed."""

    title = "Policy of the gates"
    title_zh = "门槛策略文件有误"
    remedy = "Correct the file after training/policy/gates.toml; its comments explain every entry."
    remedy_zh = "请对照 training/policy/gates.toml 更正；该文件的注释说明了各项含义。"


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    gate: bool


class AdditivityPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On how many lines, and how exactly in log-odds, contributions must add up; never switched off."""

    lines: Count
    may_miss: Positive


class CalibrationPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which slopes of outcomes on calibrated log-odds are near enough to 1; never switched off."""

    slope: tuple[Positive, Positive]
    least_slope: Positive


class Loss(_Section, frozen=True):
    """A figure of the ranking that may not get worse."""

    may_lose: Share


class MonthlyCalibration(_Section, frozen=True):
    """The ranges in which observed over expected failures of a month, and of all together, may lie."""

    minimum_failures: Positive
    observed_over_expected: tuple[Positive, Positive]
    all_together: tuple[Positive, Positive]


class SlicePolicy(_Section, frozen=True):
    """Which slices are judged, and what may be lost within one."""

    minimum_positives: Count
    may_lose: Share
    new_enterprise_days: Count
    enterprise_sizes: tuple[Count, ...]


class GoldenPolicy(_Section, frozen=True):
    """How many lines are frozen, and what counts as a moved score."""

    lines: Count
    moved_odds: Annotated[float, msgspec.Meta(gt=1)]
    moved_probability: Share
    may_move: Share
    reproduced: Positive


class ExplanationPolicy(_Section, frozen=True):
    """How alike the reasons of both models must be."""

    lines: Count
    top: Count
    rank_correlation: Annotated[float, msgspec.Meta(ge=-1, le=1)]


class LatencyPolicy(_Section, frozen=True):
    """How much more CPU a score may cost."""

    lines: Count
    ratio: Positive


class PoisoningPolicy(_Section, frozen=True):
    """How unlikely and how large a source's deviation must be to be called a lie; spreads are relative."""

    false_alarms: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    minimum_lines: Count
    ratio: Annotated[float, msgspec.Meta(gt=1)]
    spread_office: Positive
    spread_laboratory: Positive
    spread_selected_by: Positive
    enterprise_ratio: Annotated[float, msgspec.Meta(gt=1)]
    spread_enterprise: Positive
    spread_random: Positive
    spread_enterprise_laboratory: Positive


class GatePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of the policy."""

    version: str
    minimum_positives: Count
    resamples: Annotated[int, msgspec.Meta(ge=100)]
    seed: int
    confidence: Annotated[float, msgspec.Meta(gt=0.5, lt=1)]
    unjudged: Literal["open", "closed"]
    capacity: Annotated[tuple[Annotated[float, msgspec.Meta(gt=0, lt=1)], ...], msgspec.Meta(min_length=1)]
    additivity: AdditivityPolicy
    calibration: CalibrationPolicy
    average_precision: Loss
    recall_at_capacity: Loss
    calibration_by_month: MonthlyCalibration
    slices: SlicePolicy
    golden_set: GoldenPolicy
    explanations: ExplanationPolicy
    latency: LatencyPolicy
    poisoning: PoisoningPolicy

    def __post_init__(self) -> None:
        """Refuse a range that nothing can lie in."""
        months = self.calibration_by_month
        ranges = {
            "observed_over_expected": months.observed_over_expected,
            "all_together": months.all_together,
            "slope": self.calibration.slope,
        }
        for name, (low, high) in ranges.items():
            if not low < high:
                raise ValueError(f"{name} must rise, not {low} to {high}")


@lru_cache(maxsize=4)
def gate_policy(file: Path = SHIPPED) -> GatePolicy:
    """Read a policy of the gates; raises InvalidGatePolicy."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=GatePolicy)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise InvalidGatePolicy(f"{file}: {error}") from error
