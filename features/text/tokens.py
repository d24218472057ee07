"""Cuts Chinese text into words, each with its place in the text as it was written.

One immutable tokenizer per dictionary version: jieba's own words and those of `dictionary.py`, without the
hidden Markov model, so that the same text gives the same words with either engine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from features.text.dictionary import hazard_terms
from features.text.engines import fast_engine, slow_engine
from features.text.normal import normalise

__all__ = ["LONGEST", "Token", "Tokenizer", "hazard_terms", "in_units", "normalise", "words_of_process"]

LONGEST = 5_000
"""Characters of a text that are read; jieba needs seconds for the worst 20,000."""

_UNITS = {
    "毫升": "ml", "升": "l", "克": "g", "公斤": "kg", "千克": "kg", "毫克": "mg", "微克": "μg", "吨": "t",
    "厘米": "cm", "公分": "cm", "毫米": "mm", "米": "m", "伏": "v", "瓦": "w", "千瓦": "kw", "摄氏度": "℃",
    "度": "℃", "英寸": "in", "寸": "in", "毫安": "ma", "块": "元", "块钱": "元", "rmb": "元",
}  # fmt: skip
"""Units as people write them, by the sign they are counted under after a number."""


class Token(msgspec.Struct, frozen=True, gc=False):
    """A word in its normal form; text[start:end] is how it was written."""

    word: str
    start: int
    end: int


class Tokenizer:
    """Cuts texts; `cache` is a private folder (made with mode 0700) for jieba's compiled dictionary.

    The folder must not be shared: jieba loads with `marshal` what it finds there. Where the fast engine is
    installed it is used, unless `fast` is False, and the folder stays empty.
    """

    def __init__(self, cache: Path, *, fast: bool = True) -> None:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        quick = fast_engine() if fast else None
        self.engine = "jieba" if quick is None else "rjieba"
        self._cut = quick or slow_engine(cache)

    def tokens(self, text: str) -> list[Token]:
        """Return the words of the first `LONGEST` characters in order, without spaces and signs."""
        normal, places = normalise(text[:LONGEST])
        found: list[Token] = []
        add, end = found.append, 0
        for piece in self._cut(normal):
            start = end
            end += len(piece)
            if piece.isalnum() or (end - start > 1 and _is_word(piece)):
                add(Token(piece, start, end))
        if isinstance(places, range):
            return found
        return [Token(token.word, places[token.start], places[token.end - 1] + 1) for token in found]

    def words(self, text: str) -> list[str]:
        """Return what models count: the words of `tokens`, with units in one form."""
        normal = normalise(text[:LONGEST])[0]
        return in_units([word for word in self._cut(normal) if _is_word(word)])


def _is_word(piece: str) -> bool:
    return piece.isalnum() or any(map(str.isalnum, piece))


def in_units(words: Sequence[str]) -> list[str]:
    """Return the words with units after a number as their signs: 500 毫升 is 500 ml."""
    before = ["", *words]
    return [
        _UNITS.get(word, word) if earlier[-1:].isdigit() else word
        for earlier, word in zip(before, words, strict=False)
    ]


@cache
def words_of_process() -> Tokenizer:
    """Return the process's tokenizer; the first call takes a second and leaves nothing in any folder."""
    with tempfile.TemporaryDirectory(prefix="customs-risk-words-") as folder:
        return Tokenizer(Path(folder))
