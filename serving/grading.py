"""The policy step after a score: hazards, the line's own cell, and the grade of the event it inherits.

An event is goods x maker x batch within a regime. Its grade is the gravest of its lines', as they were
recorded so far or stand in the same request; a line without a batch stands for itself. Nothing here changes
a score or its contributions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from features.facts import KnownCounts, KnownHistory
from features.instants import Instant
from features.lines import Lines
from features.placeholders import is_placeholder
from features.records import Declaration
from features.terms import Direction
from models.grading import Cell, ReadPolicy
from models.grading.injuries import INJURIES
from models.hazards import HAZARDS
from models.risk_model import RiskModel
from models.scores import RiskGrade
from serving.storage.event_lines import Held, gravity, held

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
    `policy` is the SHA-256 of the policy's text; `hazard_basis` is as in `HazardModel.basis`, None in those
    from before it was told.
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
    hazard_basis: str | None = None

    @property
    def cell(self) -> Cell:
        """Return the cell that decided."""
        return self.own if self.inherited is None else self.inherited


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
        begin = 0
        for request in requests:
            end = begin + len(request)
            events = {key for key in keys[begin:end] if key is not None}
            # A line of the request counts as it is graded here, not as it was before.
            again = [line.id for line in request]
            graded_by = str(model.target), self.read.sha256
            recorded = held(self.engine, events, graded_by, again) if events and at is None else {}
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
                    hazard_basis=model.hazards.basis,
                )
            )
        return found


def likeliest(shares: Sequence[float], chances: Sequence[float]) -> tuple[HazardChance, ...]:
    """Return the likeliest hazards, the likeliest first."""
    places = sorted(range(len(HAZARDS)), key=shares.__getitem__, reverse=True)[:SHOWN]
    return tuple(HazardChance(HAZARDS[place], shares[place], chances[place]) for place in places)


def event_key(line: Declaration, regime: str) -> str | None:
    """Name the event of a line: goods x maker x batch; None where batch or maker are not stated.

    What stands for nothing ("-", "无") states nothing.
    """
    importing = line.direction == Direction.IMPORT
    makers = line.manufacturer, *((line.overseas_party,) if importing else (line.owner, line.consignee))
    maker = next((one for one in makers if one and not is_placeholder(one)), None)
    if maker is None or not line.batch or is_placeholder(line.batch):
        return None
    named = "\x1f".join((line.direction, regime, line.hs_code, maker, line.batch))
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class Standing:
    """An event while its lines are gathered: how many, the sum of their quantities, the gravest so far."""

    lines: int = 0
    quantity: float = 0.0
    units: set[str | None] = field(default_factory=set)
    gravest: tuple[str, Cell] | None = None

    @classmethod
    def of(cls, recorded: Held | None) -> Standing:
        """Begin with what is recorded of the event."""
        if recorded is None:
            return cls()
        units = {recorded.first_unit or None, recorded.last_unit or None} if recorded.stating else set()
        return cls(recorded.lines, recorded.quantity, units, (recorded.line_id, recorded.cell))

    def add(self, line_id: str, grading: Grading) -> None:
        """Take a line in; of lines equally grave the first is named."""
        self.lines += 1
        if grading.quantity is not None:
            self.quantity += grading.quantity
            self.units.add(grading.unit)
        if self.gravest is None or gravity(grading.own) < gravity(self.gravest[1]):
            self.gravest = line_id, grading.own

    def told(self, key: str, grading: Grading) -> Grading:
        """Return a line's grading with the grade of the event; equal grades leave it its own cell."""
        assert self.gravest is not None
        line, cell = self.gravest
        inherits = _ORDER[cell.grade] < _ORDER[grading.own.grade]
        (one_unit,) = self.units if len(self.units) == 1 else (None,)
        exposed = None if one_unit is None else self.quantity
        event = Event(key, self.lines, exposed, one_unit, line if inherits else None)
        return msgspec.structs.replace(grading, inherited=cell if inherits else None, event=event)


def inherit(
    gradings: list[Grading],
    rows: Iterable[int],
    named: tuple[Sequence[str | None], Sequence[str]],
    recorded: Mapping[str, Held],
) -> None:
    """Let each of these rows take the gravest cell of its event, in place.

    `named` are the events and the line ids of all rows; `recorded` what is held of events already, without
    these lines.
    """
    keys, ids = named
    events: dict[str, Standing] = {}
    places = [(row, key) for row in rows if (key := keys[row]) is not None]
    for row, key in places:
        if key not in events:
            events[key] = Standing.of(recorded.get(key))
        events[key].add(ids[row], gradings[row])
    for row, key in places:
        gradings[row] = events[key].told(key, gradings[row])
