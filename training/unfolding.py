"""Labels of inspected lines as they were known at one instant after the other.

`training.dataset` labels lines as they stand at the end; what is fitted for an earlier instant must not see
what was amended, withdrawn or found out since.

Of most lines one inspection is ever recorded, once: their labels come all at once. The others are walked
through, change by change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.instants import Instant
from features.records import Inspection, Nonconformity
from features.store.archive import Archive
from features.store.reader import Revision
from features.terms import Kind
from models.spec import Target
from training.labels import KnownRecord, Label, label_line

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


class _Event(NamedTuple):
    """A revision of what bears on the line `line` (-1: none); `there` says whether it has content."""

    visible_at: Instant
    sequence: int
    key: tuple[Kind, str]
    line: int
    there: bool
    record: Inspection | Nonconformity | None


class Unfolding:
    """Walks forward through what became visible; what it says is as known at the last instant asked.

    By the places of lines in the archive: `labelled` and `positive` are boolean, `resolved_at` int64, 0 where
    there is no label. `named` are the lines that an inspection or a finding ever named and whose first
    revision is there.
    """

    def __init__(self, archive: Archive, target: Target) -> None:
        self._target = target
        declared, lines = archive.declared, len(archive.declared.ids)
        self.labelled, self.positive = np.zeros((2, lines), dtype=bool)
        self.resolved_at = np.zeros(lines, dtype=np.int64)
        self._firsts = declared.firsts()
        self._filed = declared.present[self._firsts]
        findings = [_found(archive, revision) for revision in archive.others[Kind.NONCONFORMITY]]
        named, once = _named_once(archive, [event.line for event in findings])
        self.named = np.flatnonzero(named & self._filed)
        events = sorted(
            [*findings, *_inspections(archive, once), *_lines(archive, named & ~once)],
            key=attrgetter("visible_at", "sequence"),
        )
        self.first = _earliest(archive, named)
        self._events = iter(events)
        self._next = next(self._events, None)
        self._standing: dict[tuple[Kind, str], _Event] = {}
        self._naming: dict[int, set[tuple[Kind, str]]] = {}
        self._declared: dict[int, _Event] = {}
        self._once = _Once.of(archive, once & self._filed, target)

    def advance(self, at: Instant) -> None:
        """Take in everything visible before `at`; instants must not go back."""
        lines, positive, resolved_at = self._once.until(at)
        self.labelled[lines], self.positive[lines], self.resolved_at[lines] = True, positive, resolved_at
        touched: set[int] = set()
        while self._next is not None and self._next.visible_at < at:
            touched |= self._take(self._next)
            self._next = next(self._events, None)
        for line in touched:
            label = self._label(line)
            self.labelled[line] = label is not None
            self.positive[line] = label is not None and label.positive
            self.resolved_at[line] = 0 if label is None else label.resolved_at

    def _take(self, event: _Event) -> set[int]:
        """Let a revision stand unless a later one of its record already does; return the lines it touches."""
        before = self._standing.get(event.key)
        if before is not None and before.sequence > event.sequence:
            return set()
        self._standing[event.key] = event
        if event.key[0] == Kind.DECLARATION:
            self._declared[event.line] = event
            return {event.line}
        lines = {each.line for each in (before, event) if each is not None and each.line >= 0}
        for line in lines:
            self._naming.setdefault(line, set()).add(event.key)
        return lines

    def _label(self, line: int) -> Label | None:
        declared = self._declared.get(line)
        if declared is None or not declared.there or not self._filed[line]:
            return None
        inspections: list[KnownRecord[Inspection]] = []
        findings: list[KnownRecord[Nonconformity]] = []
        for key in sorted(self._naming.get(line, ())):
            event = self._standing[key]
            if event.line != line:
                continue
            if isinstance(event.record, Inspection):
                inspections.append(KnownRecord(event.record, event.visible_at))
            elif isinstance(event.record, Nonconformity):
                findings.append(KnownRecord(event.record, event.visible_at))
        label = label_line(self._target, inspections, findings)
        return label if isinstance(label, Label) else None


class _Once(NamedTuple):
    """Labels (n,) of lines inspected once, in the order of the instants after which they are known."""

    since: Integers
    line: Integers
    positive: Flags
    resolved_at: Integers
    reached: list[int]

    @classmethod
    def of(cls, archive: Archive, lines: Flags, target: Target) -> _Once:
        """Judge each different result once."""
        inspected, declared = archive.inspected, archive.declared
        rows = np.flatnonzero(_of_named(lines, inspected.line))
        judged = [label_line(target, [KnownRecord(one, 0)], ()) for one in inspected.results]
        labelled = np.array([isinstance(label, Label) for label in judged], dtype=bool)
        failed = np.array([isinstance(label, Label) and label.positive for label in judged], dtype=bool)
        rows = rows[labelled[inspected.result[rows]]]
        line, resolved_at = inspected.line[rows], inspected.visible_at[rows]
        visible = np.full(len(declared.ids), np.iinfo(np.int64).max)
        np.minimum.at(visible, declared.of, declared.visible_at)
        since = np.maximum(visible[line], resolved_at)
        order = np.argsort(since, kind="stable")
        positive = failed[inspected.result[rows]]
        return cls(since[order], line[order], positive[order], resolved_at[order], [0])

    def until(self, at: Instant) -> tuple[Integers, Flags, Integers]:
        """Return lines, outcomes and instants of what became known before `at` and was not told yet."""
        begin, end = self.reached[0], int(np.searchsorted(self.since, at))
        self.reached[0] = end
        return self.line[begin:end], self.positive[begin:end], self.resolved_at[begin:end]


def _named_once(archive: Archive, found: Sequence[int]) -> tuple[Flags, Flags]:
    """Say which lines were ever named, and which by one inspection only, recorded once, and always there."""
    inspected, declared = archive.inspected, archive.declared
    lines = len(declared.ids)
    links = inspected.line[inspected.line >= 0]
    count = np.bincount(links, minlength=lines)
    again = np.bincount(inspected.of, minlength=len(inspected.ids))[inspected.of] > 1
    often = inspected.line[again & (inspected.line >= 0)]
    once = count == 1
    once[often] = False
    once[declared.of[~declared.present]] = False
    named = count > 0
    for line in found:
        if line >= 0:
            named[line], once[line] = True, False
    return named, once


def _earliest(archive: Archive, named: Flags) -> Instant | None:
    """Return when the first of all that bears on some line became visible."""
    declared = archive.declared
    told = [revision.visible_at for revision in archive.others[Kind.NONCONFORMITY]]
    parts = [archive.inspected.visible_at, declared.visible_at[named[declared.of]]]
    return min([*told, *(int(part.min()) for part in parts if len(part))], default=None)


def _of_named(flags: Flags, lines: Integers) -> Flags:
    """Return the flag of each line; that of a line nobody declared (-1) is false."""
    return np.asarray(np.append(flags, np.False_)[lines])


def _found(archive: Archive, revision: Revision) -> _Event:
    record = revision.record if isinstance(revision.record, Nonconformity) else None
    line = -1 if record is None else archive.declared.places.get(record.declaration_id, -1)
    key = (Kind.NONCONFORMITY, revision.id)
    return _Event(revision.visible_at, revision.sequence, key, line, record is not None, record)


def _inspections(archive: Archive, once: Flags) -> Iterator[_Event]:
    inspected = archive.inspected
    for row in np.flatnonzero(~_of_named(once, inspected.line)).tolist():
        key, record = (Kind.INSPECTION, inspected.ids[inspected.of[row]]), inspected.records[row]
        told = (int(inspected.visible_at[row]), int(inspected.sequence[row]), key, int(inspected.line[row]))
        yield _Event(*told, record is not None, record)


def _lines(archive: Archive, chosen: Flags) -> Iterator[_Event]:
    declared = archive.declared
    for row in np.flatnonzero(chosen[declared.of]).tolist():
        line = int(declared.of[row])
        told = (int(declared.visible_at[row]), int(declared.sequence[row]))
        yield _Event(*told, (Kind.DECLARATION, declared.ids[line]), line, bool(declared.present[row]), None)
