"""What a process committed itself is what it would read back, and nothing that was undone or erased."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from features.records import Declaration
from features.store.database import Store
from features.store.entries import Entry
from features.store.reader import Revision
from features.store.writer import GroupWriter
from features.terms import Direction, Kind


def entry(id: str, hs_code: str = "0808100000") -> Entry:
    return Entry(Declaration(id=id, happened_at=1, direction=Direction.IMPORT, hs_code=hs_code))


def stored(store: Store, after: int, until: int) -> list[Revision]:
    return [one for chunk in store.changes(after, until) for one in chunk]


@pytest.fixture
def writer(store: Store) -> Iterator[GroupWriter]:
    store.go_live()
    with GroupWriter(store) as opened:
        yield opened


def test_what_was_committed_is_remembered_as_it_would_be_read(store: Store, writer: GroupWriter) -> None:
    store.append([entry("a"), entry("b"), Entry.withdraw(Kind.DECLARATION, "a")])
    writer.submit(lambda to: store.append_in(to, [entry("b", "0808300000"), entry("c")])).result(10)
    assert store.recent(0, 5) == stored(store, 0, 5)
    assert store.recent(2, 4) == stored(store, 2, 4)


def test_what_was_undone_is_not_remembered(store: Store, writer: GroupWriter) -> None:
    def fails(connection: Connection) -> None:
        store.append_in(connection, [entry("undone")])
        raise ValueError("no")

    hold = writer.submit(lambda _: None)
    futures = [writer.submit(lambda to: store.append_in(to, [entry("a")])), writer.submit(fails)]
    futures.append(writer.submit(lambda to: store.append_in(to, [entry("b")])))
    hold.result(10)
    futures[2].result(10)
    with pytest.raises(ValueError, match="no"):
        writer.submit(fails).result(10)
    store.append([entry("c")])
    assert store.recent(0, 3) == stored(store, 0, 3)
    assert store.recent(0, 4) is None


def test_what_another_process_wrote_is_read(store: Store) -> None:
    other = Store(store.engine)
    store.append([entry("a")])
    other.append([entry("b")])
    assert store.recent(0, 2) is None
    store.append([entry("c")])
    assert store.recent(1, 3) is None
    assert store.recent(2, 3) == stored(store, 2, 3)
    assert other.recent(1, 2) == stored(store, 1, 2)


def test_what_was_erased_is_not_remembered(store: Store) -> None:
    store.append([entry("a"), entry("b")])
    store.append([Entry.redact(Kind.DECLARATION, "a")])
    assert store.recent(0, 3) is None
    assert store.recent(1, 2) is None
