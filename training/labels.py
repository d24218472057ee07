"""What a line's inspection found, as it stood at an instant: the labels models learn and are judged by.

Two targets. `nonconforming`: an inspection ended in rectification, return or destruction. `critical`: a
finding of severity 3 or more that endangers safety, hygiene, health or environment or is a fraud, or goods
returned or destroyed; a label fault alone never is. Inspections of documents only are not inspections at the
usual depth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from features.instants import Instant
from features.records import Inspection, Nonconformity
from features.terms import FAILED_OUTCOMES, Depth, FindingCategory, Outcome, Selection
from models.spec import Target

R = TypeVar("R", Inspection, Nonconformity)

_JUDGED = {Selection.STATUTORY: 0, Selection.RANDOM: 1}
"""Reasons that need no judgement, those that depend on nothing but the goods first."""
CRITICAL_SEVERITY = 3
CRITICAL_OUTCOMES = frozenset({Outcome.RETURNED, Outcome.DESTROYED})
CRITICAL_CATEGORIES = frozenset(FindingCategory) - {FindingCategory.LABEL}


@dataclass(frozen=True, slots=True)
class KnownRecord(Generic[R]):
    """A record in the revision that stood at some instant, and when that revision became visible."""

    record: R
    visible_at: Instant


@dataclass(frozen=True, slots=True)
class Label:
    """A line's label; `resolved_at` is when the last record that decided it became visible.

    `reason` is why the line was inspected: of several reasons the one that depends least on a judgement.
    `recorded` is the plan's chance of that reason, where the plan recorded one. `trust` is the chance that
    the label is right, 1 where no laboratory's word is in doubt.
    """

    positive: bool
    resolved_at: Instant
    random: bool
    reason: Selection = Selection.OFFICER
    recorded: float | None = None
    trust: float = 1.0


def label_line(
    target: Target,
    inspections: Iterable[KnownRecord[Inspection]],
    findings: Iterable[KnownRecord[Nonconformity]],
) -> Label | str:
    """Return the label of a line from its inspections and findings, or the reason why it has none."""
    seen = list(inspections)
    if not seen:
        return "no inspection known"
    deep = [known for known in seen if known.record.depth is not Depth.DOCUMENT]
    if not deep:
        return "documents inspected only"
    resolved = [known for known in deep if known.record.outcome is not Outcome.PENDING]
    if not resolved:
        return "result pending"
    return _LABELS[target](resolved, list(findings))


def _nonconforming(
    resolved: list[KnownRecord[Inspection]], _findings: list[KnownRecord[Nonconformity]]
) -> Label:
    return _label([k.visible_at for k in resolved if k.record.outcome in FAILED_OUTCOMES], resolved)


def _critical(resolved: list[KnownRecord[Inspection]], findings: list[KnownRecord[Nonconformity]]) -> Label:
    grave = [known.visible_at for known in findings if _is_grave(known.record)]
    only_labels = bool(findings) and all(f.record.category is FindingCategory.LABEL for f in findings)
    refused = [k.visible_at for k in resolved if k.record.outcome in CRITICAL_OUTCOMES and not only_labels]
    return _label([*grave, *refused], resolved)


_LABELS = {Target.NONCONFORMING: _nonconforming, Target.CRITICAL: _critical}


def _is_grave(finding: Nonconformity) -> bool:
    return finding.category in CRITICAL_CATEGORIES and (finding.severity or 0) >= CRITICAL_SEVERITY


def _label(adverse: list[Instant], resolved: list[KnownRecord[Inspection]]) -> Label:
    """Label a line from when what speaks against it became visible; without any, all its results decide."""
    first = min((known.record for known in resolved), key=lambda record: _JUDGED.get(record.selected_by, 2))
    return Label(
        positive=bool(adverse),
        resolved_at=max(adverse or [known.visible_at for known in resolved]),
        random=any(known.record.selected_by is Selection.RANDOM for known in resolved),
        reason=first.selected_by,
        recorded=first.selection_probability,
    )
