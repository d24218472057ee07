"""The labels of all lines at once are those found line by line."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from named_port import NAMES, START, Records, line, result
from slow_standing import by_line, what_stands
from test_unfolding import SAID

from features.instants import DAY
from features.records import Inspection
from features.store.archive import read_archive
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Depth, Outcome, Selection
from models.spec import Target
from training.dataset import build_dataset, first_revisions
from training.labelling import label_lines
from training.labels import Label, label_line
from training.laboratories import laboratories_of

DAYS = st.integers(0, 8)
INSPECTIONS = st.builds(
    Inspection,
    id=st.sampled_from(["I0", "I1", "I2", "I3", "I4"]),
    happened_at=st.just(START),
    declaration_id=st.sampled_from(["L0", "L1", "L2", "L9"]),
    outcome=st.sampled_from(list(Outcome)),
    depth=st.sampled_from([Depth.ON_SITE, Depth.LABORATORY, Depth.DOCUMENT]),
    selected_by=st.sampled_from(list(Selection)),
    selection_probability=st.sampled_from([None, 0.25]),
    laboratory=st.sampled_from([None, "A", "B"]),
    third_party_accepted=st.booleans(),
)


def slow(store: Store, target: Target, at: int) -> tuple[dict[str, Label], Counter[str]]:
    """Each line's label with its trust, and why the others have none."""
    standing = what_stands(store, at)
    inspections, findings = by_line(standing.inspections), by_line(standing.findings)
    laboratories = laboratories_of(inspections.values())
    labels: dict[str, Label] = {}
    dropped: Counter[str] = Counter()
    for name in standing.filed:
        label = label_line(target, inspections.get(name, ()), findings.get(name, ()))
        if name in standing.gone:
            dropped["withdrawn"] += 1
        elif isinstance(label, str):
            dropped[label] += 1
        else:
            trust = laboratories.trust(inspections[name], positive=label.positive)
            told = (label.positive, label.resolved_at, label.random, label.reason, label.recorded, trust)
            labels[name] = Label(*told)
    dropped["inspection of an unknown line"] = len(inspections.keys() - standing.filed.keys())
    return labels, +dropped


@settings(max_examples=60)
@given(st.lists(st.tuples(SAID | INSPECTIONS, DAYS), max_size=20), st.sampled_from(Target))
def test_labels_of_all_lines_are_those_of_each(said, target):
    records = Records()
    records.tell(said)
    archive = read_archive(records.store)
    for at in range(START, START + 10 * DAY, 2 * DAY):
        found = label_lines(archive, target, at)
        columns = (
            found.positive,
            found.resolved_at,
            found.random,
            found.reasons,
            found.recorded,
            found.trust,
        )
        told = zip(archive.declared.ids[found.line], *(column.tolist() for column in columns), strict=True)
        labels, dropped = slow(records.store, target, at)
        assert {
            name: Label(*rest[:4], None if np.isnan(rest[4]) else rest[4], rest[5]) for name, *rest in told
        } == labels
        assert +found.dropped == dropped
    records.close()


def test_rows_are_in_the_order_in_which_lines_became_visible_whatever_the_order_of_import():
    records = Records()
    for number, day in ((0, 5), (1, 2), (2, 8)):
        declared = line(number, day, NAMES[0])
        records.add([Entry(declared, known_at=declared.happened_at)])
        records.add([Entry(result(number, day + 1, failed=False), known_at=START + (day + 1) * DAY)])
    rows = build_dataset(records.store, Target.NONCONFORMING, START + 30 * DAY)
    filed = first_revisions(records.store, ["L0", "L1", "L2"])
    assert rows.lines["id"].tolist() == [one.record.id for one in filed] == ["L1", "L0", "L2"]
    assert rows.recent.lines["id"].tolist() == ["L1", "L0", "L2"]
    records.close()
