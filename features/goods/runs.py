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
        words = in_units([token.word for token in tokens])
        for word, token in zip(words, tokens, strict=True):
            found.setdefault(word, Run(word, field, token.start, token.end))
        for (one, first), (other, second) in pairwise(zip(words, tokens, strict=True)):
            pair = f"{one} {other}"
            found.setdefault(pair, Run(pair, field, first.start, second.end))
    return list(found.values())
