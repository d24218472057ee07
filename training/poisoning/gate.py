"""The gate: closed where a source or an enterprise is beyond what honest ones could be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.store.archive import Archive
from models.spec import ModelSpec
from training.dataset import Dataset
from training.fit import Table
from training.gates import Gate, settled
from training.poisoning.enterprises import laboratory_suspicions, past_suspicions
from training.poisoning.expected import Expectation, coded, cross_fitted
from training.poisoning.sources import Labels, Sources, read_sources
from training.poisoning.suspicion import Suspicion, relative_variance, tail
from training.policy import GatePolicy
from training.policy.gates import PoisoningPolicy

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.intp]

NAME = "no source lies"


GROUPS = ("consignee", "manufacturer", "hs4")
"""A source is judged without its most conspicuous enterprise, manufacturer and heading in turn.

One bad trader or batch is no lie of the office it passes through; a lie concerns everybody.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """A source's lines: failures found (n,), failures expected (n,), and each line's groups."""

    name: str
    found: Floats
    expected: Floats
    groups: list[Codes]

    def without(self, group: Codes) -> tuple[int, float]:
        """Return found and expected failures without the group that deviates most, if others are left."""
        places = np.unique(group, return_inverse=True)[1]
        gap = np.bincount(places, self.found - self.expected)
        sign = 1.0 if gap.sum() > 0 else -1.0
        kept = places != int(np.argmax(sign * gap))
        kept = kept if kept.any() else np.ones_like(kept)
        return int(self.found[kept].sum()), float(self.expected[kept].sum())


def poisoning_gate(
    archive: Archive, dataset: Dataset, table: Table, spec: ModelSpec, policy: GatePolicy
) -> Gate:
    """Closed where a source's or an enterprise's labels are too unlikely, all of them judged together."""
    rule = policy.poisoning
    found, tests = suspicions(archive, dataset, table, spec, rule)
    guilty = [each for each in found if is_guilty(each, tests, rule)]
    told = "; ".join(_said(each) for each in guilty[:5])
    support = f"{tests} sources and enterprises judged, {rule.minimum_lines} lines needed"
    worst = min(found, key=lambda each: each.p, default=None)
    clean = support if worst is None else f"{support}; least likely: {_said(worst)}"
    figures = {"tests": tests, "suspicions": [each.to_dict() for each in sorted(found, key=_p)[:10]]}
    gate = Gate(NAME, not guilty, f"{told}; {support}" if guilty else clean, bool(tests), figures)
    return settled(gate, policy)


def is_guilty(found: Suspicion, tests: int, rule: PoisoningPolicy) -> bool:
    """Say whether a suspicion is both too unlikely among so many, and large."""
    least = rule.enterprise_ratio if found.kind == "enterprise" else rule.ratio
    large = found.ratio >= least or found.ratio <= 1 / least
    return large and found.p * tests < rule.false_alarms


def suspicions(
    archive: Archive, dataset: Dataset, table: Table, spec: ModelSpec, rule: PoisoningPolicy
) -> tuple[list[Suspicion], int]:
    """Return what was counted of every source and enterprise with support, and how many that are."""
    until = int(dataset.resolved_at.max()) + 1
    sources, pasts = read_sources(archive, dataset, until)
    groups = [coded(dataset.lines[name])[0] for name in GROUPS]
    found = [
        each
        for kind, labels in sources.kinds()
        for each in source_suspicions(
            (kind, labels), (sources, groups), table, replace(spec, threads=1), rule
        )
    ]
    found += past_suspicions(pasts, rule)
    found += laboratory_suspicions(sources, dataset, rule)
    return found, len(found)


def source_suspicions(
    source: tuple[str, Labels],
    known: tuple[Sources, list[Codes]],
    table: Table,
    spec: ModelSpec,
    rule: PoisoningPolicy,
) -> Iterator[Suspicion]:
    """Yield each source's failures beside those expected, over all its rows and over its newest ones."""
    kind, labels = source
    sources, groups = known
    told = cross_fitted(table, labels, spec)
    # A reason of inspection cannot be judged by how the same reason does elsewhere.
    reasons = np.full(len(labels), "", dtype=object) if kind == "selected_by" else sources.selected_by
    spread = {"office": rule.spread_office, "laboratory": rule.spread_laboratory}
    least = spread.get(kind, rule.spread_selected_by) ** 2
    judged = _Judged(*coded(labels), Expectation.of(told, table.positive, reasons), groups)
    for part, window in _windows(len(labels)):
        counted = list(_count(judged, window, rule.minimum_lines))
        for each in counted:
            found = _likeliest(each, [other for other in counted if other is not each], least)
            name = each.name if part == "all" else f"{each.name} ({part})"
            yield Suspicion(kind, name, "failures", len(each.found), *found)


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Rows with their source's position among `names`, what is expected of them, and their groups."""

    source: Codes
    names: list[str]
    expectation: Expectation
    groups: list[Codes]


def _likeliest(source: _Counted, peers: list[_Counted], least: float) -> tuple[int, float, float]:
    """Return found, expected and probability of a source in the most innocent way to look at it."""
    variance = relative_variance(
        np.array([peer.found.sum() for peer in peers]),
        np.array([peer.expected.sum() for peer in peers]),
        least,
    )
    views = [source.without(group) for group in source.groups]
    judged = [(found, expected, tail(found, expected, variance)) for found, expected in views]
    return max(judged, key=lambda each: each[2])


def _windows(rows: int) -> Iterator[tuple[str, Mask]]:
    """All rows, and the newest quarter: what began lately is diluted over all."""
    yield "all", np.ones(rows, dtype=bool)
    yield "lately", np.arange(rows) >= rows * 3 // 4


def _count(judged: _Judged, window: Mask, least: int) -> Iterator[_Counted]:
    known = np.flatnonzero(window & np.isfinite(judged.expectation.told) & (judged.source >= 0))
    order = known[np.argsort(judged.source[known], kind="stable")]
    ends = np.cumsum(np.bincount(judged.source[known], minlength=len(judged.names)))
    for name, rows in zip(judged.names, np.split(order, ends)[:-1], strict=True):
        if len(rows) >= least:
            expected = judged.expectation.of_rows(rows)
            groups = [group[rows] for group in judged.groups]
            yield _Counted(name, judged.expectation.positive[rows], expected, groups)


def _said(found: Suspicion) -> str:
    return (
        f"{found.kind} {found.name}: {found.observed} {found.counted}, {found.expected:.1f} expected "
        f"(p {found.p:.1e})"
    )


def _p(found: Suspicion) -> float:
    return found.p
