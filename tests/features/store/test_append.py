from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import text

from features.errors import FeaturesError
from features.instants import now
from features.records import Declaration, Inspection, Opinion
from features.store.database import Store
from features.store.entries import Action, Entry, Status
from features.store.errors import (
    EntryError,
    KnownAtReserved,
    KnownInFuture,
    UnknownRecord,
    UnstorableRecord,
)
from features.store.reader import Revision
from features.terms import Channel, Direction, Kind, Outcome

APPLES = Declaration(
    id="D1", happened_at=1_000, direction=Direction.IMPORT, hs_code="0808100000", origin="CL"
)
PEARS = msgspec.structs.replace(APPLES, hs_code="0808309000")
LOOKED = Inspection(id="I1", happened_at=2_000, declaration_id="D1", outcome=Outcome.PASS)


def stored(store: Store) -> list[Revision]:
    return [revision for chunk in store.changes() for revision in chunk]


def test_a_new_record_is_accepted_and_reads_back_as_it_was(store: Store) -> None:
    before = now()
    [receipt] = store.append([Entry(APPLES)])
    [revision] = stored(store)
    assert receipt.status is Status.ACCEPTED
    assert (receipt.kind, receipt.id, receipt.revision, receipt.sequence) == (Kind.DECLARATION, "D1", 1, 1)
    assert before <= receipt.known_at <= now()
    assert revision.record == APPLES
    assert revision.happened_at == 1_000
    assert revision.known_at == revision.recorded_at == revision.visible_at == receipt.known_at


def test_the_same_content_again_changes_nothing(store: Store) -> None:
    [first] = store.append([Entry(APPLES)])
    [again] = store.append([Entry(msgspec.structs.replace(APPLES))])
    assert again == msgspec.structs.replace(first, status=Status.UNCHANGED)
    assert len(stored(store)) == 1
    assert store.head().sequence == 1


def test_changed_content_is_a_new_revision_and_the_old_one_stays(store: Store) -> None:
    store.append([Entry(APPLES)])
    [receipt] = store.append([Entry(PEARS)])
    assert (receipt.status, receipt.revision, receipt.sequence) == (Status.REVISED, 2, 2)
    assert [revision.record for revision in stored(store)] == [APPLES, PEARS]


def test_going_back_to_earlier_content_is_a_revision_too(store: Store) -> None:
    receipts = store.append([Entry(APPLES), Entry(PEARS), Entry(APPLES)])
    assert [receipt.revision for receipt in receipts] == [1, 2, 3]


def test_duplicates_within_a_batch_are_handled_in_their_order(store: Store) -> None:
    receipts = store.append([Entry(APPLES), Entry(APPLES), Entry(LOOKED), Entry(PEARS), Entry(PEARS)])
    assert [receipt.status for receipt in receipts] == [
        "accepted",
        "unchanged",
        "accepted",
        "revised",
        "unchanged",
    ]
    assert [receipt.sequence for receipt in receipts] == [1, 1, 2, 3, 3]


def test_the_same_id_of_another_kind_is_another_record(store: Store) -> None:
    twin = msgspec.structs.replace(LOOKED, id="D1")
    assert [r.status for r in store.append([Entry(APPLES), Entry(twin)])] == [Status.ACCEPTED] * 2


def test_a_withdrawal_is_a_revision_that_keeps_what_was_said(store: Store) -> None:
    store.append([Entry(APPLES)])
    [receipt] = store.append([Entry.withdraw(Kind.DECLARATION, "D1")])
    put, withdrawn = stored(store)
    assert (receipt.status, receipt.revision) == (Status.REVISED, 2)
    assert (withdrawn.action, withdrawn.record) == (Action.WITHDRAW, None)
    assert put.record == APPLES


def test_withdrawing_twice_changes_nothing(store: Store) -> None:
    gone = Entry.withdraw(Kind.DECLARATION, "D1")
    receipts = store.append([Entry(APPLES), gone, gone])
    assert [receipt.status for receipt in receipts] == ["accepted", "revised", "unchanged"]


def test_a_record_put_again_after_its_withdrawal_is_a_new_revision(store: Store) -> None:
    receipts = store.append([Entry(APPLES), Entry.withdraw(Kind.DECLARATION, "D1"), Entry(APPLES)])
    assert [receipt.revision for receipt in receipts] == [1, 2, 3]
    assert [revision.record for revision in stored(store)] == [APPLES, None, APPLES]


def test_a_redaction_blanks_every_earlier_body_and_keeps_the_hashes(store: Store) -> None:
    store.append([Entry(APPLES), Entry(PEARS)])
    hashes = [revision.content_hash for revision in stored(store)]
    store.append([Entry.redact(Kind.DECLARATION, "D1")])
    revisions = stored(store)
    assert [revision.action for revision in revisions] == ["put", "put", "redact"]
    assert [revision.record for revision in revisions] == [None, None, None]
    assert [revision.content_hash for revision in revisions] == [*hashes, hashes[-1]]
    with store.reading() as connection:
        assert (
            connection.execute(text("SELECT count(*) FROM record_revisions WHERE body IS NOT NULL")).scalar()
            == 0
        )


def test_a_redaction_spares_what_is_put_after_it_in_the_same_batch(store: Store) -> None:
    store.append([Entry(APPLES), Entry.redact(Kind.DECLARATION, "D1"), Entry(PEARS)])
    assert [revision.record for revision in stored(store)] == [None, None, PEARS]


