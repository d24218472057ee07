"""Rows of JSON: one object a line, or a document or list of them; a document may hold several lines."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import msgspec

from features.errors import UnreadableFile
from features.importing.source import Numbered, OpenFile, Source, encoding_of
from features.rules import BrokenRule, BrokenText, MalformedRow

LINE, LINES = "@line", "@lines"
"""Columns added to the lines of a document: the line's place in it from 1, and how many there are."""

_BLOCK = 1 << 20
_SPACE = " \t\r\n,"


def open_json_lines(path: Path, rows_in: str | None) -> Source:
    """Open a file of one JSON object a line (also .gz)."""
    encoding = encoding_of(path)
    file = OpenFile(path)
    rows = _rows(_decode_lines(file.content, encoding), rows_in)
    return Source(None, _guarded(path, rows), path.stat().st_size, file.position, file.close)


def open_json(path: Path, rows_in: str | None) -> Source:
    """Open a file of one JSON document or a list of them (also .gz); a list is read element by element."""
    encoding = encoding_of(path)
    file = OpenFile(path)
    rows = _rows(_decode_list(path, file.text(encoding)), rows_in)
    return Source(None, _guarded(path, rows), path.stat().st_size, file.position, file.close)


def _guarded(path: Path, rows: Iterator[Numbered]) -> Iterator[Numbered]:
    try:
        yield from rows
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path}: cannot be read to its end ({error}); the rows before that were"
        raise UnreadableFile(message, value=str(path)) from error


def _decode_lines(content: Iterable[bytes], encoding: str) -> Iterator[tuple[int, Any]]:
    decoder = msgspec.json.Decoder()
    for number, line in enumerate(content, start=1):
        part = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not part.strip():
            continue
        try:
            yield number, decoder.decode(part if encoding == "utf-8-sig" else part.decode(encoding).encode())
        except UnicodeDecodeError:
            yield number, BrokenText("row", part[:80])
        except msgspec.DecodeError as error:
            yield number, MalformedRow("row", part[:80].decode(errors="backslashreplace"), str(error))


def _decode_list(path: Path, text: TextIO) -> Iterator[tuple[int, Any]]:
    decoder = json.JSONDecoder(parse_constant=_refuse)
    pending = text.read(_BLOCK).lstrip()
    is_list = pending.startswith("[")
    pending = pending[1:] if is_list else pending
    number = 0
    while True:
        pending = pending.lstrip(_SPACE)
        if is_list and pending.startswith("]"):
            return
        try:
            document, end = decoder.raw_decode(pending)
        except ValueError as error:
            more = text.read(max(_BLOCK, len(pending)))
            if not more:
                message = f"{path}: is no JSON document after {number} of them: {error}"
                raise UnreadableFile(message, value=str(path)) from error
            pending += more
            continue
        pending = pending[end:]
        number += 1
        yield number, document
        if not is_list:
            return


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")


def _rows(documents: Iterable[tuple[int, Any]], rows_in: str | None) -> Iterator[Numbered]:
    for number, document in documents:
        if isinstance(document, BrokenRule):
            yield number, document
        elif not isinstance(document, dict):
            yield number, MalformedRow("row", document, "is no JSON object", "不是 JSON 对象")
        elif rows_in is None:
            yield number, document
        else:
            yield from ((number, row) for row in _lines_of(document, rows_in))


def _lines_of(document: dict[str, Any], rows_in: str) -> Iterator[Mapping[str, Any] | BrokenRule]:
    header = _header_of(document, rows_in)
    lines = header.pop(rows_in, None) if header is not None else None
    if header is None or not isinstance(lines, list) or not lines:
        yield MalformedRow(
            rows_in, None, f"the document has no list of lines under {rows_in}", f"{rows_in} 下没有列表"
        )
        return
    for place, line in enumerate(lines, start=1):
        if isinstance(line, dict):
            yield {**header, **line, LINE: place, LINES: len(lines)}
        else:
            yield MalformedRow(rows_in, line, "is no JSON object", "不是 JSON 对象")


def _header_of(document: Mapping[str, Any], rows_in: str) -> dict[str, Any] | None:
    """Return the scalars above the list, wherever in the document it stands, with the list itself."""
    scalars = {key: value for key, value in document.items() if not isinstance(value, (dict, list))}
    if rows_in in document:
        return {**scalars, rows_in: document[rows_in]}
    for value in document.values():
        below = _header_of(value, rows_in) if isinstance(value, dict) else None
        if below is not None:
            return {**scalars, **below}
    return None
