"""One thread that gathers many small writes into one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, NamedTuple, Self, TypeVar

from sqlalchemy import Connection

from features.store.append import lock_counter
from features.store.database import Store
from features.store.entries import Entry, Receipt, Status
from features.store.errors import WriteFailed, WriterClosed
from features.store.held import HeldConnection
from features.store.recent import noted
from features.store.statements import run

__all__ = ["Entry", "GroupWriter", "Receipt", "Status"]

T = TypeVar("T")
Work = Callable[[Connection], Any]

GROUP = 256
"""Works in one commit, at most."""
_HOLD = 1.0
"""Seconds for which the connection of the last commit is taken again as it is."""


class _Job(NamedTuple):
    work: Work
    future: Future[Any]


class _Undone(Exception):
    """Carries the error of a work that was alone in its transaction out of it, so that it is rolled back."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class GroupWriter:
    """Commits works in groups: those that arrive while one commit runs share the next.

    Each work of several stands in its own savepoint, so that one that fails fails alone; a future resolves
    only after the commit that made its work last. Works run one at a time, in the order in which they were
    submitted.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = Lock()
        self._closed = False
        self._held = HeldConnection(_HOLD)
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Queue a work; its future gives its result once committed, or its error, or WriteFailed.

        Raises WriterClosed.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise WriterClosed("Nothing can be written: this writer has been closed.")
            self._queue.put(_Job(work, future))
        return future

    def close(self) -> None:
        """Commit everything submitted so far and stop; later submissions are refused."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            group = [job, *self._waiting()]
            self._commit([job for job in group if job.future.set_running_or_notify_cancel()])
        self._held.give_back()

    def _waiting(self) -> Iterator[_Job]:
        for _ in range(GROUP - 1):
            try:
                job = self._queue.get_nowait()
            except Empty:
                return
            if job is None:
                self._queue.put(None)  # the end must be met again, by `_run`; nothing can follow it
                return
            yield job

    def _commit(self, group: list[_Job]) -> None:
        if not group:
            return
        try:
            with self._store.writing(self._held) as connection:
                lock_counter(
                    connection
                )  # first of all locks, so that two processes cannot wait for each other
                outcomes = _attempt_all(connection, group)
        except _Undone as undone:
            group[0].future.set_exception(undone.error)
            return
        except Exception as error:
            # The thread lives on: whatever the database or a driver raised belongs to those who wait.
            failure = (
                error if isinstance(error, WriteFailed) else WriteFailed(f"Nothing was committed: {error}")
            )
            for job in group:
                job.future.set_exception(failure)
            return
        for job, (result, failed) in zip(group, outcomes, strict=True):
            if failed is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(failed)


def _attempt_all(connection: Connection, group: list[_Job]) -> list[tuple[Any, Exception | None]]:
    """Run the works of a group; raises _Undone where a single one fails: the transaction is its savepoint."""
    if len(group) > 1:
        return [attempt(connection, job.work) for job in group]
    try:
        return [(group[0].work(connection), None)]
    except Exception as error:
        raise _Undone(error) from error


def attempt(connection: Connection, work: Work) -> tuple[Any, Exception | None]:
    """Run a work in a savepoint; undo it alone when it fails."""
    before = len(noted(connection))
    run(connection, "SAVEPOINT work")
    try:
        result = work(connection)
    except Exception as error:
        run(connection, "ROLLBACK TO SAVEPOINT work")
        del noted(connection)[before:]
        return None, error
    run(connection, "RELEASE SAVEPOINT work")
    return result, None
