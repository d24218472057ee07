"""Where each label came from, and how often each enterprise was inspected, drawn at random, and passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.coded import objects
from features.instants import Instant
from features.records import Inspection
from features.store.archive import Archive, Declared
from features.terms import Depth, Outcome, Selection
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
    def of(cls, goods: _GoodsOfLines, passed: NDArray[np.bool_]) -> Passes:
        """Count lines, and those of them that passed."""
        told, first, place = np.unique(goods.kind, return_index=True, return_inverse=True)
        lines, good = (np.bincount(place, weights, len(told)) for weights in (None, passed))
        counted = cls()
        for at in np.argsort(first).tolist():
            name = goods.names[told[at]]
            counted.lines[name], counted.passed[name] = int(lines[at]), int(good[at])
        return counted


@dataclass(frozen=True, slots=True, eq=False)
class _GoodsOfLines:
    """Lines (n,) in the order in which they became visible: place, and enterprise and goods among `names`."""

    line: NDArray[np.int64]
    kind: NDArray[np.int64]
    names: Mapping[int, tuple[str, Goods]]

    def newest(self) -> _GoodsOfLines:
        """Return the newest quarter."""
        begin = len(self.line) * 3 // 4
        return _GoodsOfLines(self.line[begin:], self.kind[begin:], self.names)


@dataclass(frozen=True, slots=True)
class Pasts:
    """Passes of all inspections, and of random draws alone: ever, and of the newest quarter of lines."""

    every: Passes
    drawn: Passes
    drawn_lately: Passes


def read_sources(archive: Archive, dataset: Dataset, until: Instant) -> tuple[Sources, Pasts]:
    """Tell which inspection decided each row, and count lines and passes, as known before `until`."""
    results, decided = archive.inspected.results, _decided(archive, until)
    goods = _goods(archive.declared, until)
    passes = [one.outcome is Outcome.PASS for one in results]
    draws = [one.selected_by is Selection.RANDOM for one in results]
    passed, drawn = (np.array([*told, False], dtype=bool)[decided] for told in (passes, draws))
    lately = goods.newest()
    places = archive.declared.places
    found = decided[[places[line] for line in dataset.lines["id"].tolist()]]
    sources = Sources(
        office=dataset.lines["office"],
        laboratory=objects([*(one.laboratory for one in results), None])[found],
        selected_by=objects([*(str(one.selected_by) for one in results), None])[found],
    )
    pasts = [(goods, passed), (goods, passed & drawn), (lately, passed & drawn)]
    return sources, Pasts(*(Passes.of(lines, chosen[lines.line]) for lines, chosen in pasts))


def _decided(archive: Archive, until: Instant) -> NDArray[np.int64]:
    """Return each line's result at the usual depth that became known last, as its number; -1 without one."""
    inspected = archive.inspected
    rows = np.sort(inspected.standing(until))
    counted = np.array([*map(_counts, inspected.results), False], dtype=bool)
    rows = rows[counted[inspected.result[rows]] & (inspected.line[rows] >= 0)]
    decided = np.full(len(archive.declared.ids), -1, dtype=np.int64)
    decided[inspected.line[rows]] = inspected.result[rows]  # the last one written stays
    return decided


def _counts(record: Inspection) -> bool:
    return record.depth is not Depth.DOCUMENT and record.outcome is not Outcome.PENDING


def _goods(declared: Declared, until: Instant) -> _GoodsOfLines:
    """Return each line's enterprise and goods, in the order in which the lines became visible."""
    lines = declared.lines
    named = np.append(lines.coded("consignee").codes >= 0, False)
    rows = np.flatnonzero((declared.visible_at < until) & named[declared.place])
    rows = rows[np.sort(np.unique(declared.of[rows], return_index=True)[1])]
    rows = rows[np.argsort(declared.visible_at[rows], kind="stable")]
    place = declared.place[rows]
    columns = [lines.coded(name).take(place) for name in ("consignee", "direction", "hs4")]
    statutory = lines["statutory_inspection"][place] == 1
    kind = statutory.astype(np.int64)
    for column in columns:
        kind = kind * (len(column.values) + 1) + column.codes + 1
    kinds, first = np.unique(kind, return_index=True)
    texts = [column.take(first).texts().tolist() for column in columns]
    by_law = statutory[first].tolist()
    names = {
        number: (enterprise, (str(way), law, heading))
        for number, enterprise, way, heading, law in zip(kinds.tolist(), *texts, by_law, strict=True)
    }
    return _GoodsOfLines(declared.of[rows], kind, names)
