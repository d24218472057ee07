"""The rejects file: every row that was not taken, with the field, the value, the reason and the remedy."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from features.errors import UnreadableFile
from features.rules import BrokenRule

COLUMNS = ("file", "row", "kind", "field", "value", "reason", "reason_zh", "remedy", "remedy_zh")
_LONGEST = 500
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""Signs with which a cell begins that a spreadsheet computes, which may fetch and send what it likes."""
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?")


class Rejects:
    """A CSV file with a line for each rule a row broke; it is not made unless a row is rejected.

    What a spreadsheet would take for a formula has an apostrophe before it; numbers stand as they are.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._file: IO[str] | None = None
        self._writer: Any = None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, file: Path, row: int, kind: str, errors: Sequence[BrokenRule]) -> None:
        """Write down why a row was not taken."""
        if self._file is None:
            self.open()
        self.rows += 1
        for error in errors:
            reasons = (error.reason, error.reason_zh, error.remedy, error.remedy_zh)
            told = (file, row, kind, error.field, error.value, *reasons)
            self._writer.writerow([_shown(cell) for cell in told])

    def open(self) -> None:
        """Make the file, empty but for its header; raises UnreadableFile where it cannot be written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            message = f"{self.path}: the rejects file cannot be written: {error.strerror}"
            raise UnreadableFile(message, value=str(self.path)) from error
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)


def _shown(value: object) -> str:
    whole = "" if value is None else str(value)
    text = whole.encode("utf-8", "backslashreplace").decode("utf-8")[:_LONGEST]
    is_formula = text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text
