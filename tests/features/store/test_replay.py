"""Files imported again: nothing changes, nothing comes back, and a known_at that was lacking is made good."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from features.records import Declaration, Opinion
from features.store.database import Store
from features.store.entries import Action, Entry, Note, Status
from features.store.errors import ErasedContent
from features.store.reader import Revision, state_at
from features.store.replay import Import
from features.terms import Channel, Direction, Kind

NOW = 1_000
A, B, C = (Declaration(id="D", happened_at=1, direction=Direction.IMPORT, hs_code=c) for c in "abc")
WITHDRAWN = Entry.withdraw(Kind.DECLARATION, "D")
ROWS = st.sampled_from([A, B, C, None])
"""What a row says: a content, or None: withdrawn."""


def row(said: Declaration | None, known_at: int | None = None) -> Entry:
    return Entry(said, known_at) if said else Entry.withdraw(Kind.DECLARATION, "D", known_at)


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Give an empty store whenever asked."""
    store = Store.open(f"sqlite:///{tmp_path / 'customs-risk.db'}", clock=lambda: NOW)
    store.migrate()

    def again() -> Store:
        with store.writing() as connection:
            connection.execute(text("DELETE FROM record_revisions"))
            connection.execute(text("UPDATE record_counter SET sequence=0, known_at=0, live_since=NULL"))
        return store

    yield again
    store.close()


def history(store: Store) -> list[Revision]:
    return store.revisions(Kind.DECLARATION, ["D"]).get("D", [])


def states(store: Store) -> list[str | None]:
    """What held at each instant, the moment of the imports after all others."""
    found = (state_at(history(store), at) for at in [*range(102), 10**15])
    return [one.record.hs_code if one and isinstance(one.record, Declaration) else None for one in found]


def file(data: st.DataObject, *, stated: bool | None) -> list[Entry]:
    """A file about one record, its rows in the order in which they became known."""
    rows = [A, *data.draw(st.lists(ROWS, max_size=5))]
    if stated is False:
        return [row(said) for said in rows]
    known = sorted(data.draw(st.integers(1, 100)) for _ in rows)
    entries = [row(said, at) for said, at in zip(rows, known, strict=True)]
    if stated is None:
        entries = [
            row(said) if data.draw(st.booleans()) else e for said, e in zip(rows, entries, strict=True)
        ]
    return entries


@given(st.data())
@settings(max_examples=80)
def test_a_file_imported_again_or_in_part_changes_nothing(
    reopened: Callable[[], Store], data: st.DataObject
) -> None:
    store = reopened()
    for _ in range(data.draw(st.integers(0, 2))):
        store.append(file(data, stated=None), imported=True)
        if data.draw(st.booleans()):
            store.append([Entry(data.draw(st.sampled_from([A, B, C])))])
    if data.draw(st.booleans()):
        store.go_live()
    told = file(data, stated=data.draw(st.sampled_from([False, True])))
    store.append(told, imported=True)
    before = history(store)
    for part in (told, told[: data.draw(st.integers(1, len(told)))], told):
        receipts = store.append(part, imported=True)
        assert {receipt.status for receipt in receipts} == {Status.UNCHANGED}
        assert history(store) == before


@given(st.data())
@settings(max_examples=50)
def test_a_file_imported_again_with_known_at_leaves_what_it_would_have_left_alone(
    reopened: Callable[[], Store], data: st.DataObject
) -> None:
    told = file(data, stated=True)
    store = reopened()
    store.append(told, imported=True)
    alone = states(store)
    store = reopened()
    store.append([Entry(e.record, None, e.action, e.removed) for e in told], imported=True)
    if data.draw(st.booleans()):  # in two imports rather than one
        half = data.draw(st.sampled_from([at for at in range(len(told)) if _parted(told, at)]))
        store.append(told[:half], imported=True)
        store.append(told[half:], imported=True)
    else:
        store.append(told, imported=True)
    assert states(store) == alone


def _parted(told: Sequence[Entry], half: int) -> bool:
    """Whether the second import says nothing that the first one said of the same instant."""
    return not any(one in told[:half] for one in told[half:])


def test_what_an_import_says_again_of_the_same_instant_is_no_news(store: Store) -> None:
    store.append([Entry(A, known_at=5), Entry(B, known_at=5)], imported=True)
    [receipt] = store.append([Entry(A, known_at=5)], imported=True)
    assert (receipt.status, receipt.note) == (Status.UNCHANGED, None)
    assert history(store)[-1].record == B


