"""The definition of a count, in plain Python: scan every revision, take the state at t, look."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from features.entities import ENTITIES, OPTIONAL_COLUMNS, TALLIES
from features.instants import DAY
from features.lines import Lines
from features.records import Declaration, Inspection, Nonconformity, Opinion
from features.terms import FAILED_OUTCOMES, Depth, Direction, Kind, LineStatus, Outcome, Selection

HELD = 1 << 53


@dataclass(frozen=True)
class Event:
    """One event in the state at some instant."""

    born: int
    sequence: int
    entities: dict[str, object]
    measures: tuple[int, ...]


def fixed(value, scale):
    if value is None:
        return 0
    return round(max(-HELD, min(HELD, max(-HELD, min(HELD, value)) * scale)))


def columns_of(declaration):
    lines = Lines.of([declaration])
    return {name: column[0] for name, column in lines.columns.items()}


def goods_of(record, direction):
    code = record.hs_code or ""
    return {
        "direction": direction,
        "consignee": record.consignee,
        "manufacturer": record.manufacturer,
        "brand": record.brand,
        "origin": record.origin,
        "hs_code": record.hs_code,
        "hs4": code[:4] if len(code) >= 4 else None,
        "hs6": code[:6] if len(code) >= 6 else None,
    }


def entities_of(columns):
    """Name to key of every entity the columns name."""
    found = {}
    for entity, names in ENTITIES.items():
        values = tuple(columns.get(name) for name in names)
        needed = [value for name, value in zip(names, values, strict=True) if name not in OPTIONAL_COLUMNS]
        if all(value is not None for value in needed):
            found[entity] = (str(columns["direction"]), *values)
    return found


def counted(tally, record, line, read=None):  # noqa: PLR0911
    """Columns and measures of a record that counts, else None.

    `line` is the inspected line, `read` an opinion's reading.
    """
    if tally == "inspected" and isinstance(record, Inspection):
        if record.outcome == Outcome.PENDING or line is None:
            return None
        failed, drawn = record.outcome in FAILED_OUTCOMES, record.selected_by == Selection.RANDOM
        flags = (failed, drawn, failed and drawn, record.depth == Depth.LABORATORY)
        return columns_of(line), tuple(int(flag) for flag in flags)
    if tally in ("declared", "priced") and isinstance(record, Declaration):
        if record.status == LineStatus.CANCELLED:
            return None
        columns = columns_of(record)
        if tally == "declared":
            value = columns["value_cny"]
            return columns, (fixed(None if math.isnan(value) else value, TALLIES[tally].scale),)
        price = columns["unit_price_cny"]
        if not (price > 0 and math.isfinite(price)):
            return None
        log = math.log(price)
        return columns, (fixed(log, TALLIES[tally].scale), fixed(log * log, TALLIES[tally].scale))
    if tally == "found" and isinstance(record, Nonconformity) and record.declaration_id is None:
        return goods_of(record, record.direction or Direction.IMPORT), (record.severity or 2,)
    if tally in ("complained", "endangered") and isinstance(record, Opinion):
        return complained(tally, record, read)
    return None


def complained(tally, record, read):
    """What an opinion counts for, as it was read; repeats count only as such."""
    if read is None or not read.complaint:
        return None
    columns = goods_of(record, record.direction)
    for name in ("hs4", "brand", "manufacturer", "consignee"):
        columns[name] = columns[name] or getattr(read, name)
    hazards = [hazard.hazard for hazard in read.hazards]
    if tally == "endangered":
        if read.duplicate_of is not None or not hazards:
            return None
        return columns, tuple(int(name in hazards) for name in TALLIES[tally].measures)
    if read.duplicate_of is not None:
        return columns, (1, 0, 0, 0, 0, 0)
    injured = max(-HELD, min(HELD, read.injured))
    hazardous = int(bool(hazards or read.injury))
    return columns, (0, hazardous, read.severity, injured, int(read.first_time), round(100 * read.weight))


class Oracle:
    """Answers from revisions alone, each time from the beginning."""

    def __init__(self, revisions: Iterable, readings=None) -> None:
        self.readings = readings or {}
        self.records: dict[tuple[Kind, str], list] = {}
        for revision in revisions:
            self.records.setdefault((revision.kind, revision.id), []).append(revision)

    def state(self, key, at):
        """The revision of a record that holds at an instant, or None."""
        visible = [each for each in self.records.get(key, ()) if each.visible_at < at]
        last = max(visible, key=lambda each: each.sequence, default=None)
        return last if last is not None and last.record is not None else None

    def events(self, tally, at):
        """Every event of a tally that counts in the state at an instant."""
        found = []
        for key in self.records:
            now = self._counted_at(tally, key, at)
            if now is None:
                continue
            born, sequence = self._birth(tally, key)
            found.append(Event(born, sequence, entities_of(now[0]), now[1]))
        return found

    def _counted_at(self, tally, key, at):
        revision = self.state(key, at)
        if revision is None:
            return None
        line = None
        if isinstance(revision.record, Inspection):
            line = self.state((Kind.DECLARATION, revision.record.declaration_id), at)
        found = self.readings.get(revision.sequence)
        return counted(tally, revision.record, line.record if line is not None else None, found)

    def _birth(self, tally, key):
        instants = {each.visible_at for each in self.records[key]}
        for revision in self.records[key]:
            if isinstance(revision.record, Inspection):
                named = (Kind.DECLARATION, revision.record.declaration_id)
                instants |= {each.visible_at for each in self.records.get(named, ())}
        born = min(instant for instant in instants if self._counted_at(tally, key, instant + 1) is not None)
        return born, self.state(key, born + 1).sequence

    def among(self, tally, line, at):
        """Entity to the events that count for the line's, newest first."""
        keys, events = entities_of(columns_of(line)), self.events(tally, at)
        events.sort(key=lambda each: (each.born, each.sequence), reverse=True)
        return {
            entity: [each for each in events if entity in keys and each.entities.get(entity) == keys[entity]]
            for entity in TALLIES[tally].entities
        }

    def windows(self, tally, line, at):
        """Counts and measures as `Counts.windows` has them for one line."""
        return [
            [self._cell(tally, events, at, window) for window in TALLIES[tally].windows]
            for events in self.among(tally, line, at).values()
        ]

    def _cell(self, tally, events, at, window):
        inside = [each for each in events if window is None or each.born >= at - window * DAY]
        sums = [sum(each.measures[m] for each in inside) for m in range(len(TALLIES[tally].measures))]
        return [len(inside), *sums]

    def ends(self, tally, line, at):
        """First, last and last failed birth by entity."""
        rows = self.among(tally, line, at).values()
        born = [[each.born for each in events] for events in rows]
        failed = [[each.born for each in events if each.measures[0]] for events in rows]
        return (
            [min(some, default=-1) for some in born],
            [max(some, default=-1) for some in born],
            [max(some, default=-1) for some in failed],
        )


def assert_agrees(history, oracle, lines, instants, tallies=tuple(TALLIES)):
    """Every cell of a history is what the definition says, for single lines and for all together."""
    declarations = [line for line in lines for _ in instants]
    as_of = np.array([at for _ in lines for at in instants], dtype=np.int64)
    for tally in tallies:
        together = history.counts(tally, Lines.of(declarations), as_of)
        for row, (line, at) in enumerate(zip(declarations, as_of.tolist(), strict=True)):
            first, last, failed = oracle.ends(tally, line, at)
            about = f"{tally} of {line} at {at}"
            assert together.windows[row].tolist() == oracle.windows(tally, line, at), about
            assert together.first[row].tolist() == first, about
            assert together.last[row].tolist() == last, about
            if together.last_failed is not None:
                assert together.last_failed[row].tolist() == failed, about
            for place, (entity, events) in enumerate(oracle.among(tally, line, at).items()):
                total, sequences = history.evidence(tally, entity, Lines.of([line]), at, None)
                assert total == len(events)
                if TALLIES[tally].windows[-1] is None:
                    assert total == together.windows[row, place, -1, 0]
                assert sequences == [each.sequence for each in events][:20], f"{entity}, {about}"
