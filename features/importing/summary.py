"""What became of the rows and records of an import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from features.doubts import RecordWarning, line_warnings, record_warnings
from features.instants import Instant
from features.records import AnyRecord
from features.store.entries import Note, Receipt, Status

_MOST_WARNINGS = 1_000

KNOWN_ONLY_NOW = RecordWarning(
    "known_at",
    "",
    "is not given for what happened more than a week ago: it counts as known from this import on, and no "
    "training on an earlier day sees it; give the column by --known-at-column",
    "一周以前发生的记录未给出获知时间：按本次导入时获知，此前任何一天的训练都看不到；"
    "请用 --known-at-column 指定该列",
)
NOTES = {
    Note.OUTDATED: RecordWarning(
        "row",
        "",
        "says what was said before and no longer holds: nothing is changed; if it holds again, give a later "
        "known_at",
        "为此前已导入且已失效的内容，未作改动；如重新生效，请给出更晚的获知时间",
    ),
    Note.EARLIER: RecordWarning(
        "known_at",
        "",
        "is later than the one stored for the same content, which stands; where the stored one is wrong, "
        "import into a new home",
        "晚于同一内容已存储的获知时间，以已存储者为准；如已存储者有误，请导入新的目录",
    ),
    Note.OVERRIDDEN: RecordWarning(
        "known_at",
        "",
        "does not count: the system is live, so what is imported is visible from its recording on",
        "不起作用：系统已上线，导入的记录自写入时起可见",
    ),
}
"""What the store says of an entry, as a warning."""


@dataclass(slots=True)
class Summary:
    """Counts of one file, or of all files together.

    `rejected` counts rows under the KIND of the command: a row is taken whole or not at all.
    """

    files: list[str] = field(default_factory=list)
    rows: int = 0
    rejected: int = 0
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: Counter[RecordWarning] = field(default_factory=Counter)
    unused_columns: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    seconds: float = 0.0
    read_again: int = 0
    """Opinions that were read again, because something older than them was imported after them."""

    def count(self, receipts: list[Receipt]) -> None:
        """Count what the store did with a batch."""
        self.records.update([(receipt.kind, receipt.status) for receipt in receipts])

    def warn(
        self, records: Iterable[AnyRecord], declared: Mapping[str, Instant], own_codes: frozenset[str]
    ) -> None:
        """Count what is doubtful in records, apart from codes that are the source's own.

        `declared` says when the lines that they name were declared, if they were.
        """
        for record in records:
            for doubt in record_warnings(record):
                if doubt.field not in own_codes:
                    self.warn_of(doubt)
            for doubt in line_warnings(record, declared, named=False):
                self.warn_of(doubt)

    def warn_of(self, doubt: RecordWarning) -> None:
        """Count a warning; of very many different ones, the further ones together."""
        if doubt not in self.warnings and len(self.warnings) >= _MOST_WARNINGS:
            doubt = replace(doubt, value="(others)")
        self.warnings[doubt] += 1

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
                {
                    "field": doubt.field,
                    "value": doubt.value,
                    "warning": doubt.message,
                    "warning_zh": doubt.message_zh,
                    "records": count,
                }
                for doubt, count in self.warnings.most_common()
            ],
            "unused_columns": self.unused_columns,
            "unreadable": self.unreadable,
            "seconds": round(self.seconds, 3),
            "records_per_second": round(done / self.seconds) if self.seconds else 0,
        }
