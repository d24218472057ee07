from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from features.importing.entries import mapped_plan, plain_plan
from features.importing.importer import Importer
from features.importing.mapping import Mapping, load_mapping
from features.importing.rejects import Rejects
from features.importing.summary import Summary
from features.instants import Instant, now
from features.records import AnyRecord
from features.store.entries import Entry, Receipt, Status
from features.store.errors import UnknownRecord
from features.store.replay import Import
from features.terms import Kind


class Memory:
    """Takes entries as the store does, and refuses to withdraw what it does not have."""

    def __init__(self, keeps: bool = True) -> None:
        self.entries: list[Entry] = []
        self.batches: list[int] = []
        self._keeps = keeps

    def append(
        self, entries: Sequence[Entry], imported: bool = False, of: Import | None = None
    ) -> list[Receipt]:
        assert imported
        assert of is not None
        for position, entry in enumerate(entries):
            if entry.removed is not None and entry.removed[1] not in {record.id for record in self.records}:
                raise UnknownRecord(f"There is no {entry.removed[1]}.", position=position)
        self.batches.append(len(entries))
        if self._keeps:
            self.entries += entries
        return [Receipt(Kind.DECLARATION, "", 1, 1, 1, Status.ACCEPTED)] * len(entries)

    def declared_at(self, ids: Collection[str]) -> dict[str, Instant]:
        return {one.id: one.happened_at for one in self.records if one.id in ids}

    @property
    def records(self) -> list[AnyRecord]:
        return [entry.record for entry in self.entries if entry.record is not None]

    @property
    def ids(self) -> list[str]:
        return [record.id for record in self.records]


class Run:
    """Imports files into memory and keeps what was rejected."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory = Memory()
        self.rejects: list[dict[str, str]] = []

    def __call__(
        self, path: Path, kind: Kind = Kind.DECLARATION, mapping: str | Mapping | None = None
    ) -> Summary:
        loaded = load_mapping(mapping) if isinstance(mapping, str) else mapping
        plan = plain_plan(kind, now()) if loaded is None else mapped_plan(loaded, kind, now())
        with Rejects(self.folder / "rejects.csv") as rejects:
            summary = Importer(self.memory, kind, plan, rejects).run(path)
        if rejects.rows:
            with rejects.path.open(encoding="utf-8-sig", newline="") as file:
                self.rejects = list(csv.DictReader(file))
        return summary

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@pytest.fixture
def line() -> dict[str, Any]:
    return {"id": "a-1", "happened_at": "2021-03-04", "direction": "import", "hs_code": "0101210000"}
