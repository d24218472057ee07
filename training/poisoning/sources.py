"""Where each label came from, and how often each enterprise was inspected, drawn at random, and passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.instants import Instant
from features.records import Declaration, Inspection
from features.store.database import Store
from features.terms import Depth, Kind, Outcome, Selection
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

    @classmethod
    def of(cls, lines: Mapping[str, tuple[str, Goods]], passed: Iterable[str]) -> Passes:
        """Count lines, and those of them that passed."""
        counted = cls()
        counted.lines.update(lines.values())
        counted.passed.update(lines[line] for line in passed if line in lines)
        return counted


@dataclass(frozen=True, slots=True)
class Pasts:
    """Passes of all inspections, and of random draws alone: ever, and of the newest quarter of lines."""

    every: Passes
    drawn: Passes
    drawn_lately: Passes


def read_sources(store: Store, dataset: Dataset, until: Instant) -> tuple[Sources, Pasts]:
    """Read which inspection decided each row, and count lines and passes, as known before `until`."""
    standing = _inspections(store, until)
    goods = _goods(store, until)
    decided: dict[str, Inspection] = {}
    for inspection in standing.values():
        decided[inspection.declaration_id] = inspection
    passed = {line for line, inspection in decided.items() if inspection.outcome is Outcome.PASS}
    drawn = {line for line in passed if decided[line].selected_by is Selection.RANDOM}
    lately = dict(list(goods.items())[len(goods) * 3 // 4 :])
    found = [decided.get(str(id)) for id in dataset.lines["id"]]
    sources = Sources(
        office=dataset.lines["office"],
        laboratory=_objects([None if each is None else each.laboratory for each in found]),
        selected_by=_objects([None if each is None else str(each.selected_by) for each in found]),
    )
    return sources, Pasts(Passes.of(goods, passed), Passes.of(goods, drawn), Passes.of(lately, drawn))


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
    """Return each line's enterprise and goods, in the order in which the lines became visible."""
    found: dict[str, tuple[str, Goods]] = {}
    seen: dict[str, Instant] = {}
    for chunk in store.changes(kinds=[Kind.DECLARATION]):
        for revision in chunk:
            line = revision.record
            if revision.visible_at < until and isinstance(line, Declaration) and line.consignee is not None:
                kind = str(line.direction), bool(line.statutory_inspection), line.hs_code[:4]
                found.setdefault(revision.id, (line.consignee, kind))
                seen.setdefault(revision.id, revision.visible_at)
    return {line: found[line] for line in sorted(found, key=seen.__getitem__)}


def _objects(values: list[Any]) -> Labels:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
