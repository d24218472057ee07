"""Enterprises whose passes look made up: more than their goods explain, or at one laboratory of all.

Officers may look at one enterprise far more than at others, so that all passes together are given much room.
Random draws fall alike on all lines, and goods of an office go to its laboratories whoever trades them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from features.coded import Coded
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
    tested = ~np.equal(sources.laboratory, None) & ~dataset.positive  # type: ignore[call-overload]
    place, names = _numbered(sources.laboratory[tested])
    office, offices = _numbered(sources.office[tested])
    enterprise, enterprises = _numbered(dataset.lines["consignee"][tested])
    size = (len(offices), len(names))
    cell = office * len(names) + place
    usual = np.bincount(cell, minlength=len(offices) * len(names)).reshape(size)
    order = np.argsort(enterprise, kind="stable")
    ends = np.cumsum(np.bincount(enterprise, minlength=len(enterprises)))
    for each, start, end in zip(enterprises, [0, *ends.tolist()], ends.tolist(), strict=False):
        lines = end - start
        if lines < rule.minimum_lines or each == str(None) or len(names) < 2:
            continue
        own = np.bincount(cell[order[start:end]], minlength=usual.size).reshape(size)
        observed, expected = own.sum(axis=0), _elsewhere(own, usual)
        most = int(np.argmax(observed - expected))
        told = int(observed[most]), float(expected[most])
        p = min(1.0, tail(*told, rule.spread_enterprise_laboratory**2) * len(names))
        yield Suspicion("enterprise", each, f"passes at {names[most]}", lines, *told, p)


def _numbered(labels: Labels) -> tuple[np.ndarray, list[str]]:
    """Return each label's position among the labels there are, None being one, and these in order."""
    told = Coded.of(labels)
    named = [*map(str, told.values), *([str(None)] if (told.codes < 0).any() else [])]
    names = sorted(set(named))
    place = {name: number for number, name in enumerate(names)}
    return np.array([place[name] for name in named], dtype=np.int64)[told.codes], names


def _elsewhere(own: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Return how many of an enterprise's passes each laboratory would have, if they went where others' go.

    Both are passes by office and laboratory (offices, laboratories): the enterprise's own, and all.
    """
    others = (usual - own).sum(axis=0) + 1.0
    common, expected = others / others.sum(), np.zeros(own.shape[1])
    for mine, here in zip(own, usual, strict=True):
        if mine.any():
            beside = here - mine + PRIOR_LINES * common
            expected += mine.sum() * beside / beside.sum()
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
