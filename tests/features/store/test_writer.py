from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

from features.records import Declaration
from features.store.database import Store
from features.store.entries import Entry, Receipt
from features.store.errors import UnknownRecord, WriteFailed, WriterClosed
from features.store.writer import GroupWriter
from features.terms import Direction, Kind


def entry(id: str) -> Entry:
    return Entry(Declaration(id=id, happened_at=1, direction=Direction.IMPORT, hs_code="0808100000"))


def putting(store: Store, *ids: str) -> Callable[[Connection], list[Receipt]]:
    return lambda connection: store.append_in(connection, [entry(id) for id in ids])


def ids_in(store: Store) -> list[str]:
    return [revision.id for chunk in store.changes() for revision in chunk]


@pytest.fixture
def writer(store: Store) -> Iterator[GroupWriter]:
    with GroupWriter(store) as opened:
        yield opened


def held_back(writer: GroupWriter) -> threading.Event:
    """Keep the writer busy until the event is set, so that what is submitted meanwhile shares one commit."""
    release, busy = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        busy.set()
        release.wait(10)

    writer.submit(hold)
    assert busy.wait(10)
    return release


def test_a_work_gives_its_result_once_it_is_committed(store: Store, writer: GroupWriter) -> None:
    [receipt] = writer.submit(putting(store, "D1")).result(10)
    assert receipt.sequence == 1
    assert ids_in(store) == ["D1"]


def test_works_that_wait_share_one_commit_in_their_order(store: Store, writer: GroupWriter) -> None:
    commits: list[Connection] = []
    event.listen(store.engine, "commit", commits.append)
    release = held_back(writer)
    futures = [writer.submit(putting(store, f"D{n}")) for n in range(50)]
    release.set()
    assert [future.result(10)[0].sequence for future in futures] == list(range(1, 51))
    assert len(commits) == 2  # the one that held, and the group


def test_a_work_that_fails_fails_alone(store: Store, writer: GroupWriter) -> None:
    def half_done(connection: Connection) -> None:
        store.append_in(connection, [entry("half")])
        store.append_in(connection, [Entry.withdraw(Kind.DECLARATION, "nobody")])

    def broken_query(connection: Connection) -> None:
        connection.execute(text("SELECT * FROM no_such_table"))

    release = held_back(writer)
    works = [putting(store, "D1"), half_done, putting(store, "D2"), broken_query, putting(store, "D3")]
    futures: list[Future[object]] = [writer.submit(work) for work in works]
    release.set()
    wait(futures, 10)
    assert isinstance(futures[1].exception(), UnknownRecord)
    assert isinstance(futures[3].exception(), DBAPIError)
    assert ids_in(store) == ["D1", "D2", "D3"]
    assert store.head().sequence == 3


def test_a_future_is_not_done_before_the_commit(store: Store, writer: GroupWriter) -> None:
    seen: list[bool] = []
    futures: list[Future[list[Receipt]]] = []
    event.listen(store.engine, "commit", lambda _: seen.append(futures[0].done()))
    release = held_back(writer)
    futures.append(writer.submit(putting(store, "D1")))
    release.set()
    futures[0].result(10)
    assert seen == [False, False]


def test_when_the_commit_fails_every_work_of_the_group_fails(store: Store, writer: GroupWriter) -> None:
    release = held_back(writer)

    def refuse(_: Connection) -> None:
        raise OSError("disk full")

    futures = [writer.submit(putting(store, f"D{n}")) for n in range(3)]
    event.listen(store.engine, "commit", refuse)
    release.set()
    wait(futures, 10)
    event.remove(store.engine, "commit", refuse)
    assert all(isinstance(future.exception(), WriteFailed) for future in futures)
    assert ids_in(store) == []
    assert writer.submit(putting(store, "D9")).result(10)[0].sequence == 1  # the writer lives on


def test_closing_commits_what_was_submitted_and_refuses_what_comes_after(store: Store) -> None:
    writer = GroupWriter(store)
    release = held_back(writer)
    futures = [writer.submit(putting(store, f"D{n}")) for n in range(600)]
    release.set()
    writer.close()
    assert all(future.done() for future in futures)
    assert store.head().sequence == 600
    with pytest.raises(WriterClosed):
        writer.submit(putting(store, "late"))
    writer.close()


def test_a_cancelled_work_is_not_done(store: Store, writer: GroupWriter) -> None:
    release = held_back(writer)
    cancelled = writer.submit(putting(store, "D1"))
    assert cancelled.cancel()
    release.set()
    writer.submit(putting(store, "D2")).result(10)
    assert ids_in(store) == ["D2"]


def test_many_threads_may_submit(store: Store, writer: GroupWriter) -> None:
    results: list[int] = []

    def client(name: int) -> None:
        for n in range(25):
            results.extend(r.sequence for r in writer.submit(putting(store, f"{name}-{n}")).result(30))

    threads = [threading.Thread(target=client, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(1, 201))


ACKNOWLEDGE = """
import sys
from features.records import Declaration
from features.store.database import Store
from features.store.entries import Entry
from features.store.writer import GroupWriter
from features.terms import Direction

store = Store.open(sys.argv[1])
writer = GroupWriter(store)
def work(id):
    record = Declaration(id=id, happened_at=1, direction=Direction.IMPORT, hs_code="0808100000")
    return lambda connection: store.append_in(connection, [Entry(record)])
for n in range(1_000_000):
    group = [(f"{n}-{k}", writer.submit(work(f"{n}-{k}"))) for k in range(5)]
    for id, future in group:
        future.result()
        print(id, flush=True)
"""


def test_a_killed_process_loses_nothing_that_it_acknowledged(store: Store, store_url: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", ACKNOWLEDGE, store_url], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    acknowledged = [child.stdout.readline().strip() for _ in range(40)]
    child.kill()
    acknowledged += [line.strip() for line in child.stdout if line.endswith("\n")]
    child.stdout.close()
    child.wait()
    time.sleep(0.05)  # the server notices that its client is gone
    kept = ids_in(store)
    assert set(acknowledged) <= set(kept)
    assert store.head().sequence == len(kept)
