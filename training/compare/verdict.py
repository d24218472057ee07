"""From what was measured to gates: which comparisons refuse a challenger stands in the policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.compare.golden import Golden
from training.compare.latency import Latency
from training.compare.months import Month, farthest, outside
from training.compare.ranking import Difference
from training.compare.reasons import Reasons
from training.compare.slices import Slice, judged, least, worse
from training.gates import Gate
from training.policy import GatePolicy

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the gates of a comparison look at; outcomes are (n,)."""

    positive: Mask
    ranking: Sequence[Difference]
    months: Sequence[Month]
    slices: Sequence[Slice]
    golden: Golden | None = None
    reasons: Reasons | None = None
    latency: Latency | None = None


def gates_of(found: Evidence, policy: GatePolicy) -> Iterator[Gate]:
    """Yield the policy's gates: open, closed, or not judged for want of positives."""
    few = int(found.positive.sum())
    if few < policy.minimum_positives:
        yield unjudged(f"{few} positives, {policy.minimum_positives} needed", policy)
    else:
        yield from _ranking_gates(found, policy)
        yield from _calibration_gates(found, policy)
        if policy.slices.gate:
            yield slices_gate(found.slices, policy)
    if policy.golden_set.gate and found.golden is not None:
        yield golden_gate(found.golden, policy)
    if policy.explanations.gate and found.reasons is not None:
        yield reasons_gate(found.reasons, policy)
    if policy.latency.gate and found.latency is not None:
        yield latency_gate(found.latency, policy)


def unjudged(why: str, policy: GatePolicy) -> Gate:
    """Return the gate of a comparison that could not be made."""
    return Gate("not worse than the champion", policy.unjudged == "open", f"not judged: {why}", judged=False)


def _ranking_gates(found: Evidence, policy: GatePolicy) -> Iterator[Gate]:
    by_name = {each.figure: each for each in found.ranking}
    if policy.average_precision.gate:
        yield precision_gate(by_name["average_precision"], len(found.positive), policy)
    if policy.recall_at_capacity.gate:
        recalls = [each for name, each in by_name.items() if name.startswith("recall_at_")]
        yield recall_gate(recalls, policy)


def precision_gate(found: Difference, lines: int, policy: GatePolicy) -> Gate:
    """Closed where the champion's average precision is better beyond doubt."""
    seen = f"average precision {found.ours:.4f}, champion {found.theirs:.4f}; differs by {_gain(found)}"
    passed = not found.high < -policy.average_precision.may_lose
    return Gate("not worse than the champion", passed, f"{seen} on {lines} lines", figures=found.to_dict())


def recall_gate(recalls: Sequence[Difference], policy: GatePolicy) -> Gate:
    """Closed where recall at some capacity is worse beyond doubt, all capacities judged together."""
    limit = -policy.recall_at_capacity.may_lose
    lost = [each for each in recalls if each.upper(policy.confidence, len(recalls)) < limit]
    shown = lost or [min(recalls, key=lambda each: each.gain)]
    seen = "; ".join(f"{each.figure} differs by {_gain(each)}" for each in shown)
    told = {each.figure: each.to_dict() for each in recalls}
    return Gate("recall at capacity holds", not lost, seen if lost else f"worst: {seen}", figures=told)


def _calibration_gates(found: Evidence, policy: GatePolicy) -> Iterator[Gate]:
    rule = policy.calibration_by_month
    if rule.gate:
        months, bad = outside(
            list(found.months), "challenger", rule.minimum_expected, rule.observed_over_expected,
            policy.confidence,
        )  # fmt: skip
        low, high = rule.observed_over_expected
        seen = "; ".join(bad) or _months_in_words(months, rule.minimum_expected)
        allowed = f"each month's interval must touch {low:g} to {high:g}"
        yield Gate("calibration holds by month", not bad, f"{seen}; {allowed}", judged=len(months) > 0)


def _months_in_words(months: list[Month], minimum: float) -> str:
    counted = f"{len(months)} months with {minimum:g} or more expected failures"
    worst = farthest(months, "challenger")
    if worst is None:
        return counted
    found = worst.models["challenger"]
    return f"{counted}, farthest {worst.month}: {found.observed} found, {found.expected:.1f} expected"


def slices_gate(slices: Sequence[Slice], policy: GatePolicy) -> Gate:
    """Closed where the challenger is worse beyond doubt on a slice with support."""
    lost = list(worse(slices, policy))
    supported = judged(slices)
    support = f"{len(supported)} of {len(slices)} slices have {policy.slices.minimum_positives} positives"
    told = "; ".join(f"{part.dimension} {part.value}: {_gain(gain)}" for part, gain in lost or least(slices))
    figures = {f"{part.dimension}={part.value}": gain.to_dict() for part, gain in lost}
    seen = f"{told if lost else f'least: {told}'}; {support}" if told else support
    return Gate("no slice is worse", not lost, seen, bool(supported), figures)


def golden_gate(golden: Golden, policy: GatePolicy) -> Gate:
    """Closed where the champion no longer says what it said, or where too many frozen lines moved."""
    rule = policy.golden_set
    same = golden.reproduced is None or golden.reproduced <= rule.reproduced
    share = len(golden.moved) / max(golden.lines, 1)
    again = (
        "first asked"
        if golden.reproduced is None
        else f"champion's scores came again to {golden.reproduced:.1e}"
    )
    moved = f"{len(golden.moved)} of {golden.lines} moved, {rule.may_move:.0%} may"
    return Gate("golden set holds", same and share <= rule.may_move, f"{again}; {moved}")


def reasons_gate(found: Reasons, policy: GatePolicy) -> Gate:
    """Closed where the reasons of both models are hardly alike."""
    seen = (
        f"families' rank correlation {found.rank_correlation:.2f} on {found.lines} lines, "
        f"{policy.explanations.rank_correlation:g} needed"
    )
    return Gate("reasons are stable", found.rank_correlation >= policy.explanations.rank_correlation, seen)


def latency_gate(found: Latency, policy: GatePolicy) -> Gate:
    """Closed where a score costs more CPU than allowed, beyond doubt."""
    ratio = f"{found.ratio:.2f} [{found.low:.2f}, {found.high:.2f}] times the champion's CPU a line"
    seen = f"{ratio}, {policy.latency.ratio:g} allowed"
    return Gate("scores are not slower", found.low <= policy.latency.ratio, seen, figures=found.to_dict())


def _gain(found: Difference | Any) -> str:
    return f"{found.gain:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
