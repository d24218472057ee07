"""Tables with Chinese and English headings, and figures as they are written in them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TypeAlias

Words: TypeAlias = tuple[str, str]
"""The same thing in Chinese and in English."""

Cell: TypeAlias = "str | int | float | bool | Words | None"

NOTHING = "–"
_LONGEST = 80
"""Columns of a terminal that both languages of a cell may take side by side."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under bilingual headings; `note` says what is to be known to read them."""

    title: Words
    columns: Sequence[Words]
    rows: Sequence[Sequence[Cell]]
    note: Words | None = None
    marked: frozenset[int] = field(default_factory=frozenset)
    """Rows that ask for attention."""


def figure(value: float | None, digits: int = 4) -> str:
    """Write a figure; what has no meaning is a dash."""
    return NOTHING if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def interval(low: float | None, high: float | None, digits: int = 4) -> str:
    """Write an interval."""
    return f"[{figure(low, digits)}, {figure(high, digits)}]"


def shown(cell: Cell) -> str:
    """Write a cell: figures with four digits, both languages side by side."""
    if isinstance(cell, tuple):
        return cell[0] if cell[0] == cell[1] else f"{cell[0]} {cell[1]}"
    if isinstance(cell, bool):
        return "✓" if cell else "✗"
    if isinstance(cell, float):
        return figure(cell)
    return NOTHING if cell is None else str(cell)


def text_table(table: Table) -> str:
    """Lay a table out for a terminal, in which a Chinese character is two columns wide.

    Sentences too long to stand side by side stand one below the other.
    """
    heads = [[shown(head) for head in table.columns]] if any(shown(head) for head in table.columns) else []
    rows = [[_lines(cell) for cell in row] for row in table.rows]
    every = [[[cell] for cell in head] for head in heads] + rows
    widths = [
        max((width(line) for row in every for line in row[at]), default=0) for at in range(len(table.columns))
    ]
    marks = [" "] * len(heads) + ["!" if at in table.marked else " " for at in range(len(rows))]
    body = [
        f"{mark if not below else ' '} {_row(line, widths)}".rstrip()
        for mark, row in zip(marks, every, strict=True)
        for below, line in enumerate(zip_longest(*row, fillvalue=""))
    ]
    return "\n".join([shown(table.title), *body, *_notes(table)])


def _lines(cell: Cell) -> list[str]:
    """Return a cell as a line, or both languages as two where one would be too long."""
    long = isinstance(cell, tuple) and cell[0] != cell[1] and width(shown(cell)) > _LONGEST
    return list(cell) if long and isinstance(cell, tuple) else [shown(cell)]


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _row(cells: Sequence[str], widths: Iterable[int]) -> str:
    return "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(cells, widths, strict=True))


def _notes(table: Table) -> list[str]:
    return [] if table.note is None else [f"  {text}" for text in dict.fromkeys(table.note)]
