"""What is known of a block of lines: the lines themselves and what the history answers, each asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from features.entities import ENTITIES, OPTIONAL_COLUMNS, TALLIES
from features.goods.name_risk import NameRisk
from features.lines import Lines

Floats: TypeAlias = NDArray[np.float64]
Instants: TypeAlias = NDArray[np.int64]

KEY_COLUMNS: tuple[str, ...] = tuple(
    dict.fromkeys(column for key in ENTITIES.values() for column in key if column not in OPTIONAL_COLUMNS)
)
"""The line columns without which some entity does not exist."""


class KnownCounts(Protocol):
    """The history's answer for one tally: see `features.history`."""

    @property
    def windows(self) -> Instants: ...  # noqa: D102
    @property
    def first(self) -> Instants: ...  # noqa: D102
    @property
    def last(self) -> Instants: ...  # noqa: D102
    @property
    def last_failed(self) -> Instants | None: ...  # noqa: D102


class KnownHistory(Protocol):
    """What features ask of a history: counts and facts of parties, known strictly before an instant."""

    def counts(self, tally: str, lines: Lines, as_of: Instants) -> KnownCounts: ...  # noqa: D102
    def parties(self, lines: Lines, column: str, as_of: Instants) -> Mapping[str, Floats]: ...  # noqa: D102


@runtime_checkable
class BlockwiseHistory(KnownHistory, Protocol):
    """A history that may be told how many lines it will be asked about, block by block in order of time."""

    def through(self, rows: int) -> KnownHistory: ...  # noqa: D102


class Facts:
    """The lines of one frame and what was known strictly before each one's instant.

    `name_risk` reads their declared names, by the editions of the spec.
    """

    __slots__ = ("_blocks", "_history", "_missing", "_nothing", "_tallies", "as_of", "lines", "name_risk")

    def __init__(self, lines: Lines, history: KnownHistory, as_of: Instants, name_risk: NameRisk) -> None:
        self.lines = lines
        self.as_of = as_of
        self.name_risk = name_risk
        self._history = history
        self._tallies: dict[str, Known] = {}
        self._blocks: dict[Any, Any] = {}
        self._nothing: dict[str, NDArray[np.bool_]] = {}
        self._missing: NDArray[np.uint8] | None = None

    def known(self, tally: str) -> Known:
        """Return the counts of a tally, asked of the history at the first call."""
        found = self._tallies.get(tally)
        if found is None:
            answer = self._history.counts(tally, self.lines, self.as_of)
            found = self._tallies[tally] = Known(answer, self._absent(tally))
        return found

    def party(self, column: str) -> Mapping[str, Floats]:
        """Return the facts of the parties that `column` names."""
        found: Mapping[str, Floats] | None = self._blocks.get(column)
        if found is None:
            found = self._blocks[column] = self._history.parties(self.lines, column, self.as_of)
        return found

    def once(self, function: Callable[[Facts], Any]) -> Any:
        """Return what `function` makes of these facts, computed at the first call."""
        found = self._blocks.get(function)
        if found is None:
            found = self._blocks[function] = function(self)
        return found

    def missing(self, column: str) -> NDArray[np.bool_]:
        """Return where a text column says nothing."""
        found: NDArray[np.bool_] | None = self._nothing.get(column)
        if found is None:
            nothing: Any = None
            found = self._nothing[column] = np.equal(self.lines[column], nothing)
        return found

    def _absent(self, tally: str) -> NDArray[np.bool_]:
        if self._missing is None:
            nothing: Any = None
            texts = np.array([self.lines[column] for column in KEY_COLUMNS], dtype=object)
            self._missing = np.equal(texts, nothing).T.astype(np.uint8)
        return (self._missing @ _needs(tally)).astype(np.bool_)


class Known:
    """A tally's counts for n lines.

    `windows` is float64 (n, entities, windows, 1 + measures) in fixed point, `absent` (n, entities) is true
    where the line names no such entity; `first`, `last`, `last_failed` are instants, -1 for never.
    """

    __slots__ = ("absent", "first", "last", "last_failed", "windows")

    def __init__(self, answer: KnownCounts, absent: NDArray[np.bool_]) -> None:
        self.windows: Floats = answer.windows.astype(np.float64)
        self.first = answer.first
        self.last = answer.last
        self.last_failed = answer.last_failed
        self.absent = absent


@lru_cache(maxsize=16)
def _needs(tally: str) -> NDArray[np.uint8]:
    """Return which key columns each entity of a tally needs: uint8 (columns, entities)."""
    keys = [ENTITIES[entity] for entity in TALLIES[tally].entities]
    return np.array([[column in key for key in keys] for column in KEY_COLUMNS], dtype=np.uint8)
