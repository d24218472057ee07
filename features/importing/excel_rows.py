"""Rows of Excel workbooks, read as a stream."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from features.errors import UnreadableFile
from features.importing.source import Numbered, Source, checked_columns
from features.rules import MalformedRow


def open_excel(path: Path) -> Source:
    """Open the first sheet of an Excel workbook (.xlsx); its first row is the header."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheet = workbook.worksheets[0]
        rows = sheet.iter_rows(values_only=True)
        header = next(rows, ())
    except (OSError, zipfile.BadZipFile, InvalidFileException, LookupError, ValueError, ParseError) as error:
        raise UnreadableFile(f"{path}: is no Excel workbook ({error})", value=str(path)) from error
    try:
        columns = checked_columns(path, ["" if name is None else str(name) for name in header])
    except UnreadableFile:
        workbook.close()
        raise
    done = [1]
    return Source(columns, _excel_rows(rows, columns, done), sheet.max_row, lambda: done[0], workbook.close)


def _excel_rows(
    rows: Iterator[tuple[Any, ...]], columns: tuple[str, ...], done: list[int]
) -> Iterator[Numbered]:
    width = len(columns)
    for cells in rows:
        done[0] += 1
        if any(cell is not None for cell in cells[width:]):
            yield (
                done[0],
                MalformedRow(
                    "row",
                    cells[width:],
                    f"has cells beyond the {width} named columns",
                    f"多于表头的 {width} 列",
                ),
            )
        elif any(cell is not None for cell in cells):
            yield done[0], dict(zip(columns, cells, strict=False))
