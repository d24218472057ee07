"""A stored grading as an answer: names, cells and competence in the words of the policy that graded."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec
from sqlalchemy import Engine

from features.wording import Language
from models.grading import SHIPPED, Cell, ReadPolicy, parse_policy, read_policy
from models.grading.words import (
    HAZARD_BASES,
    NOTE,
    band_of,
    cell_text,
    event_text,
    exposed_text,
    hazard_name,
    say,
    title,
)
from models.scores import RiskGrade
from serving.api import graded
from serving.errors import CannotReplay
from serving.grading import Event, Grading
from serving.storage.gradings import GradedLine, find_policy, remember_policy
from serving.storage.scores import StoredScore

_DECODER = msgspec.json.Decoder(Grading)


@dataclass(slots=True, eq=False)
class Policies:
    """The policy that grades now, and those that graded stored scores."""

    engine: Engine
    current: ReadPolicy
    _read: dict[str, ReadPolicy] = field(default_factory=dict)

    @classmethod
    def open(cls, engine: Engine, file: Path | None) -> Policies:
        """Read the policy in force, the shipped one unless a file is set, and keep its text.

        Raises InvalidGradingPolicy, and VersionTaken where another content is kept under its version.
        """
        current = read_policy(file or SHIPPED)
        remember_policy(engine, current.sha256, current.policy.version, current.text)
        return cls(engine, current, {current.sha256: current})

    def of(self, sha256: str) -> ReadPolicy:
        """Return the policy of a SHA-256; raises CannotReplay where it is not kept or was altered."""
        found = self._read.get(sha256)
        if found is None:
            found = self._read[sha256] = kept_policy(self.engine, sha256)
        return found


def kept_policy(engine: Engine, sha256: str) -> ReadPolicy:
    """Read a policy that graded, verified by its SHA-256; raises CannotReplay."""
    text = find_policy(engine, sha256)
    read = None if text is None else parse_policy(text.encode(), f"policy {sha256}")
    if read is None or read.sha256 != sha256:
        raise CannotReplay(
            f"grading policy {sha256} is not kept as it was used", f"分级策略 {sha256} 未按使用时的原文保存"
        )
    return read


def grading_of(score: StoredScore) -> Grading | None:
    """Return how a score was graded; None for one from before grades."""
    return None if score.grading is None else _DECODER.decode(score.grading)


def recorded_grading(line: GradedLine) -> Grading:
    """Return how a recorded line of an event was graded."""
    return _DECODER.decode(line.grading)


@dataclass(frozen=True, slots=True, eq=False)
class GradeWords:
    """A score's hazards and grade in one language."""

    hazards: list[graded.HazardChance]
    grade: graded.Grade | None

    @classmethod
    def of(cls, score: StoredScore, policies: Policies, language: Language) -> GradeWords:
        """Write out how a score was graded; raises CannotReplay where its policy is not kept."""
        grading = grading_of(score)
        if grading is None:
            return cls([], None)
        hazards = [
            graded.HazardChance(
                hazard=one.hazard,
                name=hazard_name(one.hazard, language),
                given_nonconforming=one.given,
                probability=one.probability,
            )
            for one in grading.hazards
        ]
        return cls(hazards, _grade(score, grading, policies.of(grading.policy), language))

    def prefixed(self, line: str, language: Language) -> str:
        """Put the grade before a score's line."""
        if self.grade is None:
            return line
        return f"{self.grade.text}{'：' if language == 'zh' else ': '}{line}"


def _grade(score: StoredScore, grading: Grading, read: ReadPolicy, language: Language) -> graded.Grade:
    policy = read.policy
    said = _said(read, grading.cell.grade, score.regime, language)
    rank, basis = policy.by_rank(score.percentile), grading.hazard_basis
    return graded.Grade(
        grade=said.grade,
        name=said.name,
        colour=said.colour,
        text=said.text,
        regime=score.regime,
        cell=_cell(grading.cell, read, score.regime, language),
        own=None if grading.inherited is None else _cell(grading.own, read, score.regime, language),
        event=None if grading.event is None else _event(grading.event, language),
        by_rank=None if rank is None else str(rank),
        competence=said.competence,
        policy=graded.PolicyVersion(grading.version, grading.policy, said.provenance),
        support=grading.support,
        hazard_basis=grading.hazard_basis,
        hazard_text=None if basis is None else say(HAZARD_BASES[basis], language),
        note=say(NOTE, language),
    )


class _Said(NamedTuple):
    """What a policy says of every line of a grade and regime, in one language."""

    grade: str
    name: str
    colour: str
    text: str
    competence: list[graded.Authority]
    provenance: str


@lru_cache(maxsize=256)
def _said(read: ReadPolicy, grade: RiskGrade, regime: str, language: Language) -> _Said:
    entry = read.grader.entries[grade]
    competence = [
        graded.Authority(authority.code, authority.name(language))
        for authority in read.grader.competence[regime, grade]
    ]
    named = str(entry.grade), entry.name(language), str(entry.colour), title(entry, language)
    return _Said(*named, competence, read.policy.provenance(language))


def _cell(cell: Cell, read: ReadPolicy, regime: str, language: Language) -> graded.GradeCell:
    return graded.GradeCell(
        grade=str(cell.grade),
        level=cell.level,
        hazard=cell.hazard,
        severity=cell.severity,
        raised=cell.raised,
        band=band_of(read.policy, regime, cell),
        probability=cell.probability,
        hazard_probability=cell.hazard_probability,
        text=cell_text(read.policy, regime, cell, language),
    )


def _event(event: Event, language: Language) -> graded.GradedEvent:
    exposed = None
    if event.quantity is not None:
        exposed = exposed_text(event.quantity, event.unit, language)
    return graded.GradedEvent(
        event=event.key,
        lines=event.lines,
        quantity=event.quantity,
        unit=event.unit,
        decided_by=event.decided_by,
        text=event_text(event.lines, exposed, event.decided_by, language),
    )
