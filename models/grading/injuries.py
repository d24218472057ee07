"""Injuries that opinions tell of, as the grading policy's rules read them from the history's tally."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.entities import TALLIES, Tally
from models.grading.policy import InjuryRule

InjuryCounts: TypeAlias = Mapping[str, tuple[int, int]]
"""Opinions and persons hurt in them, by entity and window: {"brand_365d": (12, 4), "all_365d": (900, 80)}."""

INJURIES: Tally = next(tally for tally in TALLIES.values() if "injured" in tally.measures)
"""The tally of the history that counts persons hurt."""
_COUNT, _INJURED = 0, 1 + INJURIES.measures.index("injured")
_ALL = INJURIES.entities.index("all")


class InjuryTable:
    """The rules of a policy with the places of what they read."""

    def __init__(self, rules: Sequence[InjuryRule]) -> None:
        self._rules = [(rule, f"{rule.entity}_{rule.days}d", f"all_{rule.days}d") for rule in rules]
        entities = [INJURIES.entities.index(rule.entity) for rule in rules]
        windows = [INJURIES.windows.index(rule.days) for rule in rules]
        names = [f"{rule.entity}_{rule.days}d" for rule in rules] + [f"all_{rule.days}d" for rule in rules]
        self._names = names
        self._entities = np.array(entities + [_ALL] * len(rules), dtype=np.intp)
        self._windows = np.array(windows * 2, dtype=np.intp)

    def pick(self, windows: NDArray[np.int64]) -> list[InjuryCounts]:
        """Pick the counts read from lines' tallies (n, entities, windows, measures); {} for no injury."""
        persons = windows[:, self._entities, self._windows, _INJURED].tolist()
        opinions = windows[:, self._entities, self._windows, _COUNT].tolist()
        rules = len(self._rules)
        return [
            dict(zip(self._names, zip(told, hurt, strict=True), strict=True)) if any(hurt[:rules]) else {}
            for told, hurt in zip(opinions, persons, strict=True)
        ]

    def raised(self, counts: InjuryCounts) -> int:
        """Return the most that any rule raises by; a rule whose entity tells of no injury raises nothing."""
        if not counts:
            return 0
        return max((rule.raised for rule, *names in self._rules if _applies(rule, counts, names)), default=0)


def _applies(rule: InjuryRule, counts: InjuryCounts, names: Sequence[str]) -> bool:
    (opinions, persons), (everywhere, hurt) = (counts.get(name, (0, 0)) for name in names)
    return persons >= rule.persons and persons * everywhere >= rule.times * hurt * opinions
