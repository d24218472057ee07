"""Requests gathered into one block: each gets its own answer, and its own error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.records import Declaration
from features.terms import Direction
from serving.blocks import Job, score_block
from serving.champions import Champion
from serving.gathering import Gathering
from serving.giving import Asking
from serving.scorer import Ask, Scorer


class Picky:
    """A scorer that cannot score the id `bad`."""

    def __init__(self) -> None:
        self.blocks: list[list[str]] = []

    def score_together(self, champion: Champion, requests: list[tuple[list[Declaration], Ask]]) -> list[Any]:
        ids = [line.id for lines, _ in requests for line in lines]
        self.blocks.append(ids)
        if "bad" in ids:
            raise ValueError("bad")
        return [[line.id for line in lines] for lines, _ in requests]


def job(*ids: str, as_of: int | None = None) -> Job:
    lines = [Declaration(id=one, happened_at=0, direction=Direction.IMPORT, hs_code="0402") for one in ids]
    return Job(cast(Champion, "model"), lines, Ask(as_of=as_of), Asking("caller", "en", [], []))


def test_what_asks_alike_is_scored_in_one_frame_and_answered_apart() -> None:
    scorer = Picky()
    jobs = [job("a"), job("past", as_of=7), job("b", "c")]
    assert score_block(cast(Scorer, scorer), jobs) == [["a"], ["past"], ["b", "c"]]
    assert scorer.blocks == [["a", "b", "c"], ["past"]]


def test_an_error_is_its_own_requests_only() -> None:
    good, bad, other = score_block(cast(Scorer, Picky()), [job("good"), job("bad"), job("other")])
    assert (good, other) == (["good"], ["other"])
    assert isinstance(bad, ValueError)


class Ends:
    """Blocks that end when told to."""

    def __init__(self) -> None:
        self.begun: list[tuple[list[int], Future[Sequence[int | Exception]]]] = []

    def begin(self, block: list[int]) -> Future[Sequence[int | Exception]]:
        future: Future[Sequence[int | Exception]] = Future()
        self.begun.append((block, future))
        return future

    def end(self) -> None:
        block, future = self.begun[-1]
        future.set_result([ValueError(one) if one % 7 == 0 else one * 10 for one in block])


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def outcome(task: asyncio.Task[int]) -> int | str:
    try:
        return await task
    except ValueError as error:
        return str(error)


@given(waves=st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=9), min_size=1, max_size=4))
def test_what_arrives_while_a_block_runs_is_the_next_one_and_nobody_is_forgotten(
    waves: list[list[int]],
) -> None:
    async def run() -> None:
        ends, tasks = Ends(), []
        gathering: Gathering[int, int] = Gathering(ends.begin, 4)
        for wave in waves:
            tasks += [asyncio.create_task(gathering.ask(one, lines=one % 3 + 1)) for one in wave]
            await settle()
        while not all(task.done() for task in tasks):
            ends.end()
            await settle()
        asked = [one for wave in waves for one in wave]
        assert [await outcome(task) for task in tasks] == [str(n) if n % 7 == 0 else n * 10 for n in asked]
        assert [one for block, _ in ends.begun for one in block] == asked
        assert all(len(block) == 1 or sum(n % 3 + 1 for n in block) <= 4 for block, _ in ends.begun)

    asyncio.run(run())


def test_a_block_waits_for_those_who_were_under_way_but_not_for_long() -> None:
    async def run() -> None:
        ends = Ends()
        gathering: Gathering[int, int] = Gathering(ends.begin, 9, patience=0.01)
        first = [asyncio.create_task(gathering.ask(one)) for one in (1, 2, 3)]
        await settle()
        assert ends.begun[0][0] == [1, 2, 3]
        ends.end()
        await asyncio.gather(*first)
        second = [asyncio.create_task(gathering.ask(one)) for one in (4, 5)]
        await settle()
        assert len(ends.begun) == 1
        second.append(asyncio.create_task(gathering.ask(6)))
        await settle()
        assert ends.begun[1][0] == [4, 5, 6]
        ends.end()
        await asyncio.gather(*second)
        alone = asyncio.create_task(gathering.ask(8))
        await asyncio.sleep(0.2)
        assert ends.begun[2][0] == [8]
        ends.end()
        await alone
        asyncio.create_task(gathering.ask(9))  # noqa: RUF006
        await settle()
        assert ends.begun[3][0] == [9]
        ends.end()
        await settle()

    asyncio.run(run())


def test_a_block_that_fails_or_cannot_begin_fails_for_everyone_in_it() -> None:
    async def run() -> None:
        def refuse(_: list[int]) -> Future[Sequence[int | Exception]]:
            raise OSError("closed")

        gathering: Gathering[int, int] = Gathering(refuse, 9)
        for _ in range(2):
            with pytest.raises(OSError, match="closed"):
                await gathering.ask(1)

    asyncio.run(run())
