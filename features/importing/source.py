"""A file as a stream of rows, whatever its format."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

from features.errors import UnreadableFile
from features.rules import BrokenRule

Row: TypeAlias = Mapping[str, Any]
Numbered: TypeAlias = tuple[int, Row | BrokenRule]
"""A row's number in its file (the line in text files, else its place) and the row, or why there is none."""


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of one file, read as they are asked for.

    `columns` are the names every row has, None where rows differ (JSON). `size` and `position` are for
    progress, in bytes or rows; `size` is None where it is not known.
    """

    columns: tuple[str, ...] | None
    rows: Iterator[Numbered]
    size: int | None
    position: Callable[[], int]


def open_bytes(path: Path) -> tuple[BinaryIO, BinaryIO]:
    """Open a file, unpacking gzip; return the content and the file as it stands on disk.

    Raises UnreadableFile where it cannot be opened.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}", value=str(path)) from error
    if path.suffix.lower() != ".gz":
        return raw, raw
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)), raw


def checked_columns(path: Path, names: list[str]) -> tuple[str, ...]:
    """Return the columns of a header; raises UnreadableFile when a name is missing or stands twice."""
    columns = tuple(name.strip() for name in names)
    while columns and not columns[-1]:
        columns = columns[:-1]
    repeated = [name or "(empty)" for name in columns if not name or columns.count(name) > 1]
    if not columns or repeated:
        what = f"repeats or leaves out column names: {', '.join(repeated)}" if repeated else "is empty"
        raise UnreadableFile(f"{path}: the header {what}", value=str(path))
    return columns
