from __future__ import annotations

import msgspec
import pytest

from features.records import Declaration, Inspection, Party
from features.store.database import Store
from features.store.entries import Entry
from features.store.reader import state_at
from features.terms import Direction, Kind, Outcome


def line(id: str, hs_code: str = "0808100000") -> Declaration:
    return Declaration(id=id, happened_at=1, direction=Direction.IMPORT, hs_code=hs_code)


def look(id: str, declaration_id: str, outcome: Outcome = Outcome.PASS) -> Inspection:
    return Inspection(id=id, happened_at=2, declaration_id=declaration_id, outcome=outcome)


def test_changes_come_in_order_between_two_sequences(store: Store) -> None:
    store.append([Entry(line(f"D{n}")) for n in range(6)])
    [chunk] = store.changes(after=2, until=5)
    assert [revision.sequence for revision in chunk] == [3, 4, 5]
    assert list(store.changes(after=6)) == []


def test_changes_can_be_limited_to_kinds(store: Store) -> None:
    store.append([Entry(line("D1")), Entry(look("I1", "D1")), Entry(Party(id="P1", happened_at=1))])
    [chunk] = store.changes(kinds=[Kind.INSPECTION, Kind.PARTY])
    assert [revision.id for revision in chunk] == ["I1", "P1"]


def test_revisions_are_found_by_id(store: Store) -> None:
    store.append([Entry(line("D1")), Entry(line("D2")), Entry(line("D1", "0101210010"))])
    found = store.revisions(Kind.DECLARATION, ["D1", "D3"])
    assert {id: [r.sequence for r in revisions] for id, revisions in found.items()} == {"D1": [1, 3]}
    assert store.revisions(Kind.INSPECTION, ["D1"]) == {}
    assert store.revisions(Kind.DECLARATION, []) == {}


@pytest.mark.parametrize("id", ["a\0b", "\ud800", "' OR 1=1 --", '"]'])
def test_an_id_that_no_record_can_have_finds_nothing(store: Store, id: str) -> None:
    store.append([Entry(line("D1"))])
    assert list(store.revisions(Kind.DECLARATION, [id, "D1"])) == ["D1"]
    assert store.linked(Kind.INSPECTION, [id]) == {}


def test_many_ids_are_found_at_once(store: Store) -> None:
    ids = [f"D{n}" for n in range(40_000)]
    store.append([Entry(line(id)) for id in ids[:3]])
    assert list(store.revisions(Kind.DECLARATION, ids)) == ids[:3]


def test_inspections_are_found_by_their_declaration_with_all_their_revisions(store: Store) -> None:
    store.append([Entry(look("I1", "D1", Outcome.PENDING)), Entry(look("I2", "D2")), Entry(look("I1", "D1"))])
    store.append([Entry.withdraw(Kind.INSPECTION, "I1")])
    found = store.linked(Kind.INSPECTION, ["D1"])
    assert [(r.id, r.revision, r.action) for r in found["D1"]] == [
        ("I1", 1, "put"),
        ("I1", 2, "put"),
        ("I1", 3, "withdraw"),
    ]
    assert store.linked(Kind.NONCONFORMITY, ["D1"]) == {}


def test_an_inspection_that_moved_to_another_declaration_is_found_under_both(store: Store) -> None:
    store.append([Entry(look("I1", "D1")), Entry(look("I1", "D2"))])
    found = store.linked(Kind.INSPECTION, ["D1", "D2"])
    assert [r.sequence for r in found["D1"]] == [r.sequence for r in found["D2"]] == [1, 2]


def test_a_redacted_inspection_is_still_found_but_says_nothing(store: Store) -> None:
    store.append([Entry(look("I1", "D1")), Entry.redact(Kind.INSPECTION, "I1")])
    assert [r.record for r in store.linked(Kind.INSPECTION, ["D1"])["D1"]] == [None, None]


def test_current_records_are_those_that_still_hold(store: Store) -> None:
    store.append([Entry(line("D1")), Entry(line("D2")), Entry(line("D3")), Entry(line("D1", "0101210010"))])
    store.append([Entry.withdraw(Kind.DECLARATION, "D2"), Entry(look("I1", "D1"))])
    [chunk] = store.current(Kind.DECLARATION)
    assert [(r.id, r.revision) for r in chunk] == [("D1", 2), ("D3", 1)]


def test_the_state_at_an_instant_is_the_last_revision_visible_strictly_before_it(store: Store) -> None:
    put, amended = line("D1"), line("D1", "0101210010")
    store.append([Entry(put, known_at=100), Entry(amended, known_at=300)], imported=True)
    store.append([Entry.withdraw(Kind.DECLARATION, "D1", known_at=500)], imported=True)
    history = store.revisions(Kind.DECLARATION, ["D1"])["D1"]
    holding = {at: state_at(history, at) for at in (100, 101, 300, 301, 500, 501)}
    records = {at: revision and revision.record for at, revision in holding.items()}
    assert records == {100: None, 101: put, 300: put, 301: amended, 500: amended, 501: None}


def test_a_later_sequence_outranks_a_later_instant(store: Store) -> None:
    late, early = line("D1"), msgspec.structs.replace(line("D1"), origin="CL")
    store.append([Entry(late, known_at=300), Entry(early, known_at=100)], imported=True)
    history = store.revisions(Kind.DECLARATION, ["D1"])["D1"]
    assert [r and r.record for r in (state_at(history, 200), state_at(history, 400))] == [early, early]


def test_revisions_are_found_by_sequence(store: Store) -> None:
    store.append([Entry(line(f"D{n}")) for n in range(5)])
    assert [revision.id for revision in store.at_sequences([4, 2, 99])] == ["D1", "D3"]
    assert store.at_sequences([]) == []
