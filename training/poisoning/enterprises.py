"""Enterprises with more passed inspections than their goods explain: a past that may have been made up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from training.poisoning.sources import Goods, Passes
from training.poisoning.suspicion import Suspicion, tail
from training.policy.gates import PoisoningPolicy

PRIOR_LINES = 20.0
"""Lines by which a heading's rate is drawn to that of all goods of its direction and regime."""


def enterprise_suspicions(passes: Passes, rule: PoisoningPolicy) -> Iterator[Suspicion]:
    """Yield each enterprise with support: its passes beside those that others with its goods have."""
    lines, passed, wide = _totals(passes)
    goods_of: dict[str, list[Goods]] = {}
    for enterprise, goods in passes.lines:
        goods_of.setdefault(enterprise, []).append(goods)
    for enterprise, kinds in goods_of.items():
        mine = sum(passes.lines[enterprise, goods] for goods in kinds)
        if mine < rule.minimum_lines:
            continue
        observed = sum(passes.passed[enterprise, goods] for goods in kinds)
        expected = sum(
            passes.lines[enterprise, goods] * _rate(enterprise, goods, passes, (lines, passed), wide)
            for goods in kinds
        )
        if observed > expected:
            p = tail(observed, expected, rule.spread_enterprise**2)
            yield Suspicion("enterprise", enterprise, "passes", mine, observed, expected, p)


def _rate(
    enterprise: str, goods: Goods, passes: Passes, totals: tuple[Counter[Goods], Counter[Goods]],
    wide: dict[tuple[str, bool], float],
) -> float:  # fmt: skip
    """Return the share of passed lines among others' lines of these goods, drawn to that of all goods."""
    lines, passed = totals
    others = lines[goods] - passes.lines[enterprise, goods]
    good = passed[goods] - passes.passed[enterprise, goods]
    return (good + PRIOR_LINES * wide[goods[:2]]) / (others + PRIOR_LINES)


def _totals(passes: Passes) -> tuple[Counter[Goods], Counter[Goods], dict[tuple[str, bool], float]]:
    lines: Counter[Goods] = Counter()
    passed: Counter[Goods] = Counter()
    for (_, goods), count in passes.lines.items():
        lines[goods] += count
    for (_, goods), count in passes.passed.items():
        passed[goods] += count
    declared: Counter[tuple[str, bool]] = Counter()
    good: Counter[tuple[str, bool]] = Counter()
    for goods, count in lines.items():
        declared[goods[:2]] += count
        good[goods[:2]] += passed[goods]
    return lines, passed, {kind: good[kind] / count for kind, count in declared.items()}
