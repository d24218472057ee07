"""How risky the words of a declared goods name are, by what inspections of such names had found until then.

A linear model over words and pairs of words, in editions: each was fitted at an instant on results visible
before it, and a line is read by the newest edition that was there at its own instant. So training rows are
read by models that did not know their results, and a live line by the newest of all: one rule for both.

Weights are whole numbers of 1/4096 log-odds, so that a value is the sum of its parts to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.errors import FeaturesError
from features.goods.edition import Edition
from features.goods.known_names import LearntNames
from features.goods.runs import Run, run_texts, runs_of
from features.instants import Instant
from features.remembered import remembered

UNIT = 4096
"""Parts of one log-odds that weights are counted in."""
_MOST = 1000 * UNIT
"""No run weighs more, so that sums keep every bit."""
_REMEMBERED = 1 << 15
"""Names whose value is kept in memory."""


class NameRiskError(FeaturesError):
    """A model of declared names that cannot be read."""

    title = "Model of declared names"
    title_zh = "申报品名模型有误"
    remedy = "Train the model again; the editions of a bundle are written by training only."
    remedy_zh = "请重新训练模型；模型包中的品名模型只能由训练写入。"


class _Told(msgspec.Struct):
    runs: tuple[str, ...]
    editions: tuple[Edition, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one run adds to a value, in log-odds."""

    run: Run
    added: float


@dataclass(frozen=True, slots=True)
class Opened:
    """A value taken apart: it is the intercept plus what the parts add, exactly.

    `fitted_at` names the edition; the parts are the runs that it knows and that add anything, the strongest
    first.
    """

    value: float
    fitted_at: Instant
    intercept: float
    parts: tuple[Part, ...]


class NameRisk:
    """Editions of the model of declared names, oldest first, over the runs that any of them knows.

    `known` are the names that were known by each edition, with their headings.
    """

    def __init__(self, runs: Sequence[str] = (), editions: Sequence[Edition] = ()) -> None:
        self.runs, self.editions = tuple(runs), tuple(editions)
        _check(self.runs, self.editions)
        self.known = LearntNames(self.editions)
        self._at = np.array([edition.fitted_at for edition in editions], dtype=np.int64)
        self._column = {run: column for column, run in enumerate(runs)}
        self._weights = np.zeros((len(editions), len(runs)), dtype=np.int32)
        for weights, edition in zip(self._weights, editions, strict=True):
            weights[list(edition.columns)] = edition.weights
        self._value = remembered(_REMEMBERED)(self._read)
        self._known = remembered(_REMEMBERED)(self._columns)

    def values(
        self, names: Sequence[str | None], models: Sequence[str | None], as_of: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return float64 (n,): log-odds against the usual, by the newest edition fitted at or before `as_of`.

        NaN where there was no edition yet and where no word is declared; unknown words add nothing.
        """
        if not self.editions:
            return np.full(len(as_of), np.nan)
        newest = self.newest(as_of).tolist()
        return np.array(
            [
                self._value(edition, name, model) if edition >= 0 else np.nan
                for edition, name, model in zip(newest, names, models, strict=True)
            ],
            dtype=np.float64,
        )

    def values_of(
        self,
        texts: Sequence[tuple[str | None, str | None]],
        place: NDArray[np.intp],
        as_of: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Return what `values` does, of rows (n,) by the places of their names and models among `texts`."""
        known = [self._known(*text) for text in texts]
        unread = np.array([columns is None for columns in known], dtype=bool)
        columns = [np.empty(0, dtype=np.intp) if each is None else each for each in known]
        ends = np.cumsum([0, *map(len, columns)])
        newest, values = self.newest(as_of), np.full(len(as_of), np.nan)
        for edition in np.unique(newest[newest >= 0]).tolist():
            weights = self._weights[edition, np.concatenate(columns)]
            sums = np.concatenate([[0], np.cumsum(weights, dtype=np.int64)])
            told = np.where(unread, np.nan, self._told(edition, sums[ends[1:]] - sums[ends[:-1]]))
            rows = newest == edition
            values[rows] = told[place[rows]]
        return values

    def newest(self, as_of: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place of the newest edition fitted at or before each instant, -1 where there is none."""
        return np.searchsorted(self._at, as_of, side="right") - 1

    def opened(self, name: str | None, model: str | None, as_of: Instant) -> Opened | None:
        """Take a value apart by its words; None where it is missing."""
        newest = int(np.searchsorted(self._at, as_of, side="right")) - 1
        runs = runs_of(name, model)
        if newest < 0 or not runs:
            return None
        edition, weights = self.editions[newest], self._weights[newest]
        added = [(run, int(weights[self._column[run.text]])) for run in runs if run.text in self._column]
        total = edition.intercept + sum(weight for _, weight in added)
        order = sorted((pair for pair in added if pair[1]), key=lambda pair: -abs(pair[1]))
        parts = tuple(Part(run, weight / UNIT) for run, weight in order)
        return Opened(total / UNIT, edition.fitted_at, edition.intercept / UNIT, parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the editions as plain JSON values."""
        plain: dict[str, Any] = msgspec.to_builtins(_Told(self.runs, self.editions))
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> NameRisk:
        """Read editions back; raises NameRiskError when they are none."""
        try:
            told = msgspec.convert(dict(plain), _Told)
        except (TypeError, ValueError) as error:
            raise NameRiskError(f"not a model of declared names: {error}") from error
        return cls(told.runs, told.editions)

    def _columns(self, name: str | None, model: str | None) -> NDArray[np.intp] | None:
        runs = run_texts(name, model)
        found = [self._column[run] for run in runs if run in self._column]
        return np.array(found, dtype=np.intp) if runs else None

    def _read(self, edition: int, name: str | None, model: str | None) -> float:
        columns = self._known(name, model)
        if columns is None:
            return float("nan")
        return float(self._told(edition, self._weights[edition, columns].sum()))

    def _told(self, edition: int, weights: Any) -> Any:
        """Return values by the sums of the weights of their runs."""
        return (self.editions[edition].intercept + weights) / UNIT


def _check(runs: Sequence[str], editions: Sequence[Edition]) -> None:
    """Raise NameRiskError for what cannot be laid out as one column a run and one row an edition."""
    if len(set(runs)) != len(runs):
        raise NameRiskError("a run stands twice among the runs: each has one column", field="runs")
    instants = [edition.fitted_at for edition in editions]
    if instants != sorted(set(instants)):
        raise NameRiskError(
            f"editions fitted at {instants}: each must be later than the one before", field="editions"
        )
    for edition in editions:
        _check_edition(edition, len(runs))


def _check_edition(edition: Edition, runs: int) -> None:
    if len(edition.columns) != len(edition.weights) or len(set(edition.columns)) != len(edition.columns):
        raise NameRiskError(
            f"the edition of {edition.fitted_at} has {len(edition.weights)} weights for "
            f"{len(set(edition.columns))} columns: one each is needed",
            field="columns",
        )
    if any(abs(weight) > _MOST for weight in edition.weights):
        raise NameRiskError(
            f"the edition of {edition.fitted_at} has a weight beyond {_MOST / UNIT:.0f} log-odds",
            field="weights",
        )
    if edition.columns and not 0 <= min(edition.columns) <= max(edition.columns) < runs:
        raise NameRiskError(
            f"the edition of {edition.fitted_at} names a column beyond its {runs} runs",
            field="columns",
        )