def test_files_imported_in_the_wrong_order_are_made_good_by_importing_them_again(store: Store) -> None:
    january, february = Entry(A, known_at=5), Entry(B, known_at=40)
    for said in (february, january):
        store.append([said], imported=True)
    assert history(store)[-1].record == A, "what is stored later outranks what was known later"
    for said in (january, february, january, february):
        store.append([said], imported=True)
    held = [state_at(history(store), at) for at in (6, 41, 10**18)]
    assert [one and one.record for one in held] == [A, B, B]


def test_a_known_at_for_a_part_of_the_rows_brings_nothing_older_back(store: Store) -> None:
    for said in (A, B):
        store.append([Entry(said)], imported=True)
    store.append([Entry(B, known_at=50)], imported=True)
    held = [state_at(history(store), at) for at in (51, 10**18)]
    assert [one and one.record for one in held] == [B, B]


def test_history_imported_without_known_at_is_seen_from_its_known_at_on_once_it_has_one(store: Store) -> None:
    store.append([Entry(A)], imported=True)
    [receipt] = store.append([Entry(A, known_at=50)], imported=True)
    assert (receipt.status, receipt.known_at) == (Status.REVISED, 50)
    held = [state_at(history(store), at) for at in (50, 51, 10**18)]
    assert [one and one.record for one in held] == [None, A, A]


def test_what_was_told_after_it_holds_after_it_when_a_record_gets_its_known_at(store: Store) -> None:
    store.append([Entry(A), Entry(B)], imported=True)
    store.append([Entry(A, known_at=50)], imported=True)
    held = [state_at(history(store), at) for at in (51, 10**18)]
    assert [one and one.record for one in held] == [A, B]


def test_a_later_known_at_does_not_unsay_an_earlier_one(store: Store) -> None:
    store.append([Entry(A, known_at=50)], imported=True)
    [receipt] = store.append([Entry(A, known_at=60)], imported=True)
    assert (receipt.status, receipt.known_at, receipt.note) == (Status.UNCHANGED, 50, Note.EARLIER)


def test_once_live_no_import_moves_a_record_in_time(store: Store) -> None:
    store.append([Entry(A)], imported=True)
    store.go_live()
    [receipt] = store.append([Entry(A, known_at=50)], imported=True)
    assert receipt.status is Status.UNCHANGED
    [receipt] = store.append([Entry(B, known_at=50)], imported=True)
    assert (receipt.status, receipt.note) == (Status.REVISED, Note.OVERRIDDEN)


def test_what_was_withdrawn_does_not_come_back_with_its_old_row(store: Store) -> None:
    store.append([Entry(A, known_at=5)], imported=True)
    store.append([WITHDRAWN], imported=True)
    for old, note in ((Entry(A, known_at=5), None), (Entry(A), Note.OUTDATED)):
        [receipt] = store.append([old], imported=True)
        assert (receipt.status, receipt.note) == (Status.UNCHANGED, note)
    assert history(store)[-1].action is Action.WITHDRAW


def test_a_record_goes_back_to_what_it_was_within_one_file_by_its_known_at_or_live(store: Store) -> None:
    store.append([Entry(A), Entry(B), Entry(A)], imported=True)
    assert history(store)[-1].record == A
    store.append([Entry(C)], imported=True)
    [receipt] = store.append([Entry(A)], imported=True)
    assert (receipt.status, receipt.note) == (Status.UNCHANGED, Note.OUTDATED)
    store.append([Entry(B)])
    assert history(store)[-1].record == B


def test_a_record_goes_back_to_what_it_was_by_a_later_known_at(store: Store) -> None:
    store.append([Entry(A, known_at=5), Entry(B, known_at=6)], imported=True)
    [receipt] = store.append([Entry(A, known_at=7)], imported=True)
    assert (receipt.status, history(store)[-1].record) == (Status.REVISED, A)


@pytest.mark.parametrize("imported", [False, True])
def test_erased_content_is_refused_and_other_content_is_not(store: Store, imported: bool) -> None:
    store.append([Entry(A), Entry(B), Entry.redact(Kind.DECLARATION, "D")])
    for erased in (A, B):
        with pytest.raises(ErasedContent, match="'D' was erased") as caught:
            store.append([Entry(C), Entry(erased)], imported=imported)
        assert "new id" in caught.value.remedy
        assert caught.value.position == 1
    store.append([Entry(C)], imported=imported)
    assert [one.record for one in history(store)] == [None, None, None, C]


