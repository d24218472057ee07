"""The same comparison within parts of the trade: a gain over all may hide a loss where nobody looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.entities import TALLIES
from features.facts import KnownHistory
from features.instants import DAY
from features.lines import Lines
from training.compare.pair import Pair
from training.compare.ranking import Difference, differences
from training.policy import GatePolicy
from training.policy.gates import SlicePolicy
from training.report import Words

Mask = NDArray[np.bool_]
Labels = NDArray[np.object_]

DIMENSIONS: dict[str, Words] = {
    "origin": ("原产国（地区）", "origin"),
    "supervision_mode": ("监管方式", "supervision mode"),
    "office": ("海关", "office"),
    "enterprise_size": ("企业规模（此前申报行数）", "enterprise size (lines declared before)"),
    "new_enterprise": ("新企业", "new enterprise"),
}
UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the lines: how many, and by how much the models differ on it; None without support."""

    dimension: str
    value: str
    lines: int
    positives: int
    difference: Difference | None

    def to_dict(self) -> dict[str, Any]:
        """Return the slice as JSON values."""
        told = None if self.difference is None else self.difference.to_dict()
        return {
            "dimension": self.dimension, "value": self.value, "lines": self.lines,
            "positives": self.positives, "average_precision": told,
        }  # fmt: skip


def slice_labels(
    lines: Lines, history: KnownHistory, as_of: NDArray[np.int64], policy: SlicePolicy
) -> dict[str, Labels]:
    """Return for each dimension which slice each of n lines belongs to."""
    found = {name: _stated(lines[name]) for name in ("origin", "supervision_mode", "office")}
    counts = history.counts("declared", lines, as_of)
    at = TALLIES["declared"].entities.index("consignee")
    ever = TALLIES["declared"].windows.index(None)
    before, first = counts.windows[:, at, ever, 0], counts.first[:, at]
    new = (first < 0) | (as_of - first < policy.new_enterprise_days * DAY)
    unknown = np.equal(lines["consignee"], np.array(None, dtype=object))
    found["enterprise_size"] = _sizes(before, policy.enterprise_sizes)
    age = policy.new_enterprise_days
    found["new_enterprise"] = np.where(new, f"first seen < {age} d", f"known ≥ {age} d").astype(object)
    for name in ("enterprise_size", "new_enterprise"):
        found[name][unknown] = UNSTATED
    return found


def slices_of(pair: Pair, labels: dict[str, Labels], policy: GatePolicy) -> list[Slice]:
    """Compare both models on each slice with enough positives, and enterprises; the others are counted."""
    return [
        _slice(pair, dimension, value, of_line == value, policy)
        for dimension, of_line in labels.items()
        for value in sorted(set(of_line.tolist()))
    ]


def judged(slices: Sequence[Slice]) -> list[Slice]:
    """Return the slices with enough support."""
    return [each for each in slices if each.difference is not None]


def worse(slices: Sequence[Slice], policy: GatePolicy) -> Iterator[tuple[Slice, Difference]]:
    """Yield the slices on which the challenger is worse beyond doubt, all slices judged together."""
    supported = judged(slices)
    for each in supported:
        found = each.difference
        limit = -policy.slices.may_lose
        if found is not None and found.upper(policy.confidence, len(supported)) < limit:
            yield each, found


def least(slices: Sequence[Slice]) -> list[tuple[Slice, Difference]]:
    """Return the slice with support on which the challenger gains least; nothing where none has support."""
    known = [(each, each.difference) for each in slices if each.difference is not None]
    return sorted(known, key=lambda pair: pair[1].gain)[:1]


def _slice(pair: Pair, dimension: str, value: str, rows: Mask, policy: GatePolicy) -> Slice:
    positives = int(pair.positive[rows].sum())
    enough = positives >= policy.slices.minimum_positives and positives < rows.sum()
    found = differences(pair.take(rows), policy, shares=())[0] if enough else None
    told = found if found is not None and found.told else None
    return Slice(dimension, value, int(rows.sum()), positives, told)


def _stated(column: NDArray[Any]) -> Labels:
    return np.array([UNSTATED if value is None else str(value) for value in column], dtype=object)


def _sizes(before: NDArray[Any], edges: Sequence[int]) -> Labels:
    bounds = [0, *edges]
    names = [f"{low}–{high - 1}" for low, high in zip(bounds, edges, strict=False)] + [f"≥ {edges[-1]}"]
    return np.array(names, dtype=object)[np.searchsorted(np.array(edges), before, side="right")]
