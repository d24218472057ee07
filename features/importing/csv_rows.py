"""Rows of a CSV file: a stray quote or a broken byte costs its own row, never the ones after it."""

from __future__ import annotations

import csv
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from features.errors import UnreadableFile
from features.importing.encodings import is_broken
from features.importing.source import Numbered, OpenFile, Source, checked_columns, encoding_of
from features.rules import BrokenText, MalformedRow

_SEPARATORS = ",;\t"
_MOST_LINES = 500
"""A row that seems to span more lines than this has a quote that nothing closes."""

_QUOTES = (
    "has a quote that is not closed, or not at the end of its cell",
    "引号没有闭合，或不在单元格末尾",
)


class _RunawayQuote(Exception):
    pass


class _Lines:
    """The lines of a file, those of the row being read kept so that they can be given back."""

    def __init__(self, file: Iterable[str]) -> None:
        self._file = iter(file)
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._file)
        self.taken.append(line)
        self.number += 1
        if len(self.taken) > _MOST_LINES:
            raise _RunawayQuote
        return line

    @property
    def first(self) -> int:
        """Return the number of the first line of the row being read."""
        return self.number - len(self.taken) + 1

    def give_back_all_but_first(self) -> None:
        """Put the lines after the row's first back, to be read as rows of their own."""
        self._returned.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1


def open_csv(path: Path) -> Source:
    """Open a CSV file (also .gz; UTF-8, with or without a byte order mark, or GBK; separated by , ; or tab).

    Raises UnreadableFile where it is no such file.
    """
    encoding = encoding_of(path)
    file = OpenFile(path)
    lines = _Lines(file.text(encoding))
    try:
        separator, columns = _read_header(path, lines)
    except UnreadableFile:
        file.close()
        raise
    rows = _rows(path, lines, columns, separator)
    return Source(columns, rows, path.stat().st_size, file.position, file.close)


def _read_header(path: Path, lines: _Lines) -> tuple[str, tuple[str, ...]]:
    first = next(lines, "")
    if "\0" in first or is_broken(first):
        raise UnreadableFile(f"{path}: the first line is not text", value=str(path))
    separator = max(_SEPARATORS, key=first.count)
    names = next(csv.reader([first], delimiter=separator), [])
    return separator, checked_columns(path, names)


def _rows(path: Path, lines: _Lines, columns: tuple[str, ...], separator: str) -> Iterator[Numbered]:
    try:
        yield from _parsed(lines, columns, separator)
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path}: cannot be read after line {lines.number} ({error}); the rows before it were"
        raise UnreadableFile(message, value=str(path)) from error


def _parsed(lines: _Lines, columns: tuple[str, ...], separator: str) -> Iterator[Numbered]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    taken = lines.taken
    width = len(columns)
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_RunawayQuote, csv.Error):
            cells = None
        if cells is None or (len(cells) != width and len(taken) > 1):
            yield lines.first, MalformedRow("row", taken[0].rstrip(), *_QUOTES)
            lines.give_back_all_but_first()
            reader = csv.reader(lines, delimiter=separator, strict=True)
        elif len(cells) == width or (len(cells) > width and not any(cells[width:])):
            broken = next((cell for cell in cells if is_broken(cell)), None) if _suspect(taken) else None
            if broken is None:
                yield lines.first, dict(zip(columns, cells, strict=False))
            else:
                yield lines.first, BrokenText(columns[cells.index(broken)], _shown(broken))
        elif any(cells):
            detail = f"has {len(cells)} cells where the header has {width}"
            detail_zh = f"有 {len(cells)} 列，表头有 {width} 列"
            yield lines.first, MalformedRow("row", _shown(taken[0].rstrip()), detail, detail_zh)


def _suspect(taken: list[str]) -> bool:
    return any(is_broken(line) for line in taken)


def _shown(text: str) -> str:
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="backslashreplace")
