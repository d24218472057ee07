"""Where each label came from, and how often each enterprise was inspected and passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.instants import Instant
from features.records import Declaration, Inspection
from features.store.database import Store
from features.terms import Depth, Kind, Outcome
from training.dataset import Dataset

Labels = NDArray[np.object_]
Goods = tuple[str, bool, str]
"""Direction, whether inspection is statutory, heading: what decides how often goods are inspected."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """For each dataset row the office, laboratory and reason of its inspection; None where there is none."""

    office: Labels
    laboratory: Labels
    selected_by: Labels

    def kinds(self) -> Iterator[tuple[str, Labels]]:
        """Yield each kind of source with the rows' sources."""
        yield "office", self.office
        yield "laboratory", self.laboratory
        yield "selected_by", self.selected_by


@dataclass(slots=True)
class Passes:
    """Declared lines and passed inspections by enterprise and goods."""

    lines: Counter[tuple[str, Goods]] = field(default_factory=Counter)
    passed: Counter[tuple[str, Goods]] = field(default_factory=Counter)


def read_sources(store: Store, dataset: Dataset, until: Instant) -> tuple[Sources, Passes]:
    """Read which inspection decided each row, and count lines and passes, as known before `until`."""
    standing = _inspections(store, until)
    goods = _goods(store, until)
    passes = Passes()
    passes.lines.update(goods.values())
    decided: dict[str, Inspection] = {}
    for inspection in standing.values():
        decided[inspection.declaration_id] = inspection
    for line, inspection in decided.items():
        if inspection.outcome is Outcome.PASS and line in goods:
            passes.passed[goods[line]] += 1
    found = [decided.get(str(id)) for id in dataset.lines["id"]]
    return Sources(
        office=dataset.lines["office"],
        laboratory=_objects([None if each is None else each.laboratory for each in found]),
        selected_by=_objects([None if each is None else str(each.selected_by) for each in found]),
    ), passes


def _inspections(store: Store, until: Instant) -> dict[str, Inspection]:
    """Return the inspections with a result at the usual depth, in the order they became known."""
    found: dict[str, Inspection] = {}
    for chunk in store.changes(kinds=[Kind.INSPECTION]):
        for revision in chunk:
            if revision.visible_at >= until:
                continue
            found.pop(revision.id, None)
            record = revision.record
            if isinstance(record, Inspection) and _counts(record):
                found[revision.id] = record
    return found


def _counts(record: Inspection) -> bool:
    return record.depth is not Depth.DOCUMENT and record.outcome is not Outcome.PENDING


def _goods(store: Store, until: Instant) -> dict[str, tuple[str, Goods]]:
    found: dict[str, tuple[str, Goods]] = {}
    for chunk in store.changes(kinds=[Kind.DECLARATION]):
        for revision in chunk:
            line = revision.record
            if revision.visible_at < until and isinstance(line, Declaration) and line.consignee is not None:
                kind = str(line.direction), bool(line.statutory_inspection), line.hs_code[:4]
                found.setdefault(revision.id, (line.consignee, kind))
    return found


def _objects(values: list[Any]) -> Labels:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
