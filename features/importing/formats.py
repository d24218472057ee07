"""Which reader a file's name asks for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from features.errors import UnreadableFile
from features.importing.csv_rows import open_csv
from features.importing.excel_rows import open_excel
from features.importing.json_rows import open_json, open_json_lines
from features.importing.parquet_rows import open_parquet
from features.importing.source import Source

_CSV = frozenset({".csv", ".tsv", ".txt"})
_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_EXCEL = frozenset({".xlsx", ".xlsm"})


def open_source(path: Path, zone: dt.tzinfo, rows_in: str | None = None) -> Source:
    """Open a file by its ending; `rows_in` names the list of lines inside a JSON document.

    Raises UnreadableFile where the file is missing, broken or of an unknown kind.
    """
    if not path.is_file():
        raise UnreadableFile(f"{path}: there is no such file", value=str(path))
    ending = _ending(path)
    if ending in _CSV:
        return open_csv(path)
    if ending in _JSON_LINES:
        return open_json_lines(path, rows_in)
    if ending == ".json":
        return open_json(path, rows_in)
    if ending == ".parquet":
        return open_parquet(path, zone)
    if ending in _EXCEL:
        return open_excel(path)
    known = ", ".join(sorted(_CSV | _JSON_LINES | _EXCEL | {".json", ".parquet"}))
    raise UnreadableFile(f"{path}: the ending is none of {known} (text also with .gz)", value=str(path))


def _ending(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return suffixes[-1] if suffixes else ""
