"""What is asked at the same time is answered together, as much of an answer's cost is each time the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Generic, NamedTuple, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

ENOUGH = 8
"""For more than so many at once nobody waits: sharing then saves little more."""


class _Waiting(NamedTuple, Generic[Q, A]):
    asked: Q
    lines: int
    future: asyncio.Future[A]


class Gathering(Generic[Q, A]):
    """Hands what has been asked to `begin`, a block at a time; its future has an answer or error for each.

    A block is begun once all that had arrived is in it and the one before has ended. It waits up to
    `patience` seconds for as many as were under way when that one ended, so that callers who each wait for
    their answer are answered together; who is alone never waits. Used from the event loop only.
    """

    def __init__(
        self,
        begin: Callable[[list[Q]], Future[Sequence[A | Exception]]],
        most_lines: int,
        patience: float = 0.0,
    ) -> None:
        self._begin = begin
        self._most = most_lines
        self._patience = patience
        self._waiting: list[_Waiting[Q, A]] = []
        self._expected = 1
        self._busy = False
        self._due: asyncio.Handle | None = None

    async def ask(self, asked: Q, lines: int = 1) -> A:
        """Return the answer, or raise the error, that the block gives to `asked`, which weighs `lines`."""
        loop = asyncio.get_running_loop()
        waiting: _Waiting[Q, A] = _Waiting(asked, lines, loop.create_future())
        self._waiting.append(waiting)
        if not self._busy and (self._due is None or len(self._waiting) == self._expected):
            self._look(loop)
        return await waiting.future

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin once the loop has dealt with all that arrived together."""
        if self._due is not None:
            self._due.cancel()
        self._due = loop.call_soon(self._begin_or_wait, loop)

    def _begin_or_wait(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._patience and len(self._waiting) < self._expected:
            self._due = loop.call_later(self._patience, self._begin_block, loop)
        else:
            self._begin_block(loop)

    def _begin_block(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = None
        block = self._take()
        self._busy = True
        try:
            future = self._begin([waiting.asked for waiting in block])
        except Exception as error:  # it is of those who wait, not of the loop's callback
            future = Future()
            future.set_exception(error)
        future.add_done_callback(partial(self._ended, loop, block))

    def _take(self) -> list[_Waiting[Q, A]]:
        """Take whole requests off the queue, up to the most lines of a block; the first of any size."""
        lines = 0
        for count, waiting in enumerate(self._waiting):
            lines += waiting.lines
            if count and lines > self._most:
                break
        else:
            count = len(self._waiting)
        block, self._waiting = self._waiting[:count], self._waiting[count:]
        return block

    def _ended(
        self,
        loop: asyncio.AbstractEventLoop,
        block: list[_Waiting[Q, A]],
        future: Future[Sequence[A | Exception]],
    ) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._hand_out, loop, block, future)

    def _hand_out(
        self,
        loop: asyncio.AbstractEventLoop,
        block: list[_Waiting[Q, A]],
        future: Future[Sequence[A | Exception]],
    ) -> None:
        failure = future.exception()
        answers: Sequence[A | BaseException] = future.result() if failure is None else [failure] * len(block)
        for waiting, answer in zip(block, answers, strict=True):
            if waiting.future.done():
                continue
            if isinstance(answer, BaseException):
                waiting.future.set_exception(answer)
            else:
                waiting.future.set_result(answer)
        self._busy = False
        self._expected = min(len(block) + len(self._waiting), ENOUGH)
        if self._waiting:
            self._look(loop)
