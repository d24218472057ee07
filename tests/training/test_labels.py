from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.records import Inspection, Nonconformity
from features.terms import FAILED_OUTCOMES, Depth, FindingCategory, FindingSource, Outcome, Selection
from models.spec import Target
from training.labels import KnownRecord, Label, label_line


def inspection(outcome: Outcome, *, visible_at: int = 10, **fields: object) -> KnownRecord[Inspection]:
    record = Inspection(id="I", happened_at=1, declaration_id="D", outcome=outcome, **fields)
    return KnownRecord(record, visible_at)


def finding(
    category: FindingCategory, severity: int | None, visible_at: int = 20
) -> KnownRecord[Nonconformity]:
    record = Nonconformity(
        id="N",
        happened_at=1,
        source=FindingSource.PORT,
        category=category,
        severity=severity,
        declaration_id="D",
    )
    return KnownRecord(record, visible_at)


def label(target: Target, inspections: list, findings: list = ()) -> Label:
    found = label_line(target, inspections, findings)
    assert isinstance(found, Label)
    return found


@given(st.lists(st.sampled_from([o for o in Outcome if o is not Outcome.PENDING]), min_size=1, max_size=4))
def test_a_line_is_nonconforming_when_any_result_failed(outcomes: list[Outcome]) -> None:
    found = label(Target.NONCONFORMING, [inspection(outcome) for outcome in outcomes])
    assert found.positive == any(outcome in FAILED_OUTCOMES for outcome in outcomes)


def test_a_failure_decides_when_it_is_known_and_passes_only_together() -> None:
    early, late = inspection(Outcome.PASS, visible_at=10), inspection(Outcome.RECTIFIED, visible_at=30)
    later = inspection(Outcome.PASS, visible_at=99)
    assert label(Target.NONCONFORMING, [early, late, later]).resolved_at == 30
    assert label(Target.NONCONFORMING, [early, later]).resolved_at == 99


@pytest.mark.parametrize(
    ("inspections", "reason"),
    [
        ([], "no inspection known"),
        ([inspection(Outcome.PENDING)], "result pending"),
        ([inspection(Outcome.PASS, depth=Depth.DOCUMENT)], "documents inspected only"),
    ],
)
def test_a_line_without_a_result_says_why_it_is_no_row(inspections: list, reason: str) -> None:
    assert label_line(Target.CRITICAL, inspections, []) == reason


@pytest.mark.parametrize("category", [c for c in FindingCategory if c is not FindingCategory.LABEL])
def test_a_grave_finding_is_critical_from_when_it_is_known(category: FindingCategory) -> None:
    failed = inspection(Outcome.RECTIFIED)
    assert label(Target.CRITICAL, [failed], [finding(category, 3)]) == Label(True, 20, False)
    assert not label(Target.CRITICAL, [failed], [finding(category, 2)]).positive
    assert not label(Target.CRITICAL, [failed], [finding(category, None)]).positive


def test_a_label_fault_alone_is_never_critical() -> None:
    fault = finding(FindingCategory.LABEL, 4)
    returned = inspection(Outcome.RETURNED)
    assert not label(Target.CRITICAL, [inspection(Outcome.RECTIFIED)], [fault]).positive
    assert not label(Target.CRITICAL, [returned], [fault]).positive
    assert label(Target.CRITICAL, [returned], [fault, finding(FindingCategory.SAFETY, 1)]).positive


def test_goods_returned_or_destroyed_are_critical() -> None:
    for outcome in (Outcome.RETURNED, Outcome.DESTROYED):
        assert label(Target.CRITICAL, [inspection(outcome)]).positive
    assert not label(Target.CRITICAL, [inspection(Outcome.RECTIFIED)]).positive


def test_a_random_draw_is_told_apart() -> None:
    drawn = inspection(Outcome.PASS, selected_by=Selection.RANDOM)
    assert label(Target.NONCONFORMING, [drawn]).random
    assert not label(Target.NONCONFORMING, [inspection(Outcome.PASS)]).random
