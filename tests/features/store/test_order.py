"""No reader may ever see a sequence before one that is less."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from features.records import Declaration
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Direction

WRITE = """
import sys
from features.records import Declaration
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Direction

url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = Store.open(url)
for n in range(count):
    lines = [
        Declaration(id=f"{name}-{n}-{k}", happened_at=1, direction=Direction.IMPORT, hs_code="0808100000")
        for k in range(1 + n % 7)
    ]
    with store.writing() as connection:
        for line in lines:
            store.append_in(connection, [Entry(line)])
"""
"""A writer that allots sequences one by one in transactions of differing length."""


def entry(id: str) -> Entry:
    return Entry(Declaration(id=id, happened_at=1, direction=Direction.IMPORT, hs_code="0808100000"))


def test_two_processes_write_and_a_reader_never_sees_a_gap(store: Store, store_url: str) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, store_url, name, "60"]) for name in "ab"]
    seen, known = 0, 0
    names: set[str] = set()
    while any(writer.poll() is None for writer in writers):
        for chunk in store.changes(after=seen):
            for revision in chunk:
                assert revision.sequence == seen + 1
                assert revision.known_at > known
                seen, known = revision.sequence, revision.known_at
                names.add(revision.id[0])
        time.sleep(0.001)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert names == {"a", "b"}
    assert store.head().sequence == 2 * sum(1 + n % 7 for n in range(60))


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_second_writer_waits_for_the_first_to_end(store: Store, store_url: str, ending: str) -> None:
    other = Store.open(store_url)
    sequences: list[int] = []
    thread = threading.Thread(target=lambda: sequences.append(other.append([entry("second")])[0].sequence))

    class UndoneError(Exception):
        pass

    def first() -> None:
        with store.writing() as connection:
            assert store.append_in(connection, [entry("first")])[0].sequence == 1
            thread.start()
            thread.join(0.3)
            assert thread.is_alive()  # it waits for the counter
            assert list(other.changes()) == []  # and readers see neither
            assert other.head().sequence == 0
            if ending == "rollback":
                raise UndoneError

    if ending == "rollback":
        with pytest.raises(UndoneError):
            first()
    else:
        first()
    thread.join(10)
    assert sequences == [2 if ending == "commit" else 1]
    assert [r.sequence for chunk in store.changes() for r in chunk] == list(range(1, sequences[0] + 1))
    other.close()


def test_a_reader_in_the_middle_holds_up_no_writer(store: Store) -> None:
    store.append([entry(f"D{n}") for n in range(10_001)])
    reading = store.changes()
    assert len(next(reading)) == 10_000
    store.append([entry("late")])
    assert [revision.id for revision in next(reading)] == ["D10000", "late"]