def test_what_is_withdrawn_can_be_redacted_but_not_the_other_way_round(store: Store) -> None:
    withdraw, redact = Entry.withdraw(Kind.DECLARATION, "D1"), Entry.redact(Kind.DECLARATION, "D1")
    receipts = store.append([Entry(APPLES), withdraw, redact, withdraw, redact])
    assert [receipt.status for receipt in receipts] == [
        "accepted",
        "revised",
        "revised",
        "unchanged",
        "unchanged",
    ]
    assert stored(store)[0].record is None


def test_redacted_words_are_nowhere_in_the_file(sqlite_url: str, tmp_path: object) -> None:
    store = Store.open(sqlite_url)
    store.migrate()
    said = Opinion(id="O1", happened_at=1, channel=Channel.MEDIA, text="unforgettable" * 50)
    store.append([Entry(said)])
    store.append([Entry.redact(Kind.OPINION, "O1")])
    path = store.engine.url.database
    store.close()  # the last connection folds the log into the file
    assert path is not None
    with open(path, "rb") as file:
        assert b"unforgettable" not in file.read()


def test_an_import_may_say_that_a_record_was_known_earlier(store: Store) -> None:
    [receipt] = store.append([Entry(APPLES, known_at=5_000)], imported=True)
    [revision] = stored(store)
    assert receipt.known_at == revision.known_at == revision.visible_at == 5_000
    assert revision.recorded_at > 5_000


def test_once_live_an_import_becomes_visible_when_it_is_recorded(store: Store) -> None:
    since = store.go_live()
    store.append([Entry(APPLES, known_at=5_000), Entry(LOOKED, known_at=4_000)], imported=True)
    first, second = stored(store)
    assert (first.known_at, second.known_at) == (5_000, 4_000)
    assert since < first.visible_at == first.recorded_at < second.visible_at == second.recorded_at


def test_a_store_goes_live_once(store: Store) -> None:
    assert store.head().live_since is None
    assert store.go_live() == store.go_live() == store.head().live_since


def test_instants_are_allotted_strictly_increasing_when_the_clock_stands_still_or_turns_back(
    store_url: str,
) -> None:
    clock = iter([100, 100, 90, 200])
    store = Store.open(store_url, clock=lambda: next(clock))
    store.migrate()
    for number in range(4):
        store.append([Entry(msgspec.structs.replace(APPLES, id=f"D{number}"))])
    assert [revision.known_at for revision in stored(store)] == [100, 101, 102, 200]
    store.close()


def test_a_record_known_in_the_future_is_refused_and_nothing_of_its_batch_is_stored(store: Store) -> None:
    late = Entry(LOOKED, known_at=now() + 60_000_000)
    with pytest.raises(KnownInFuture, match="I1") as caught:
        store.append([Entry(APPLES), late], imported=True)
    assert caught.value.position == 1
    assert stored(store) == []
    assert store.head().sequence == 0


def test_only_imports_may_set_known_at(store: Store) -> None:
    with pytest.raises(KnownAtReserved, match="5000"):
        store.append([Entry(APPLES, known_at=5_000)])


@pytest.mark.parametrize("remove", [Entry.withdraw, Entry.redact])
def test_what_was_never_stored_cannot_be_removed(store: Store, remove: Callable[[Kind, str], Entry]) -> None:
    store.append([Entry(APPLES)])
    with pytest.raises(UnknownRecord, match="no inspection 'D1'"):
        store.append([remove(Kind.INSPECTION, "D1")])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total_price", math.nan),
        ("quantity", math.inf),
        ("goods_name", "\ud800"),
        ("id", ""),
        ("id", "x" * 129),
        ("id", "a\0b"),
        ("happened_at", 2**63),
        ("happened_at", 1.5),
        ("net_weight_kg", -1.0),
        ("hs_code", 808100000),
        ("direction", "sideways"),
    ],
)
def test_a_record_that_would_not_read_back_is_refused(store: Store, field: str, value: object) -> None:
    broken = msgspec.structs.replace(APPLES, **{field: value})
    with pytest.raises(UnstorableRecord) as caught:
        store.append([Entry(PEARS), Entry(broken)])
    assert caught.value.position == 1
    assert stored(store) == []


@pytest.mark.parametrize("name", ["a\0b", "电视机 📺", "'; DROP TABLE x; --", "\\u0000", "%s :x ?"])
def test_any_text_reads_back_letter_by_letter(store: Store, name: str) -> None:
    record = msgspec.structs.replace(APPLES, goods_name=name)
    store.append([Entry(record)])
    assert stored(store)[0].record == record


def test_one_content_has_one_spelling(store: Store) -> None:
    by_name = msgspec.structs.replace(LOOKED, outcome="pass", selection_probability=1)
    by_member = msgspec.structs.replace(LOOKED, outcome=Outcome.PASS, selection_probability=1.0)
    assert [r.status for r in store.append([Entry(by_name), Entry(by_member)])] == ["accepted", "unchanged"]


def test_an_empty_batch_is_nothing(store: Store) -> None:
    assert store.append([]) == []
    assert store.head().sequence == 0


def test_a_large_batch_is_one_transaction_in_order(store: Store) -> None:
    entries = [Entry(msgspec.structs.replace(APPLES, id=f"D{n}"), known_at=n) for n in range(12_345)]
    receipts = store.append(entries, imported=True)
    assert [receipt.sequence for receipt in receipts] == list(range(1, 12_346))
    assert [len(chunk) for chunk in store.changes()] == [10_000, 2_345]
    assert {receipt.status for receipt in store.append(entries, imported=True)} == {Status.UNCHANGED}


def test_every_refusal_says_what_to_do_in_both_languages() -> None:
    kinds: list[type[FeaturesError]] = [*EntryError.__subclasses__()]
    for kind in kinds:
        assert kind.remedy != FeaturesError.remedy
        assert any("一" <= letter <= "鿿" for letter in kind.remedy_zh)
