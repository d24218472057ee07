"""Sources and pasts told from the archive are those counted revision by revision."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from named_port import START, Records

from features.instants import DAY
from features.records import Declaration, Inspection
from features.store.archive import read_archive
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Depth, Direction, Kind, Outcome, Selection
from training.poisoning.sources import read_sources

NAMES = st.sampled_from(["L0", "L1", "L2", "L3"])
LINES = st.builds(
    Declaration,
    id=NAMES,
    happened_at=st.just(START),
    direction=st.sampled_from(Direction),
    hs_code=st.sampled_from(["8507600000", "8516100000"]),
    consignee=st.sampled_from([None, "C1", "C2"]),
    statutory_inspection=st.sampled_from([None, False, True]),
)
INSPECTIONS = st.builds(
    Inspection,
    id=st.sampled_from(["I0", "I1", "I2"]),
    happened_at=st.just(START),
    declaration_id=st.sampled_from(["L0", "L1", "L2", "L9"]),
    outcome=st.sampled_from([Outcome.PASS, Outcome.RETURNED, Outcome.PENDING]),
    depth=st.sampled_from([Depth.ON_SITE, Depth.DOCUMENT]),
    selected_by=st.sampled_from([Selection.RANDOM, Selection.OFFICER]),
    laboratory=st.sampled_from([None, "A"]),
)
REMOVED = st.sampled_from([(Kind.DECLARATION, "L0"), (Kind.INSPECTION, "I0")])


def is_known(inspection: Inspection) -> bool:
    return inspection.outcome is not Outcome.PENDING


def slow(store: Store, until: int) -> tuple[dict[str, Inspection], list[tuple[str, tuple[Any, ...]]]]:
    """Which inspection decided each line, and each line's enterprise and goods in the order of time."""
    found: dict[str, Inspection] = {}
    goods: dict[str, tuple[int, tuple[Any, ...]]] = {}
    for chunk in store.changes():
        for revision in chunk:
            record = revision.record
            if revision.visible_at >= until:
                continue
            if revision.kind == Kind.INSPECTION:
                found.pop(revision.id, None)
                if isinstance(record, Inspection) and Depth.DOCUMENT is not record.depth and is_known(record):
                    found[revision.id] = record
            elif isinstance(record, Declaration) and record.consignee is not None:
                kind = str(record.direction), bool(record.statutory_inspection), record.hs_code[:4]
                goods.setdefault(revision.id, (revision.visible_at, (record.consignee, kind)))
    decided = {one.declaration_id: one for one in found.values()}
    return decided, [(line, goods[line][1]) for line in sorted(goods, key=lambda each: goods[each][0])]


@settings(max_examples=60)
@given(st.lists(st.tuples(LINES | INSPECTIONS | REMOVED, st.booleans(), st.integers(0, 5)), max_size=20))
def test_an_archive_tells_the_sources_and_pasts_of_its_revisions(said):
    records = Records()
    removals = {True: Entry.redact, False: Entry.withdraw}
    records.tell(
        [(removals[redact](*one) if isinstance(one, tuple) else one, day) for one, redact, day in said]
    )
    archive, until = read_archive(records.store), START + 4 * DAY
    asked = archive.declared.lines
    sources, pasts = read_sources(archive, SimpleNamespace(lines=asked), until)  # type: ignore[arg-type]
    decided, goods = slow(records.store, until)
    found = [decided.get(line) for line in asked["id"]]
    assert sources.laboratory.tolist() == [one and one.laboratory for one in found]
    assert sources.selected_by.tolist() == [one and str(one.selected_by) for one in found]
    passed = {line for line, one in decided.items() if one.outcome is Outcome.PASS}
    drawn = {line for line in passed if decided[line].selected_by is Selection.RANDOM}
    lately = goods[len(goods) * 3 // 4 :]
    for told, lines, good in (
        (pasts.every, goods, passed),
        (pasts.drawn, goods, drawn),
        (pasts.drawn_lately, lately, drawn),
    ):
        assert list(told.lines.items()) == list(Counter(kind for _, kind in lines).items())
        assert +told.passed == Counter(kind for line, kind in lines if line in good)
    records.close()
