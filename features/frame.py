"""The one function that turns declaration lines into what a model sees; training and serving both call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.catalog import CATALOG
from features.coded import FEW
from features.errors import FeaturesError
from features.facts import BlockwiseHistory, Facts, Floats, Instants, KnownHistory
from features.feature import Aggregate, Category, ColumnFunction
from features.lines import Lines
from features.schema import FeatureSpec
from features.wording import FIRST_SEEN, MISSING, UNKNOWN

BLOCK = 32_768
"""Lines asked of the history at once; the counts of a large frame stay within some 200 MB."""


@dataclass(frozen=True, slots=True)
class FrameWarning:
    """A category that the vocabulary does not hold; it became code 0."""

    row: int
    column: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Features of n lines: `values` is float64 (n, len(names)) in C order, NaN where missing."""

    values: Floats
    names: tuple[str, ...]
    warnings: tuple[FrameWarning, ...]


_Gather: TypeAlias = tuple[ColumnFunction, "slice | NDArray[np.intp]", NDArray[np.intp]]
"""A block, the frame's columns that it fills, and its cells that go there."""


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """How to lay out a spec's columns: categories, column functions, and gathers of blocks' cells."""

    categories: tuple[tuple[int, str, str, Mapping[str | None, int]], ...]
    functions: tuple[tuple[int, ColumnFunction], ...]
    gathers: tuple[_Gather, ...]


def build_frame(lines: Lines, history: KnownHistory, as_of: Instants, spec: FeatureSpec) -> Frame:
    """Features of each line from what was known strictly before its instant.

    as_of: int64 (n,) instants, one a line. Returns a frame of shape (n, len(spec.names)) in the spec's order;
    a category unknown to the spec becomes code 0 and is listed in `Frame.warnings`. A line's features do not
    depend on the lines beside it. Raises FeaturesError when `as_of` does not match the lines,
    OtherTextVersion when the spec was made with another dictionary.
    """
    instants = np.asarray(as_of, dtype=np.int64)
    if instants.shape != (len(lines),):
        message = f"as_of has shape {instants.shape} for {len(lines)} lines: one instant a line is needed"
        raise FeaturesError(message, field="as_of", value=instants.shape)
    plan = _plan(spec)
    values = np.empty((len(lines), len(spec.names)))
    warnings: list[FrameWarning] = []
    if len(lines) > BLOCK and isinstance(history, BlockwiseHistory):
        history = history.through(len(lines))
    with np.errstate(all="ignore"):
        for start in range(0, len(lines), BLOCK):
            rows = slice(start, start + BLOCK)
            part = lines if len(lines) <= BLOCK else lines.take(rows)
            _fill(values[rows], plan, Facts(part, history, instants[rows], spec.name_risk))
            warnings += _encode(values[rows], plan, part, start)
    return Frame(values, spec.names, tuple(warnings))


def _fill(values: Floats, plan: _Plan, facts: Facts) -> None:
    for position, compute in plan.functions:
        values[:, position] = compute(facts)
    for block, positions, cells in plan.gathers:
        values[:, positions] = block(facts).take(cells, axis=1)


def _encode(values: Floats, plan: _Plan, lines: Lines, start: int) -> list[FrameWarning]:
    warnings: list[FrameWarning] = []
    for position, name, column, codes in plan.categories:
        if len(lines) >= FEW:
            coded = lines.coded(column)
            told = np.array([codes.get(text, UNKNOWN) for text in coded.values], dtype=np.float64)
            values[:, position] = coded.spread(told, codes[None])
            unknown = np.flatnonzero(values[:, position] == UNKNOWN).tolist()
            warnings += [FrameWarning(start + row, name, lines[column][row]) for row in unknown]
            continue
        texts = lines[column].tolist()
        encoded = [codes.get(text, UNKNOWN) for text in texts]
        values[:, position] = encoded
        if UNKNOWN in encoded:
            rows = [row for row, code in enumerate(encoded) if code == UNKNOWN]
            warnings += [FrameWarning(start + row, name, texts[row]) for row in rows]
    return warnings


@lru_cache(maxsize=32)
def _plan(spec: FeatureSpec) -> _Plan:
    spec.check_text_version()
    categories, functions = [], []
    gathers: dict[str, list[tuple[int, Aggregate]]] = {}
    for position, name in enumerate(spec.names):
        source = CATALOG[name].source
        if isinstance(source, Category):
            codes: dict[str | None, int] = {None: MISSING}
            codes.update((code, at) for at, code in enumerate(spec.vocabularies[name], FIRST_SEEN))
            categories.append((position, name, source.column, codes))
        elif isinstance(source, Aggregate):
            gathers.setdefault(source.measure, []).append((position, source))
        else:
            functions.append((position, source))
    return _Plan(tuple(categories), tuple(functions), tuple(_gather(found) for found in gathers.values()))


def _gather(found: list[tuple[int, Aggregate]]) -> _Gather:
    first, last = found[0][0], found[-1][0]
    positions = np.array([position for position, _ in found], dtype=np.intp)
    cells = np.array([source.cell for _, source in found], dtype=np.intp)
    adjacent = last - first + 1 == len(found)
    return found[0][1].block, slice(first, last + 1) if adjacent else positions, cells
