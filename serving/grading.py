"""The policy step after a score: hazards, the line's own cell, and the grade of the event it inherits.

An event is goods x maker x batch within a regime. Its grade is the gravest of its lines', as they were
recorded so far or stand in the same request; a line without a batch stands for itself. Nothing here changes
a score or its contributions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from features.facts import KnownCounts, KnownHistory
from features.instants import Instant
from features.lines import Lines
from features.records import Declaration
from features.terms import Direction
from models.grading import Cell, ReadPolicy
from models.grading.injuries import INJURIES
from models.hazards import HAZARDS
from models.risk_model import RiskModel
from models.scores import RiskGrade
from serving.storage.gradings import lines_of_events

SHOWN = 3
"""Hazards told of a line."""
_ORDER: Mapping[RiskGrade, int] = {grade: place for place, grade in enumerate(RiskGrade)}


class HazardChance(msgspec.Struct, frozen=True, gc=False):
    """A hazard, its share given that the line does not conform, and its probability."""

    hazard: str
    given: float
    probability: float


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The event of a line: how many lines of it were declared so far, with what quantity in one unit.

    `decided_by` is the line whose cell is graver than this line's own; None where it is its own.
    """

    key: str
    lines: int
    quantity: float | None = None
    unit: str | None = None
    decided_by: str | None = None