def test_a_redaction_without_known_at_always_erases(store: Store) -> None:
    gone = Entry.redact(Kind.DECLARATION, "D")
    store.append([Entry(A), gone, Entry(C), gone], imported=True)
    assert all(one.record is None for one in history(store))


def test_an_opinion_that_gets_its_known_at_is_read_at_its_new_place(store: Store) -> None:
    said = Opinion(id="O", happened_at=1, channel=Channel.MEDIA, text="水壶漏电")
    again = Opinion(id="O", happened_at=1, channel=Channel.MEDIA, text="水壶不漏电")
    store.append([Entry(said), Entry(again)], imported=True)
    store.append([Entry(said, known_at=50)], imported=True)
    with store.reading() as connection:
        read = connection.execute(text("SELECT sequence FROM opinion_readings ORDER BY sequence"))
        assert list(read.scalars()) == [1, 2, 3, 4]


def parts(entries: Sequence[Entry], size: int) -> Iterator[Sequence[Entry]]:
    yield from (entries[begin : begin + size] for begin in range(0, len(entries), size))


@given(st.data(), st.integers(1, 3))
@settings(max_examples=25)
def test_batches_of_one_import_say_what_one_batch_does(
    reopened: Callable[[], Store], data: st.DataObject, size: int
) -> None:
    first, told = file(data, stated=False), file(data, stated=False)
    store = reopened()
    store.append(first, imported=True)
    store.append(told, imported=True)
    at_once = states(store)[-1]
    store = reopened()
    store.append(first, imported=True)
    whole = Import()
    for part in parts(told, size):
        store.append(part, imported=True, of=whole)
    assert states(store)[-1] == at_once


def test_what_others_say_while_an_old_file_is_read_again_holds(reopened: Callable[[], Store]) -> None:
    def record(id: str, price: float) -> Declaration:
        return msgspec.structs.replace(A, id=id, total_price=price)

    store = reopened()
    old, newer, sent = ({id: Entry(record(id, price)) for id in "XYZ"} for price in (1.0, 2.0, 3.0))
    store.append(list(old.values()), imported=True)
    store.append(list(newer.values()), imported=True)
    again = Import()
    told = store.append([old["Y"], Entry(record("new", 1.0))], imported=True, of=again)
    store.append([sent["X"], Entry.withdraw(Kind.DECLARATION, "Z")])
    told += store.append([old["X"], old["Y"], old["Z"]], imported=True, of=again)
    told += store.append([Entry(record("new", 4.0))], imported=True, of=again)
    outdated = (Status.UNCHANGED, Note.OUTDATED)
    assert [(one.status, one.note) for one in told] == [
        outdated, (Status.ACCEPTED, None), outdated, outdated, outdated, (Status.REVISED, None),
    ]  # fmt: skip
    lines = [one.record for many in store.current(Kind.DECLARATION) for one in many]
    standing = {line.id: line.total_price for line in lines if isinstance(line, Declaration)}
    assert standing == {"X": 3.0, "Y": 2.0, "new": 4.0}


@given(st.sets(st.integers(0, 40)))
def test_an_import_knows_the_sequences_it_stored(own: set[int]) -> None:
    run = Import()
    for sequence in sorted(own):
        run.add(sequence, sequence)
    run.add(50, 49)
    assert {sequence for sequence in range(60) if sequence in run} == own


def test_what_an_import_did_not_commit_is_not_its_own(reopened: Callable[[], Store]) -> None:
    store = reopened()
    store.append([Entry(A)], imported=True)
    store.append([Entry(B)], imported=True)
    run = Import()

    def fail(_: object) -> None:
        raise OSError("the disk is full")

    event.listen(store.engine, "commit", fail)
    other = msgspec.structs.replace(A, id="E")
    with pytest.raises(OSError, match="disk"):
        store.append([Entry(other)], imported=True, of=run)
    event.remove(store.engine, "commit", fail)
    store.append([Entry(C)])
    [receipt] = store.append([Entry(A)], imported=True, of=run)
    assert (receipt.status, receipt.note) == (Status.UNCHANGED, Note.OUTDATED)
    assert history(store)[-1].record == C


def test_a_live_import_of_what_holds_no_more_says_so(reopened: Callable[[], Store]) -> None:
    store = reopened()
    store.go_live()
    february, january = Entry(B, known_at=40), Entry(A, known_at=5)
    store.append([february], imported=True)
    store.append([january], imported=True)
    [receipt] = store.append([february], imported=True)
    assert (receipt.status, receipt.note) == (Status.UNCHANGED, Note.OUTDATED)
    assert history(store)[-1].record == A
