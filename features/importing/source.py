"""A file as a stream of rows, whatever its format."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO, TypeAlias, cast

from features.errors import UnreadableFile
from features.importing.encodings import detect_encoding
from features.rules import BrokenRule

Row: TypeAlias = Mapping[str, Any]
Numbered: TypeAlias = tuple[int, Row | BrokenRule]
"""A row's number in its file (the line in text files, else its place) and the row, or why there is none."""


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of one file, read as they are asked for.

    `columns` are the names every row has, None where rows differ (JSON). `size` and `position` are for
    progress, in bytes or rows; `size` is None where it is not known;
    `close` gives the file back.
    """

    columns: tuple[str, ...] | None
    rows: Iterator[Numbered]
    size: int | None
    position: Callable[[], int]
    close: Callable[[], None]


class OpenFile:
    """A file of text, unpacked where it is gzipped.

    `content` is what it holds and `raw` the file as it stands on disk, whose position tells progress. Raises
    UnreadableFile where it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.raw: BinaryIO = path.open("rb")
        except OSError as error:
            raise UnreadableFile(f"{path}: {error.strerror}", value=str(path)) from error
        is_packed = path.suffix.lower() == ".gz"
        self.content = cast(BinaryIO, gzip.GzipFile(fileobj=self.raw)) if is_packed else self.raw
        self._closing: list[IO[Any]] = [self.raw, self.content]

    def text(self, encoding: str) -> TextIO:
        """Return the content as text, line ends as they are and broken bytes escaped as surrogates."""
        wrapper = io.TextIOWrapper(self.content, encoding=encoding, errors="surrogateescape", newline="")
        self._closing.append(wrapper)
        return wrapper

    def close(self) -> None:
        """Close the file."""
        for layer in reversed(self._closing):
            layer.close()

    def position(self) -> int:
        """Return how many bytes on disk were read."""
        return self.raw.tell()


def encoding_of(path: Path) -> str:
    """Return the encoding of a text file, less its byte order mark; raises UnreadableFile on broken gzip."""
    file = OpenFile(path)
    try:
        return "utf-8-sig" if detect_encoding(file.content) == "utf-8" else "gb18030"
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"{path}: {error}", value=str(path)) from error
    finally:
        file.close()


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
