"""Files into the store: rows are read, checked and stored in batches; what is wrong is written down."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from features.doubts import lines_of
from features.errors import UnreadableFile
from features.importing.entries import RowPlan
from features.importing.formats import open_source
from features.importing.rejects import Rejects
from features.importing.source import Source
from features.importing.summary import KNOWN_ONLY_NOW, NOTES, Summary
from features.instants import DAY, Instant, now
from features.rules import BrokenRule, InvalidRecord
from features.store.database import Head
from features.store.entries import Entry, Receipt, Status
from features.store.errors import EntryError
from features.store.replay import Import
from features.terms import Kind

BATCH = 5_000
"""Entries stored in one transaction."""

OLD: Instant = 7 * DAY
"""How old a record is that is told with a warning unless it says when it became known."""

Progress = Callable[[Source], None]


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage in cycles less often: rows make none, and looking takes a sixth of an import."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


class Sink(Protocol):
    """Where entries go: the record store."""

    def append(
        self, entries: Sequence[Entry], imported: bool = False, of: Import | None = None
    ) -> list[Receipt]:
        """Store entries in one transaction, as a part of an import."""

    def declared_at(self, ids: Collection[str]) -> dict[str, Instant]:
        """Return when those of the lines that are stored were declared."""


class RefusedEntry(BrokenRule):
    """An entry that the store refused, in the words of its refusal."""

    title, title_zh = "Refused by the store", "存储时被拒绝"
    rule, rule_zh = "was refused by the store", "被存储拒绝"

    def __init__(self, error: EntryError) -> None:
        super().__init__(error.field or "row", error.value, error.message, error.title_zh)
        self.remedy, self.remedy_zh = error.remedy, error.remedy_zh  # type: ignore[misc]


class Importer:
    """Imports files of one KIND by one plan into a store, which stood at `head` before the import."""

    def __init__(
        self, store: Sink, kind: Kind, plan: RowPlan, rejects: Rejects, head: Head | None = None
    ) -> None:
        self._import = Import()
        self._old = 0 if head is not None and head.live_since is not None else now() - OLD
        self._store = store
        self._kind = kind
        self._plan = plan
        self._rejects = rejects
        self._batch: list[Entry] = []
        self._rows: list[tuple[int, int]] = []
        self._summary = Summary()
        self._path = Path()

    def run(self, path: Path, progress: Progress | None = None) -> Summary:
        """Import one file; one that cannot be read, or not to its end, is named in the summary.

        `progress` is called after each batch.
        """
        self._path, self._summary = path, Summary(files=[str(path)])
        started = time.perf_counter()
        try:
            with (
                closing(open_source(path, self._plan.zone, self._plan.rows_in)) as source,
                _rare_collections(),
            ):
                self._summary.unused_columns = self._plan.check_columns(source.columns, path)
                self._read(source, progress)
        except UnreadableFile as error:
            self._summary.unreadable.append(f"{str(error).rstrip('.')}. {error.remedy}")
        finally:
            self._store_batch()
            self._summary.seconds = time.perf_counter() - started
        return self._summary

    def _read(self, source: Source, progress: Progress | None) -> None:
        read = self._plan.read
        for number, row in source.rows:
            self._summary.rows += 1
            if isinstance(row, BrokenRule):
                self._reject(number, [row])
                continue
            try:
                entries = read(row)
            except InvalidRecord as error:
                self._reject(number, error.errors)
                continue
            self._batch += entries
            self._rows += [(self._summary.rows, number)] * len(entries)
            if len(self._batch) >= BATCH:
                self._store_batch()
                if progress is not None:
                    progress(source)
        if progress is not None:
            progress(source)

    def _reject(self, number: int, errors: Sequence[BrokenRule]) -> None:
        self._summary.rejected += 1
        self._rejects.add(self._path, number, str(self._kind), errors)

    def _store_batch(self) -> None:
        count = len(self._batch)
        while self._batch:
            try:
                self._store_first(count)
            except EntryError as error:
                row = self._rows[error.position]
                count = self._rows.index(row)
                if count:
                    continue
                self._reject(row[1], [RefusedEntry(error)])
                self._drop_first(self._rows.count(row))
            # Refused rows come in runs, and each sinks what is stored with it: begin small, and double.
            count = self._whole_rows(max(2 * count, 1))

    def _whole_rows(self, count: int) -> int:
        """Return so many entries of the batch, and as many more as their last row yields."""
        count = min(count, len(self._batch))
        while 0 < count < len(self._batch) and self._rows[count] == self._rows[count - 1]:
            count += 1
        return count

    def _store_first(self, count: int) -> None:
        batch = self._batch[:count]
        receipts = self._store.append(batch, imported=True, of=self._import)
        self._summary.count(receipts)
        records = [entry.record for entry in batch if entry.record is not None]
        self._summary.warn(records, self._store.declared_at(lines_of(records)), self._plan.own_codes)
        self._warn_of_time(batch, receipts)
        self._drop_first(count)

    def _warn_of_time(self, batch: Sequence[Entry], receipts: Sequence[Receipt]) -> None:
        for entry, receipt in zip(batch, receipts, strict=True):
            if receipt.note is not None:
                self._summary.warn_of(NOTES[receipt.note])
            if entry.known_at is not None or entry.record is None or receipt.status is Status.UNCHANGED:
                continue
            if entry.record.happened_at < self._old:
                self._summary.warn_of(KNOWN_ONLY_NOW)

    def _drop_first(self, count: int) -> None:
        del self._batch[:count], self._rows[:count]
