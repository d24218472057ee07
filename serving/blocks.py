"""Requests that wait at the same time are scored in one frame and committed together, which costs hardly more
than one request's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeAlias

from features.instants import Instant
from features.records import Declaration
from features.store.database import Store
from features.store.writer import GroupWriter
from serving.champions import Champion
from serving.gathering import Gathering
from serving.giving import Asking, Given, record_given
from serving.scorer import Ask, Scorer, Scoring

MOST_LINES = 256
"""Once so many lines are gathered, further requests wait for the next block."""
PATIENCE = 0.002
"""Seconds a block waits for as many requests as were under way when the one before it ended."""

Answer: TypeAlias = tuple[int, bytes]
"""Status and body."""


class Job(NamedTuple):
    """The lines of one request, the model that scores them, how, and for whom."""

    champion: Champion
    lines: Sequence[Declaration]
    ask: Ask
    asking: Asking

    @property
    def group(self) -> tuple[int, Instant | None]:
        """Requests of one group can stand in one frame: same model, same instant."""
        return id(self.champion), self.ask.as_of


class Blocks:
    """Scores and records requests, in one thread for the frames and the store's own for the commits.

    What is stored is applied after the last request of a block has arrived: so a score knows every record
    that was acknowledged before it was asked for.
    """

    def __init__(
        self, scorer: Scorer, writer: GroupWriter, store: Store, give: Callable[[Asking, Scoring], Given]
    ) -> None:
        self._scorer = scorer
        self._writer = writer
        self._store = store
        self._written = give
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scorer")
        self._gathering = Gathering(self._begin, MOST_LINES, PATIENCE)

    async def answer(self, job: Job) -> Answer:
        """Score and record a small request together with those that wait; raises its own error."""
        return await self._gathering.ask(job, len(job.lines))

    def score(self, job: Job) -> Future[Scoring]:
        """Score a large request by itself; only its frame holds up others."""
        return self._thread.submit(self._scorer.score, job.champion, job.lines, job.ask)

    def give(self, job: Job, scoring: Scoring) -> Given:
        """Write the scores of a request in words."""
        return self._written(job.asking, scoring)

    def record(self, given: Sequence[Given]) -> Future[list[Answer | Exception]]:
        """Store what requests were given, in one commit."""
        return self._writer.submit(partial(record_given, self._store, given))

    def close(self) -> None:
        """Score everything submitted so far and stop."""
        self._thread.shutdown()

    def _begin(self, jobs: list[Job]) -> Future[Sequence[Answer | Exception]]:
        future: Future[Sequence[Answer | Exception]] = Future()
        self._thread.submit(self._score_and_record, jobs, future)
        return future

    def _score_and_record(self, jobs: list[Job], future: Future[Sequence[Answer | Exception]]) -> None:
        try:
            outcomes = [self._give(*each) for each in zip(jobs, score_block(self._scorer, jobs), strict=True)]
            committed = self.record([outcome for outcome in outcomes if isinstance(outcome, Given)])
        except Exception as error:
            future.set_exception(error)
        else:
            committed.add_done_callback(partial(_hand_on, outcomes, future))

    def _give(self, job: Job, scoring: Scoring | Exception) -> Given | Exception:
        try:
            return scoring if isinstance(scoring, Exception) else self.give(job, scoring)
        except Exception as error:
            return error


def _hand_on(
    outcomes: Sequence[Given | Exception],
    future: Future[Sequence[Answer | Exception]],
    committed: Future[list[Answer | Exception]],
) -> None:
    """Put the answers of what was recorded between the errors of what could not be scored."""
    failure = committed.exception()
    if failure is not None:
        future.set_exception(failure)
        return
    answers = iter(committed.result())
    future.set_result([next(answers) if isinstance(each, Given) else each for each in outcomes])


def score_block(scorer: Scorer, jobs: Sequence[Job]) -> list[Scoring | Exception]:
    """Score requests together; each gets its scores, or the error that `Scorer.score` would raise."""
    found: dict[int, Scoring | Exception] = {}
    for group in dict.fromkeys(job.group for job in jobs):
        places = [place for place, job in enumerate(jobs) if job.group == group]
        found.update(zip(places, _score(scorer, [jobs[place] for place in places]), strict=True))
    return [found[place] for place in range(len(jobs))]


def _score(scorer: Scorer, jobs: Sequence[Job]) -> Sequence[Scoring | Exception]:
    try:
        return scorer.score_together(jobs[0].champion, [(job.lines, job.ask) for job in jobs])
    except Exception as error:
        if len(jobs) == 1:
            return [error]
        # One request's error is no other's: each is tried alone.
        return [_score(scorer, [job])[0] for job in jobs]
