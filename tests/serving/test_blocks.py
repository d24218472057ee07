"""Requests gathered into one block: each gets its own answer, and its own error."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Event
from typing import Any, cast

import pytest

from features.records import Declaration
from features.terms import Direction
from serving.blocks import Blocks
from serving.champions import Champion
from serving.scorer import Ask, Scorer


class Slow:
    """A scorer whose first block waits until others have queued, and that cannot score the id `bad`."""

    def __init__(self) -> None:
        self.go = Event()
        self.blocks: list[list[str]] = []

    def score_together(self, champion: Champion, requests: list[tuple[list[Declaration], Ask]]) -> list[Any]:
        ids = [line.id for lines, _ in requests for line in lines]
        self.blocks.append(ids)
        self.go.wait(10)
        if "bad" in ids:
            raise ValueError("bad")
        return [[line.id for line in lines] for lines, _ in requests]


def ask(blocks: Blocks, *ids: str, as_of: int | None = None) -> Future[Any]:
    lines = [Declaration(id=one, happened_at=0, direction=Direction.IMPORT, hs_code="0402") for one in ids]
    return blocks.submit(cast(Champion, "model"), lines, Ask(as_of=as_of))


def test_what_waits_is_scored_in_one_block_and_answered_apart() -> None:
    slow = Slow()
    blocks = Blocks(cast(Scorer, slow))
    futures = [ask(blocks, "first"), ask(blocks, "a"), ask(blocks, "b", "c"), ask(blocks, "past", as_of=7)]
    slow.go.set()
    assert [future.result(10) for future in futures] == [["first"], ["a"], ["b", "c"], ["past"]]
    assert [ids for ids in slow.blocks if "a" in ids and "past" in ids] == []
    blocks.close()


def test_an_error_is_its_own_requests_only() -> None:
    slow = Slow()
    blocks = Blocks(cast(Scorer, slow))
    good, bad, other = ask(blocks, "good"), ask(blocks, "bad"), ask(blocks, "other")
    slow.go.set()
    assert (good.result(10), other.result(10)) == (["good"], ["other"])
    with pytest.raises(ValueError, match="bad"):
        bad.result(10)
    blocks.close()
