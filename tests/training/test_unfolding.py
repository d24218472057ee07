"""Labels unfold in time: at each instant they are what stood then, whatever was amended later."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from named_port import NAMES, START, Records, line, result, slow_labels

from features.instants import DAY
from features.records import Nonconformity
from features.store.archive import read_archive
from features.store.entries import Entry
from features.terms import FindingSource, Kind
from models.spec import Target
from training.unfolding import Unfolding

PREFIXES = {Kind.DECLARATION: "L", Kind.INSPECTION: "I", Kind.NONCONFORMITY: "N"}
DAYS = st.integers(0, 8)
SAID = st.one_of(
    st.builds(line, st.integers(0, 2), DAYS, st.sampled_from(NAMES)),
    st.builds(result, st.integers(0, 2), DAYS, failed=st.booleans()),
    st.builds(
        lambda number, day, severity: Nonconformity(
            id=f"N{number % 2}",
            happened_at=START + day * DAY,
            source=FindingSource.PORT,
            declaration_id=f"L{number}",
            severity=severity,
        ),
        st.integers(0, 2), DAYS, st.integers(1, 4),
    ),
    st.builds(
        lambda put, kind, number: put(kind, f"{PREFIXES[kind]}{number}"),
        st.sampled_from([Entry.withdraw, Entry.redact]),
        st.sampled_from(list(PREFIXES)),
        st.integers(0, 2),
    ),
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(st.tuples(SAID, DAYS), max_size=14), st.sampled_from(Target))
def test_unfolding_knows_at_each_instant_what_stood_then(said, target):
    records = Records()
    records.tell(said)
    archive = read_archive(records.store)
    unfolding = Unfolding(archive, target)
    for at in range(START, START + 10 * DAY, DAY):
        unfolding.advance(at)
        places = np.flatnonzero(unfolding.labelled)
        told = zip(unfolding.positive[places], unfolding.resolved_at[places], strict=True)
        labels = slow_labels(records.store, target, at)
        assert dict(zip(archive.declared.ids[places], told, strict=True)) == {
            name: (label.positive, label.resolved_at) for name, label in labels.items()
        }
    records.close()
