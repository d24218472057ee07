"""Whether a declared name fits its declared heading, by the names that the tariff itself gives its goods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.remembered import remembered
from features.text.commodities import HeadingReader, tariff_names
from features.text.normal import normalise
from features.text.tokens import words_of_process

_REMEMBERED = 1 << 15
"""Names whose answer is kept in memory."""


@cache
def heading_reader() -> HeadingReader:
    """Return the process's reader of headings by the tariff's names; the first call takes a second."""
    return HeadingReader(words_of_process())


def tariff_likeness(names: Sequence[str | None], headings: Sequence[str | None]) -> NDArray[np.float64]:
    """Return float64 (n,): how like a name is to the likest tariff name of its declared heading, 0 to 1.

    Likeness is Dice's, over pairs of characters; NaN without a name, and for headings without names.
    """
    return np.array(list(map(_likeness, names, headings)), dtype=np.float64)


@remembered(_REMEMBERED)
def _likeness(name: str | None, heading: str | None) -> float:
    said, known = _pairs(name or ""), _tariff_pairs().get(heading or "", ())
    if not said or not known:
        return float("nan")
    return max(2 * len(said & called) / (len(said) + len(called)) for called in known)


@cache
def _tariff_pairs() -> dict[str, list[frozenset[str]]]:
    """Return the tariff's names by heading, each as its pairs of characters."""
    found: dict[str, list[frozenset[str]]] = defaultdict(list)
    for name, heading in tariff_names():
        found[heading].append(_pairs(name))
    return dict(found)


def _pairs(text: str) -> frozenset[str]:
    """Return the pairs of neighbouring characters of a text in normal form, without what is not written."""
    written = [sign for sign in normalise(text)[0] if sign.isalnum()]
    return frozenset(one + other for one, other in pairwise(written))
