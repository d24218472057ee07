"""Shapes of the policy step after a score: hazards, cells, events, competence and the grade."""

from __future__ import annotations

from msgspec import Struct


class HazardChance(Struct, frozen=True, kw_only=True):
    """A hazard: its share given that the line does not conform, and its probability."""

    hazard: str
    name: str
    given_nonconforming: float
    probability: float


class GradeCell(Struct, frozen=True, kw_only=True):
    """A cell of the policy's matrix: a hazard's severity, and the band of the probability of harm.

    `probability` is that of harm: `hazard_probability` times the chance that goods with the hazard do harm.
    `raised` is how much of the severity is due to injuries in the records.
    """

    grade: str
    level: str
    hazard: str
    severity: int
    raised: int
    band: str
    probability: float
    hazard_probability: float
    text: str


class GradedEvent(Struct, frozen=True, kw_only=True):
    """The event that is graded, goods x maker x batch; `decided_by` is the line it has its grade from.

    `quantity` is null where its lines are in different units or state none; `decided_by` where a line's own
    cell decides.
    """

    event: str
    lines: int
    quantity: float | None
    unit: str | None
    decided_by: str | None
    text: str


class Authority(Struct, frozen=True):
    """Whose competence a grade is."""

    code: str
    name: str


class PolicyVersion(Struct, frozen=True):
    """The grading policy that graded: its version, the SHA-256 of its text, and where it comes from."""

    version: str
    sha256: str
    provenance: str


class Grade(Struct, frozen=True, kw_only=True):
    """The policy step after the score: a grade with its cell, colour, competence and policy.

    The event is graded and its lines inherit; `own` is the line's own cell where its event's is graver.
    `by_rank` is the grade that the line's percentile within its regime corresponds to; without a percentile,
    the one that the policy states for it, or null. `support` counts the findings of like goods that hazards
    were learnt from; `hazard_basis` says what answered, `trees`, `shares` alone or the `taxonomy`, and
    `hazard_text` says it in words. Both are null in scores from before they were told.
    """

    grade: str
    name: str
    colour: str
    text: str
    regime: str
    cell: GradeCell
    own: GradeCell | None
    event: GradedEvent | None
    by_rank: str | None
    competence: list[Authority]
    policy: PolicyVersion
    support: float
    hazard_basis: str | None
    hazard_text: str | None
    note: str
