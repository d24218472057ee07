"""Whether a declared name fits its declared heading: by names known until then, else by the tariff's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from features.goods.edition import Edition
from features.goods.tariff import heading_reader
from features.remembered import remembered
from features.text.commodities import HeadingReader

_REMEMBERED = 1 << 15
"""Names whose headings are kept in memory."""


class LearntNames:
    """The goods names of inspected lines with their headings, as each edition knew them."""

    def __init__(self, editions: Sequence[Edition]) -> None:
        self._editions = editions
        self._at = np.array([edition.fitted_at for edition in editions], dtype=np.int64)
        self._reader = cache(self._knowing)
        self._headings = remembered(_REMEMBERED)(self._read)

    def margins(
        self, names: Sequence[str | None], headings: Sequence[str | None], as_of: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return float64 (n,): how sure the declared heading is, less how sure the best other one is.

        By the newest edition at or before `as_of`. From -1, surely another heading, to 1; NaN without a name,
        and where nothing like it is known.
        """
        newest = (np.searchsorted(self._at, as_of, side="right") - 1).tolist()
        return np.array(list(map(self._margin, newest, names, headings)), dtype=np.float64)

    def _margin(self, edition: int, name: str | None, heading: str | None) -> float:
        found = self._headings(edition, name) if name else {}
        if not found:
            return float("nan")
        others = [confidence for other, confidence in found.items() if other != heading]
        return found.get(heading or "", 0.0) - max(others, default=0.0)

    def _read(self, edition: int, name: str) -> dict[str, float]:
        return {found.hs4: found.confidence for found in self._reader(edition).read(name, most=5)}

    def _knowing(self, edition: int) -> HeadingReader:
        declared: Counter[tuple[str, str]] = Counter()
        for each in self._editions[: edition + 1]:
            for name, heading, more in each.names:
                declared[name, heading] += more
        return heading_reader().knowing(+declared)
