"""What became of the rows and records of an import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from features.checks import RecordWarning, record_warnings
from features.records import AnyRecord
from features.store.entries import Receipt, Status

_MOST_WARNINGS = 1_000


@dataclass(slots=True)
class Summary:
    """Counts of one file, or of all files together.

    `rejected` counts rows under the KIND of the command: a row is taken whole or not at all.
    """

    files: list[str] = field(default_factory=list)
    rows: int = 0
    rejected: int = 0
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    unused_columns: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    seconds: float = 0.0
    read_again: int = 0
    """Opinions that were read again, because something older than them was imported after them."""

    def count(self, receipts: list[Receipt]) -> None:
        """Count what the store did with a batch."""
        self.records.update([(receipt.kind, receipt.status) for receipt in receipts])

    def warn(self, record: AnyRecord, own_codes: frozenset[str]) -> None:
        """Count what is doubtful in a record, apart from codes that are the source's own."""
        for doubt in record_warnings(record):
            if doubt.field not in own_codes:
                self._count_warning(doubt)

    def _count_warning(self, doubt: RecordWarning) -> None:
        key = (doubt.field, doubt.value, doubt.message)
        if key not in self.warnings and len(self.warnings) >= _MOST_WARNINGS:
            key = (doubt.field, "(others)", doubt.message)
        self.warnings[key] += 1

    def add(self, other: Summary) -> None:
        """Add the counts of another file."""
        self.files += other.files
        self.rows += other.rows
        self.rejected += other.rejected
        self.records.update(other.records)
        self.warnings.update(other.warnings)
        self.unused_columns += [name for name in other.unused_columns if name not in self.unused_columns]
        self.unreadable += other.unreadable
        self.seconds += other.seconds

    def total(self, status: Status) -> int:
        """Return how many records of all kinds had this status."""
        return sum(count for (_, its), count in self.records.items() if its == status)

    @property
    def exit_status(self) -> int:
        """0 only if nothing was rejected, 3 if a row was, 2 if a file could not be read."""
        if self.unreadable:
            return 2
        return 3 if self.rejected else 0

    def to_dict(self, kind: str) -> dict[str, Any]:
        """Return the figures under stable names."""
        kinds: dict[str, dict[str, int]] = {kind: {"rejected": self.rejected}}
        for (its_kind, status), count in sorted(self.records.items()):
            kinds.setdefault(str(its_kind), {})[str(status)] = count
        done = sum(self.records.values())
        return {
            "files": self.files,
            "rows": self.rows,
            **{str(status): self.total(status) for status in Status},
            "rejected": self.rejected,
            "kinds": {
                name: {str(status): counts.get(str(status), 0) for status in (*Status, "rejected")}
                for name, counts in kinds.items()
            },
            "warnings": [
                {"field": name, "value": value, "warning": message, "records": count}
                for (name, value, message), count in self.warnings.most_common()
            ],
            "unused_columns": self.unused_columns,
            "unreadable": self.unreadable,
            "seconds": round(self.seconds, 3),
            "records_per_second": round(done / self.seconds) if self.seconds else 0,
        }
