"""What would change a score: the smallest set of admissible changes that brings it under a threshold.

Every answer comes from the model itself: the changed lines' features are built and scored like any others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import msgspec
import numpy as np

from features.entities import PRICED
from features.facts import KnownHistory
from features.frame import build_frame
from features.instants import Instant
from features.lines import Lines
from features.records import Declaration
from features.wording import Language
from models.further_passes import WithPasses
from models.grading.tables import Boundary
from models.policy.changes import Change, ChangeKind, ChangePolicy
from models.risk_model import RiskModel
from models.scores import RiskGrade

EXACT = 2
"""Sets of so many changes are all tried."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change and the value it comes to: a code, or a unit price in CNY."""

    change: Change
    value: str | float | None = None

    @property
    def subject(self) -> str:
        """Return what is changed: of one subject a set has one change at most."""
        return self.change.field or str(self.change.kind)

    def says(self, language: Language) -> str:
        """Say the change in words."""
        shown = f"{self.value:,.2f}" if isinstance(self.value, float) else str(self.value)
        return self.change.says(shown, language)

    def applied(self, line: Declaration) -> Declaration:
        """Return the line as it would be declared; passes leave it as it is."""
        if self.change.kind is ChangeKind.CODE:
            return msgspec.structs.replace(line, **{self.change.field: self.value})
        if self.change.kind is ChangeKind.PRICE:
            unit_price = float(Lines.of([line])["unit_price_cny"][0])
            factor = float(self.value or 0.0) / unit_price
            scaled = {
                name: amount * factor
                for name in ("total_price", "value_cny")
                if (amount := getattr(line, name)) is not None
            }
            return msgspec.structs.replace(line, **scaled)
        return line


Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class WayDown:
    """What brings a line under the threshold of a milder grade, or how near admissible changes come to it.

    `threshold` and `grade` are None where the grade cannot be milder. `found` says whether `reached`, the
    probability after `steps`, is under it; if not, no set that was tried is, and `steps` come nearest.
    `tried` sets were scored; all of up to two changes, and larger ones greedily.
    """

    probability: float
    threshold: float | None
    grade: RiskGrade | None
    found: bool
    steps: Steps
    reached: float
    tried: int
    policy: str


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """A line, what was known of it at an instant, and the model that scores it."""

    line: Declaration
    history: KnownHistory
    as_of: Instant
    model: RiskModel

    def probabilities(self, sets: Sequence[Steps]) -> list[float]:
        """Score the line as each set of changes would leave it."""
        changed = [_applied(self.line, steps) for steps in sets]
        lines = Lines.of(changed)
        passes = np.array([_passes(steps) for steps in sets], dtype=np.int64).reshape(-1, 2)
        instants = np.full(len(changed), self.as_of, dtype=np.int64)
        history = WithPasses(self.history, passes[:, 0], passes[:, 1])
        frame = build_frame(lines, history, instants, self.model.feature_spec)
        X = self.model.check_frame(frame)
        return list(self.model.probability(X, lines["direction"]).tolist())

    def candidates(self, policy: ChangePolicy) -> list[Step]:
        """Return every single change that the policy admits for this line."""
        return [step for change in policy.change for step in self._steps_of(change)]

    def _steps_of(self, change: Change) -> Iterator[Step]:
        if change.kind is ChangeKind.PASSES:
            yield Step(change)
        elif change.kind is ChangeKind.PRICE:
            usual = self._usual_price()
            unit_price = float(Lines.of([self.line])["unit_price_cny"][0])
            if usual is not None and unit_price > 0 and _apart(unit_price, usual) >= change.beyond:
                yield Step(change, usual)
        else:
            yield from (Step(change, code) for code in self._codes(change))

    def _usual_price(self) -> float | None:
        """Return what the commodity usually costs per legal unit in a year, in CNY."""
        known = self.history.counts(PRICED.name, Lines.of([self.line]), np.array([self.as_of]))
        place = PRICED.entities.index("hs10_unit"), PRICED.windows.index(365)
        lines, total = known.windows[0, place[0], place[1]].tolist()[:2]
        return math.exp(total / PRICED.scale / lines) if lines else None

    def _codes(self, change: Change) -> list[str]:
        now = getattr(self.line, change.field)
        if change.from_fields:
            named = [getattr(self.line, name) for name in change.from_fields]
            return list(dict.fromkeys(code for code in named if code and code != now))
        known = self.model.feature_spec.vocabularies.get(change.field, ())
        begin = now[: change.same_digits] if now else None
        return [code for code in known if code != now and code[: change.same_digits] == begin][: change.most]


def way_down(situation: Situation, policy: ChangePolicy, goal: Boundary | None) -> WayDown:
    """Search the smallest set of admissible changes that brings a line under the boundary of a milder grade.

    The boundary is that of the goods as declared; None where no grade is milder. Among sets of equally many
    changes the one of least effort is chosen, then that of least risk.
    """
    probability = situation.probabilities([()])[0]
    if goal is None or probability < goal.probability:
        return WayDown(probability, None, None, True, (), probability, 0, policy.version)
    threshold, grade = goal
    candidates = situation.candidates(policy)
    nearest: tuple[float, Steps] = (probability, ())
    tried = 0
    for size in range(1, policy.most_changes + 1):
        sets = _sets(candidates, size, nearest[1])
        if not sets or (size > EXACT and len(nearest[1]) < size - 1):
            break
        scored = list(zip(situation.probabilities(sets), sets, strict=True))
        tried += len(sets)
        under = [(_effort(steps), reached, steps) for reached, steps in scored if reached < threshold]
        if under:
            _, reached, steps = min(under, key=lambda one: one[:2])
            return WayDown(probability, threshold, grade, True, steps, reached, tried, policy.version)
        nearest = min(nearest, *scored, key=lambda one: one[0])
    return WayDown(probability, threshold, grade, False, nearest[1], nearest[0], tried, policy.version)


def _sets(candidates: Sequence[Step], size: int, nearest: Steps) -> list[Steps]:
    """Return every set of one or two changes; beyond, what one change more makes of the nearest set."""
    if size <= EXACT:
        return [steps for steps in combinations(candidates, size) if _is_sound(steps)]
    return [(*nearest, step) for step in candidates if _is_sound((*nearest, step))]


def _is_sound(steps: Steps) -> bool:
    return len({step.subject for step in steps}) == len(steps)


def _effort(steps: Iterable[Step]) -> int:
    return sum(step.change.effort for step in steps)


def _applied(line: Declaration, steps: Steps) -> Declaration:
    for step in steps:
        line = step.applied(line)
    return line


def _passes(steps: Steps) -> tuple[int, int]:
    passes = [step.change for step in steps if step.change.kind is ChangeKind.PASSES]
    return sum(one.count for one in passes), sum(one.count for one in passes if one.laboratory)


def _apart(one: float, other: float) -> float:
    return max(one, other) / min(one, other)
