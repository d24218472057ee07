"""From what was measured to gates: which comparisons refuse a challenger stands in the policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.compare.golden import Golden
from training.compare.latency import Latency
from training.compare.months import Expected, Month, beyond, farthest, supported, widened
from training.compare.ranking import Difference
from training.compare.reasons import Reasons
from training.compare.slices import Slice, judged, least, worse
from training.figures import FEWEST_CLUSTERS, NO_INTERVAL
from training.gates import Gate, settled
from training.policy import GatePolicy

Mask = NDArray[np.bool_]

OURS = "challenger"


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the gates of a comparison look at; outcomes are (n,).

    `whole` holds found against expected failures of all lines together, for each model by its role.
    """

    positive: Mask
    ranking: Sequence[Difference]
    months: Sequence[Month]
    slices: Sequence[Slice]
    golden: Golden | None = None
    reasons: Reasons | None = None
    latency: Latency | None = None
    whole: Mapping[str, Expected] = field(default_factory=dict)


def gates_of(found: Evidence, policy: GatePolicy) -> Iterator[Gate]:
    """Yield the policy's gates: open, closed, or not judged for want of positives."""
    positives = int(found.positive.sum())
    few = positives < policy.minimum_positives
    if few:
        yield unjudged(f"{positives} positives, {policy.minimum_positives} needed", policy)
    else:
        yield from _ranking_gates(found, policy)
    if policy.calibration_by_month.gate:
        months = months_gate(found, policy)
        # Few failures do not tell two models apart, but many expected and few found speak against one.
        if months.judged or not few:
            yield months
    if policy.slices.gate and not few:
        yield slices_gate(found.slices, policy)
    if policy.golden_set.gate and found.golden is not None:
        yield golden_gate(found.golden, policy)
    if policy.explanations.gate and found.reasons is not None:
        yield reasons_gate(found.reasons, policy)
    if policy.latency.gate and found.latency is not None:
        yield latency_gate(found.latency, policy)


def unjudged(why: str, policy: GatePolicy) -> Gate:
    """Return the gate of a comparison that could not be made."""
    return settled(Gate("not worse than the champion", True, why, judged=False), policy)


def _ranking_gates(found: Evidence, policy: GatePolicy) -> Iterator[Gate]:
    by_name = {each.figure: each for each in found.ranking}
    if policy.average_precision.gate:
        yield precision_gate(by_name["average_precision"], len(found.positive), policy)
    if policy.recall_at_capacity.gate:
        recalls = [each for name, each in by_name.items() if name.startswith("recall_at_")]
        yield recall_gate(recalls, policy)


def precision_gate(found: Difference, lines: int, policy: GatePolicy) -> Gate:
    """Closed where the champion's average precision is better beyond doubt."""
    both = f"average precision {found.ours:.4f}, champion {found.theirs:.4f}"
    seen = (
        f"{both}; differs by {_gain(found)} on {lines} lines" if found.told else f"{both}; {NO_INTERVAL[1]}"
    )
    passed = not found.high < -policy.average_precision.may_lose
    gate = Gate("not worse than the champion", passed, seen, found.told, found.to_dict())
    return settled(gate, policy)


def recall_gate(recalls: Sequence[Difference], policy: GatePolicy) -> Gate:
    """Closed where recall at some capacity is worse beyond doubt, all capacities judged together."""
    limit = -policy.recall_at_capacity.may_lose
    lost = [each for each in recalls if each.upper(policy.confidence, len(recalls)) < limit]
    shown = lost or [min(recalls, key=lambda each: each.gain)]
    seen = "; ".join(f"{each.figure} differs by {_gain(each)}" for each in shown)
    told = {each.figure: each.to_dict() for each in recalls}
    judged = any(each.told for each in recalls)
    said = (seen if lost else f"worst: {seen}") if judged else NO_INTERVAL[1]
    return settled(Gate("recall at capacity holds", not lost, said, judged, told), policy)


def months_gate(found: Evidence, policy: GatePolicy) -> Gate:
    """Closed where too many or too few failures were found in a month, or in all together, beyond doubt."""
    rule = policy.calibration_by_month
    # At an edge of the ranges months and whole err by half of 1 - confidence each: by no more together.
    confidence = widened(policy.confidence, len(found.months))
    judged = [month for month in found.months if supported(month.models[OURS], rule.minimum_failures)]
    whole = found.whole.get(OURS)
    told = {"all together": whole} if whole is not None and supported(whole, rule.minimum_failures) else {}
    bad = {
        month.month: month.models[OURS]
        for month in judged
        if beyond(month.models[OURS], rule.observed_over_expected, confidence)
    }
    bad |= {name: each for name, each in told.items() if beyond(each, rule.all_together, policy.confidence)}
    seen = bad or told
    counted = "" if bad else f"{_months_in_words(judged, rule.minimum_failures)}; "
    shown = "; ".join(f"{name}: {_found(each)}" for name, each in seen.items())
    said = f"{counted}{shown}; {_allowed(policy)}" if told or bad else f"{counted}{_allowed(policy)}"
    figures = {name: _counts(each) for name, each in seen.items()}
    return settled(Gate("calibration holds by month", not bad, said, bool(judged or told), figures), policy)


def _allowed(policy: GatePolicy) -> str:
    rule = policy.calibration_by_month
    (low, high), (least, most) = rule.observed_over_expected, rule.all_together
    return f"each month's interval must touch {low:g} to {high:g}, that of all together {least:g} to {most:g}"


def _months_in_words(months: Sequence[Month], minimum: float) -> str:
    counted = f"{len(months)} months with {minimum:g} or more failures expected or found"
    worst = farthest(months, OURS)
    return counted if worst is None else f"{counted}, farthest {worst.month}: {_found(worst.models[OURS])}"


def _counts(found: Expected) -> dict[str, Any]:
    """Return the counts with their interval, not widened yet; null where nothing was expected."""
    interval = [found.low, found.high] if found.expected else None
    return {"observed": found.observed, "expected": found.expected, "interval": interval}


def _found(counts: Expected) -> str:
    return f"{counts.observed} found, {counts.expected:.1f} expected"


def slices_gate(slices: Sequence[Slice], policy: GatePolicy) -> Gate:
    """Closed where the challenger is worse beyond doubt on a slice with support."""
    lost = list(worse(slices, policy))
    enough = judged(slices)
    support = f"{len(enough)} of {len(slices)} slices have {policy.slices.minimum_positives} positives"
    support += f" in {FEWEST_CLUSTERS} enterprises"
    told = "; ".join(f"{part.dimension} {part.value}: {_gain(gain)}" for part, gain in lost or least(slices))
    figures = {f"{part.dimension}={part.value}": gain.to_dict() for part, gain in lost}
    seen = f"{told if lost else f'least: {told}'}; {support}" if told else support
    return settled(Gate("no slice is worse", not lost, seen, bool(enough), figures), policy)


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
    gate = Gate("golden set holds", same and share <= rule.may_move, f"{again}; {moved}", golden.lines > 0)
    return settled(gate, policy)


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
