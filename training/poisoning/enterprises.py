"""Enterprises whose passes look made up: more than their goods explain, or at one laboratory of all.

Officers may look at one enterprise far more than at others, so that all passes together are given much room.
Random draws fall alike on all lines, and goods of an office go to its laboratories whoever trades them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from training.dataset import Dataset
from training.poisoning.sources import Goods, Labels, Passes, Pasts, Sources
from training.poisoning.suspicion import Suspicion, tail
from training.policy.gates import PoisoningPolicy

PRIOR_LINES = 20.0
"""Lines by which a heading's rate is drawn to that of all goods of its direction and regime."""


def past_suspicions(pasts: Pasts, rule: PoisoningPolicy) -> Iterator[Suspicion]:
    """Yield each enterprise with support: all its passes, and those of random draws, ever and lately."""
    yield from enterprise_suspicions(pasts.every, rule, rule.spread_enterprise, "passes")
    yield from enterprise_suspicions(pasts.drawn, rule, rule.spread_random, "random passes")
    yield from enterprise_suspicions(pasts.drawn_lately, rule, rule.spread_random, "random passes lately")


def enterprise_suspicions(
    passes: Passes, rule: PoisoningPolicy, spread: float, counted: str
) -> Iterator[Suspicion]:
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
            p = tail(observed, expected, spread**2)
            yield Suspicion("enterprise", enterprise, counted, mine, observed, expected, p)


def laboratory_suspicions(sources: Sources, dataset: Dataset, rule: PoisoningPolicy) -> Iterator[Suspicion]:
    """Yield each enterprise with support: its passes at the laboratory that has most of them beyond others'.

    Expected are those that other enterprises' passes of the same offices have there.
    """
    tested = np.array([each is not None for each in sources.laboratory], dtype=bool) & ~dataset.positive
    names, place = np.unique(sources.laboratory[tested].astype(str), return_inverse=True)
    office = sources.office[tested].astype(str)
    enterprise = dataset.lines["consignee"][tested].astype(str)
    for each, lines in zip(*np.unique(enterprise, return_counts=True), strict=True):
        if lines < rule.minimum_lines or each == str(None) or len(names) < 2:
            continue
        mine = enterprise == each
        observed = np.bincount(place[mine], minlength=len(names))
        expected = _elsewhere(place, office, mine, len(names))
        most = int(np.argmax(observed - expected))
        told = int(observed[most]), float(expected[most])
        p = min(1.0, tail(*told, rule.spread_enterprise_laboratory**2) * len(names))
        yield Suspicion("enterprise", str(each), f"passes at {names[most]}", int(lines), *told, p)


def _elsewhere(place: np.ndarray, office: Labels, mine: np.ndarray, laboratories: int) -> np.ndarray:
    """Return how many of an enterprise's passes each laboratory would have, if they went where others' go."""
    others = np.bincount(place[~mine], minlength=laboratories) + 1.0
    usual, expected = others / others.sum(), np.zeros(laboratories)
    for name in np.unique(office[mine]):
        here = office == name
        beside = np.bincount(place[here & ~mine], minlength=laboratories) + PRIOR_LINES * usual
        expected += (here & mine).sum() * beside / beside.sum()
    return expected


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
