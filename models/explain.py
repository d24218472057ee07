"""Why a score is what it is: families first, then features, with what each does to the probability."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.catalog import CATALOG
from features.schema import FeatureSpec
from models.calibration import probability_of
from models.scores import Contribution, Explained

OTHER = "other"
"""The family of a feature that the catalogue of this version no longer has."""
FEW = 5
"""Reasons on a page."""
NOTHING = 1e-6
"""Log-odds that move no probability by a ten-thousandth of a percent: no reason to give an officer."""
Floats = NDArray[np.float64]
Columns = Sequence[tuple[str, str]]
"""The features of a model, each with its family, in the order of the vector."""


class Reason(msgspec.Struct, frozen=True, gc=False):
    """A feature that moved the score.

    `step` is what the probability changed when this contribution was added to all before it in the list,
    beginning at the base: steps depend on the order and add up along it; log-odds do not depend on it.
    """

    contribution: Contribution
    step: float


@dataclass(frozen=True, slots=True)
class Heading:
    """A family of features: its log-odds, the sum of its features', and its step in the probability."""

    family: str
    log_odds: float
    step: float
    contributions: tuple[Contribution, ...]
    """The family's features, the strongest first."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One line's score and everything that adds up to it, in the order of the feature spec."""

    base: float
    log_odds: float
    probability: float
    contributions: tuple[Contribution, ...]

    def reasons(self, most: int | None = FEW) -> list[Reason]:
        """Return the strongest contributions either way, at most so many; what moved nothing is no reason.

        Of features that say the same of different windows a short list has the strongest only.
        """
        names = [found.feature for found in self.contributions]
        order = strongest([found.log_odds for found in self.contributions], names, most)
        return _reasons(self.base, [self.contributions[at] for at in order])

    def headings(self) -> list[Heading]:
        """Return the families, the strongest first; their steps lead from the base to the probability."""
        members: dict[str, list[Contribution]] = {}
        for found in self.contributions:
            members.setdefault(found.family, []).append(found)
        sums = {family: math.fsum(found.log_odds for found in of) for family, of in members.items()}
        order = sorted(sums, key=lambda family: -abs(sums[family]))
        steps = probability_steps(self.base, [sums[family] for family in order])
        return [
            Heading(family, sums[family], step, tuple(_strongest(members[family])))
            for family, step in zip(order, steps, strict=True)
        ]


def explanation(spec: FeatureSpec, values: Sequence[float], explained: Explained, index: int) -> Explanation:
    """Return the explanation of one row of `explained`, whose feature values are `values` (k)."""
    base, added, log_odds, probability = explained.row(index)
    columns = [(name, family_of(name)) for name in spec.names]
    return Explanation(base, log_odds, probability, contributions_of(columns, values, added.tolist()))


def contributions_of(
    columns: Columns, values: Sequence[float], log_odds: Sequence[float]
) -> tuple[Contribution, ...]:
    """Return what each column contributes, in their order."""
    return tuple(
        Contribution(name, family, _finite(value), added)
        for (name, family), value, added in zip(columns, values, log_odds, strict=True)
    )


def strongest_reasons(
    base: float, columns: tuple[Sequence[str], Sequence[str]], values: Floats, log_odds: Floats
) -> list[Reason]:
    """Return the reasons of a page and nothing else: it stands on the path of every answer.

    `columns` are the names and families, `values` and `log_odds` float64 (columns,).
    """
    names, families = columns
    moved = [
        Contribution(names[at], families[at], _finite(values.item(at)), log_odds.item(at))
        for at in strongest(log_odds, names, FEW)
    ]
    return _reasons(base, moved)


def strongest(log_odds: Sequence[float] | Floats, names: Sequence[str], most: int | None) -> list[int]:
    """Return the positions of what moved a score, the strongest first: all, or so many that are no kin."""
    sizes = np.abs(log_odds)
    order = (-sizes).argsort(kind="stable").tolist()
    if most is None:
        return order[: np.count_nonzero(sizes > NOTHING)]
    chosen: dict[Hashable, int] = {}
    for at in order:
        if sizes.item(at) <= NOTHING:
            break
        chosen.setdefault(_kin(names[at]), at)
        if len(chosen) == most:
            break
    return list(chosen.values())


@lru_cache(maxsize=4096)
def _kin(feature: str) -> Hashable:
    known = CATALOG.get(feature)
    return feature if known is None else known.kin


def family_of(feature: str) -> str:
    """Return the family a feature is explained under."""
    known = CATALOG.get(feature)
    return OTHER if known is None else str(known.family)


def probability_steps(base: float, log_odds: Iterable[float]) -> list[float]:
    """Return the change of the sigmoid as each of `log_odds` is added in turn, beginning at `base`."""
    steps, at, before = [], base, probability_of(base)
    for added in log_odds:
        at += added
        after = probability_of(at)
        steps.append(after - before)
        before = after
    return steps


def _strongest(contributions: Iterable[Contribution]) -> list[Contribution]:
    return sorted(contributions, key=lambda found: -abs(found.log_odds))


def _reasons(base: float, moved: Sequence[Contribution]) -> list[Reason]:
    steps = probability_steps(base, [found.log_odds for found in moved])
    return [Reason(found, step) for found, step in zip(moved, steps, strict=True)]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
