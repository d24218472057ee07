"""Requests that wait at the same time are scored in one frame, which costs hardly more than one request's
own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from features.instants import Instant
from features.records import Declaration
from serving.champions import Champion
from serving.scorer import Ask, Scorer, Scoring

MOST_LINES = 256
"""Once so many lines are gathered, further requests wait for the next block."""


class _Job(NamedTuple):
    champion: Champion
    lines: Sequence[Declaration]
    ask: Ask
    future: Future[Scoring]

    @property
    def group(self) -> tuple[int, Instant | None]:
        """Requests of one group can stand in one frame: same model, same instant."""
        return id(self.champion), self.ask.as_of


class Blocks:
    """One thread that scores; whatever arrived while it was busy is its next block.

    A request is in a block only once it has arrived, and the block then applies what is stored: so a score
    knows every record that was acknowledged before it was asked for.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="scorer", daemon=True)
        self._thread.start()

    def submit(self, champion: Champion, lines: Sequence[Declaration], ask: Ask) -> Future[Scoring]:
        """Queue lines; the future gives their scores or the error that `Scorer.score` would raise."""
        future: Future[Scoring] = Future()
        self._queue.put(_Job(champion, lines, ask, future))
        return future

    def close(self) -> None:
        """Score everything submitted so far and stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            block = [job, *self._waiting(MOST_LINES - len(job.lines))]
            for group in dict.fromkeys(job.group for job in block):
                self._score([job for job in block if job.group == group])

    def _waiting(self, room: int) -> Iterator[_Job]:
        while room > 0:
            try:
                job = self._queue.get_nowait()
            except Empty:
                return
            if job is None:
                self._queue.put(None)  # the end must be met again, by `_run`; nothing follows it
                return
            room -= len(job.lines)
            yield job

    def _score(self, jobs: Sequence[_Job]) -> None:
        running = [job for job in jobs if job.future.set_running_or_notify_cancel()]
        if not running:
            return
        try:
            self._answer(running)
        except Exception:
            # One request's error is no other's: each is tried alone, and the thread lives on.
            for job in running:
                try:
                    self._answer([job])
                except Exception as error:
                    job.future.set_exception(error)

    def _answer(self, jobs: Sequence[_Job]) -> None:
        requests = [(job.lines, job.ask) for job in jobs]
        scorings = self._scorer.score_together(jobs[0].champion, requests)
        for job, scoring in zip(jobs, scorings, strict=True):
            job.future.set_result(scoring)