class Grading(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """How a line was graded: by its `own` cell, or by one `inherited` from its event where that is graver.

    `injuries` are what the policy's rules read, `raised` what they gave; `quantity` and `unit` the line's.
    `policy` is the SHA-256 of the policy's text.
    """

    own: Cell
    hazards: tuple[HazardChance, ...]
    support: float
    policy: str
    version: str
    inherited: Cell | None = None
    event: Event | None = None
    raised: int = 0
    injuries: dict[str, tuple[int, int]] = {}
    quantity: float | None = None
    unit: str | None = None

    @property
    def cell(self) -> Cell:
        """Return the cell that decided."""
        return self.own if self.inherited is None else self.inherited


Member: TypeAlias = tuple[Cell, float | None, str | None]
"""A line of an event: its own cell, its quantity and unit."""


@dataclass(frozen=True, slots=True, eq=False)
class GradeRows:
    """What lines are graded by: features (n, k), probabilities of nonconformity (n,), regimes (n,), and the
    tally of opinions (n, entities, windows, measures)."""

    values: NDArray[np.float64]
    probability: NDArray[np.float64]
    regimes: Sequence[str]
    opinions: NDArray[np.int64]


class AskedOnce:
    """A history that is asked for each tally of one block of lines once, by its features and its grades."""

    def __init__(self, history: KnownHistory) -> None:
        self._history = history
        self._counts: dict[str, KnownCounts] = {}
        self.parties = history.parties

    def counts(self, tally: str, lines: Lines, as_of: NDArray[np.int64]) -> KnownCounts:
        """Return the history's answer; the lines and instants are the same at every call."""
        found = self._counts.get(tally)
        if found is None:
            found = self._counts[tally] = self._history.counts(tally, lines, as_of)
        return found

    def opinions(self, lines: Lines, as_of: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the tally that counts persons hurt (n, entities, windows, measures)."""
        windows: NDArray[np.int64] = self.counts(INJURIES.name, lines, as_of).windows
        return windows


class LineGrader:
    """Grades lines by one policy, each with what is recorded of its event."""

    def __init__(self, engine: Engine, read: ReadPolicy) -> None:
        self.engine = engine
        self.read = read
        self._grader = read.grader

    def grade(
        self, model: RiskModel, requests: Sequence[Sequence[Declaration]], rows: GradeRows, at: Instant | None
    ) -> list[Grading]:
        """Grade the lines of requests, which stand in the rows one after another.

        Lines of other requests are not seen. `at` is the past instant that was asked for: then recorded
        events are not looked at, as they are of its future.
        """
        lines = [line for request in requests for line in request]
        own = self.own(model, lines, rows)
        keys = [event_key(line, regime) for line, regime in zip(lines, rows.regimes, strict=True)]
        recorded = self._recorded({key for key in keys if key is not None}) if at is None else {}
        begin = 0
        for request in requests:
            end = begin + len(request)
            inherit(own, range(begin, end), (keys, [line.id for line in lines]), recorded)
            begin = end
        return own

    def own(self, model: RiskModel, lines: Sequence[Declaration], rows: GradeRows) -> list[Grading]:
        """Grade lines each for itself."""
        shares = model.hazards.probabilities(rows.values, [line.hs_code for line in lines])
        chances, given = (shares * rows.probability[:, np.newaxis]).tolist(), shares.tolist()
        hurt = self._grader.injury_counts(rows.opinions)
        found: list[Grading] = []
        for row, line in enumerate(lines):
            injuries = hurt[row]
            raised = self._grader.raised(injuries)
            cell = self._grader.cell(rows.regimes[row], line.hs_code, chances[row], raised)
            found.append(
                Grading(
                    own=cell,
                    hazards=likeliest(given[row], chances[row]),
                    support=model.hazards.support(line.hs_code),
                    policy=self.read.sha256,
                    version=self.read.policy.version,
                    raised=raised,
                    injuries=dict(injuries),
                    quantity=line.quantity,
                    unit=line.unit,
                )
            )
        return found

    def _recorded(self, keys: set[str]) -> dict[str, dict[str, Member]]:
        """Return the lines of events as recorded under this policy; the last score of a line counts."""
        recorded: dict[str, dict[str, Member]] = {}
        for line in lines_of_events(self.engine, keys) if keys else ():
            told = _STORED.decode(line.grading)
            if told.policy == self.read.sha256:
                recorded.setdefault(line.event, {})[line.line_id] = told.own, told.quantity, told.unit
        return recorded


def likeliest(shares: Sequence[float], chances: Sequence[float]) -> tuple[HazardChance, ...]:
    """Return the likeliest hazards, the likeliest first."""
    places = sorted(range(len(HAZARDS)), key=shares.__getitem__, reverse=True)[:SHOWN]
    return tuple(HazardChance(HAZARDS[place], shares[place], chances[place]) for place in places)


def event_key(line: Declaration, regime: str) -> str | None:
    """Name the event of a line: goods x maker x batch; None where batch or maker are not stated."""
    importing = line.direction == Direction.IMPORT
    maker = line.manufacturer or (line.overseas_party if importing else line.owner or line.consignee)
    if not line.batch or not maker:
        return None
    named = "\x1f".join((line.direction, regime, line.hs_code, maker, line.batch))
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


def inherit(
    gradings: list[Grading],
    rows: Iterable[int],
    named: tuple[Sequence[str | None], Sequence[str]],
    recorded: Mapping[str, Mapping[str, Member]],
) -> None:
    """Let each of these rows take the gravest cell of its event, in place.

    `named` are the events and the line ids of all rows; `recorded` the members of events known already.
    """
    keys, ids = named
    events: dict[str, dict[str, Member]] = {}
    places = [row for row in rows if keys[row] is not None]
    for row in places:
        key, grading = keys[row], gradings[row]
        assert key is not None
        members = events.setdefault(key, dict(recorded.get(key, {})))
        members[ids[row]] = grading.own, grading.quantity, grading.unit
    for row in places:
        key = keys[row]
        assert key is not None
        gradings[row] = with_event(gradings[row], key, events[key])


def with_event(grading: Grading, key: str, members: Mapping[str, Member]) -> Grading:
    """Return a grading with the grade of its event; equal grades leave a line its own cell."""
    line, gravest = min(members.items(), key=lambda one: (_ORDER[one[1][0].grade], -one[1][0].probability))
    inherits = _ORDER[gravest[0].grade] < _ORDER[grading.own.grade]
    units = {unit for _, quantity, unit in members.values() if quantity is not None}
    exposed = sum(quantity for _, quantity, _ in members.values() if quantity is not None)
    one_unit = units.pop() if len(units) == 1 else None
    event = Event(
        key,
        len(members),
        exposed if one_unit is not None else None,
        one_unit,
        line if inherits else None,
    )
    return msgspec.structs.replace(grading, inherited=gravest[0] if inherits else None, event=event)


class _Stored(msgspec.Struct):
    """What an event needs of a recorded grading."""

    own: Cell
    policy: str
    quantity: float | None = None
    unit: str | None = None


_STORED = msgspec.json.Decoder(_Stored)
