"""The normal form of a text: NFKC, lower case, simplified characters; each sign keeps its place."""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TypeAlias

LEXICONS = Path(__file__).parent / "lexicons"
Places: TypeAlias = "range | list[int]"
"""For each sign of a normal text, its place in the text as written."""


class _Normal(dict[int, str]):
    """Normal forms by code point, found when first asked for: at most one entry a code point."""

    def __missing__(self, code: int) -> str:
        normal = unicodedata.normalize("NFKC", chr(code)).lower()
        self[code] = normal = "".join(simplified().get(sign, sign) for sign in normal)
        return normal


@cache
def simplified() -> dict[str, str]:
    """Return simplified characters by traditional, of those alone that simplified text does not use.

    Character by character, so lengths stay; where one traditional form has several simplified ones the
    commonest is taken. Source and licence: `docs/text.md`.
    """
    with (LEXICONS / "simplified.tsv").open(encoding="utf-8", newline="") as file:
        return {row["traditional"]: row["simplified"] for row in csv.DictReader(file, delimiter="\t")}


_NORMAL = _Normal()
_WIDE = tuple((sign, unicodedata.normalize("NFKC", sign)) for sign in "，！：；？（）")
"""Signs of Chinese punctuation that NFKC changes: the only ones in most texts."""


@cache
def _odd() -> re.Pattern[str]:
    """Find signs that need more than NFKC and lower case: traditional ones, and two of odd lower case."""
    return re.compile(f"[{''.join(simplified())}\u03a3\u0130]")


def normalise(text: str) -> tuple[str, Places]:
    """Return the text's normal form, and for each of its signs the place it came from."""
    plain = text
    for wide, narrow in _WIDE:
        plain = plain.replace(wide, narrow)
    if unicodedata.is_normalized("NFKC", plain) and not _odd().search(plain):
        return plain.lower(), range(len(text))
    normal = text.translate(_NORMAL)
    if len(normal) == len(text):  # a sign becomes one sign or more, never none
        return normal, range(len(text))
    places: list[int] = []
    for place, written in enumerate(text):
        places += [place] * len(_NORMAL[ord(written)])
    return normal, places
