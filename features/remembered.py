"""Answers about texts that recur, kept in memory within bounds, however long the texts are."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, update_wrapper
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_KEPT = 256
"""Signs of the longest texts whose answer is kept: names that recur are shorter."""


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep the last `most` answers of a function of texts; what is asked of longer ones is read anew."""

    def keeping(read: Callable[P, T]) -> Callable[P, T]:
        kept: Any = lru_cache(most)(read)

        def answer(*asked: P.args, **named: P.kwargs) -> T:
            signs = sum([len(part) for part in (*asked, *named.values()) if type(part) is str])
            found: T = read(*asked, **named) if signs > LONGEST_KEPT else kept(*asked, **named)
            return found

        return update_wrapper(answer, kept)

    return keeping
