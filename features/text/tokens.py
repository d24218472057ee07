"""Cuts Chinese text into words, each with its place in the text as it was written.

One immutable tokenizer per dictionary version: jieba's own words and the hazard terms of `lexicons/`, without
its hidden Markov model, so that the same text gives the same words. Traditional characters stay as they are.
"""

from __future__ import annotations

import csv
import logging
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

LONGEST = 5_000
"""Characters of a text that are read; jieba needs seconds for the worst 20,000."""
_LEXICON = Path(__file__).parent / "lexicons" / "hazards.tsv"


@dataclass(frozen=True, slots=True)
class Token:
    """A word in its normal form; text[start:end] is how it was written."""

    word: str
    start: int
    end: int


def hazard_terms() -> Iterator[tuple[str, str, str]]:
    """Yield hazard, kind (terms or negations) and term of the shipped lexicon."""
    with _LEXICON.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield row["hazard"], row["kind"], row["term"]


def normalise(text: str) -> tuple[str, list[int]]:
    """Return the text in NFKC and lower case, and for each of its characters the place it came from."""
    characters: list[str] = []
    places: list[int] = []
    for place, written in enumerate(text):
        normal = unicodedata.normalize("NFKC", written).lower()
        characters.append(normal)
        places += [place] * len(normal)
    return "".join(characters), places


class Tokenizer:
    """Cuts texts; `cache` is a private folder (made with mode 0700) for jieba's compiled dictionary.

    The folder must not be shared: jieba loads with `marshal` what it finds there.
    """

    def __init__(self, cache: Path) -> None:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # jieba's syntax and its use of pkg_resources are out of date
            import jieba
        jieba.setLogLevel(logging.WARNING)
        self._jieba: Any = jieba.Tokenizer()
        self._jieba.tmp_dir = str(cache)
        self._jieba.initialize()
        for _, _, term in hazard_terms():
            self._jieba.add_word(normalise(term)[0])

    def tokens(self, text: str) -> list[Token]:
        """Return the words of the first `LONGEST` characters in order, without spaces and signs."""
        normal, places = normalise(text[:LONGEST])
        cut = self._jieba.tokenize(normal, HMM=False)
        return [
            Token(word, places[start], places[end - 1] + 1)
            for word, start, end in cut
            if any(sign.isalnum() for sign in word)
        ]


@lru_cache(maxsize=4)
def tokenizer_in(cache: Path) -> Tokenizer:
    """Return the process's tokenizer, its dictionary cached in `cache`; the first call takes a second."""
    return Tokenizer(cache)
