"""Words and pairs of words of a declared goods name and model, each with its place in the text as written."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from features.text.tokens import in_units, words_of_process

FIELDS = ("goods_name", "goods_model")
"""The fields that are read, in this order."""


class Run(msgspec.Struct, frozen=True, gc=False):
    """A word or a pair of words in normal form; `start` and `end` are its place in the field's text."""

    text: str
    field: str
    start: int
    end: int


def runs_of(name: str | None, model: str | None) -> list[Run]:
    """Return the distinct runs of both texts, each where it first stands; none where nothing is declared.

    A pair does not reach from one field into the other.
    """
    found: dict[str, Run] = {}
    for field, text in zip(FIELDS, (name, model), strict=True):
        tokens = words_of_process().tokens(text or "")
        places = [(token.start, token.end) for token in tokens]
        places += [(first.start, second.end) for first, second in pairwise(tokens)]
        for run, place in zip(_runs(in_units([token.word for token in tokens])), places, strict=True):
            found.setdefault(run, Run(run, field, *place))
    return list(found.values())


def run_texts(name: str | None, model: str | None) -> list[str]:
    """Return the texts of `runs_of`, without their places, for many names at once."""
    words = words_of_process().words
    return list(dict.fromkeys(run for text in (name, model) if text for run in _runs(words(text))))


def _runs(words: list[str]) -> list[str]:
    """Return words, and behind them the pairs that stand side by side."""
    return [*words, *map(" ".join, pairwise(words))]
