"""The labels of all lines at once, by the rules of `training.labels`.

Most lines have one inspection and nothing else, and few different things are said of them: each different
result is judged once. Lines of which more is said are judged one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.instants import Instant
from features.records import Inspection, Nonconformity
from features.store.archive import Archive, Inspected
from features.store.reader import Revision
from features.terms import Kind
from models.spec import Target
from training.labels import KnownRecord, Label, label_line
from training.laboratories import Laboratories, laboratories_of

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Labels (n,) of lines, which are named by their places in the archive; otherwise as in `Dataset`.

    `dropped` counts the lines without a label by reason, `inspected` (lines,) says of which lines an
    inspection stands.
    """

    line: Integers
    positive: Flags
    random: Flags
    resolved_at: Integers
    reasons: NDArray[np.object_]
    recorded: NDArray[np.float64]
    trust: NDArray[np.float64]
    dropped: Counter[str]
    inspected: Flags
    laboratories: Laboratories


@dataclass(frozen=True, slots=True)
class _Standing:
    """What stands at an instant: rows of inspections with the line each names, and findings by line.

    `rows` come in the order in which their inspections came to stand.
    """

    inspections: Inspected
    rows: Integers
    line: Integers
    findings: dict[int, list[KnownRecord[Nonconformity]]]

    def grouped(self, lines: Integers) -> dict[int, list[KnownRecord[Inspection]]]:
        """Return the inspections of some lines, by line."""
        groups: dict[int, list[KnownRecord[Inspection]]] = {line: [] for line in lines.tolist()}
        for at in np.flatnonzero(np.isin(self.line, lines)).tolist():
            groups[int(self.line[at])].append(self.known(self.rows[at]))
        return groups

    def strangers(self) -> list[list[KnownRecord[Inspection]]]:
        """Return the inspections of each line that nobody declared."""
        groups: dict[str, list[KnownRecord[Inspection]]] = {}
        for row in self.rows[self.line < 0]:
            known = self.known(row)
            groups.setdefault(known.record.declaration_id, []).append(known)
        return list(groups.values())

    def known(self, row: int) -> KnownRecord[Inspection]:
        """Return an inspection with the instant at which it became visible."""
        record = self.inspections.records[row]
        assert record is not None, "only what is present stands"
        return KnownRecord(record, int(self.inspections.visible_at[row]))


def label_lines(archive: Archive, target: Target, until: Instant) -> Labels:
    """Label the lines that were declared, and not withdrawn, before `until` by what was then known."""
    declared, standing = archive.declared, _standing(archive, until)
    last = declared.standing(until)
    filed, gone = (np.zeros(len(declared.ids), dtype=bool) for _ in range(2))
    filed[declared.of[last]], gone[declared.of[last]] = True, ~declared.put[last]
    known = standing.line[standing.line >= 0]
    count = np.bincount(known, minlength=len(filed))
    several = count > 1
    several[[line for line in standing.findings if count[line]]] = True
    groups, strangers = standing.grouped(np.flatnonzero(several)), standing.strangers()
    laboratories = laboratories_of([*groups.values(), *strangers])
    judged = _Judged(len(filed), archive.inspected, laboratories, target)
    judged.one_each(standing.rows[standing.line >= 0], known, (filed & ~gone & ~several)[known])
    for line, inspections in groups.items():
        if filed[line] and not gone[line]:
            judged.several(line, inspections, standing.findings.get(line, ()))
    dropped = judged.dropped
    dropped["withdrawn"] = int((filed & gone).sum())
    dropped["no inspection known"] = int((filed & ~gone & (count == 0)).sum())
    dropped["inspection of an unknown line"] = len(strangers) + int((~filed & (count > 0)).sum())
    return judged.labels(count > 0)


def _standing(archive: Archive, until: Instant) -> _Standing:
    inspected = archive.inspected
    rows = _in_order(inspected, until)
    findings: dict[int, list[KnownRecord[Nonconformity]]] = {}
    for known in standing_findings(archive.others[Kind.NONCONFORMITY], until):
        line = archive.declared.places.get(known.record.declaration_id, -1)
        if line >= 0:
            findings.setdefault(line, []).append(known)
    return _Standing(inspected, rows, inspected.line[rows], findings)


def standing_findings(revisions: Iterable[Revision], until: Instant) -> Sequence[KnownRecord[Nonconformity]]:
    """Return the findings that stand just before `until`, in the order in which they came to stand."""
    standing: dict[str, KnownRecord[Nonconformity]] = {}
    for revision in revisions:
        if revision.visible_at < until:
            if isinstance(revision.record, Nonconformity):
                standing[revision.id] = KnownRecord(revision.record, revision.visible_at)
            else:
                standing.pop(revision.id, None)
    return list(standing.values())


def _in_order(inspected: Inspected, until: Instant) -> Integers:
    """Return the rows that stand, in the order of the revision from which on their inspection was there."""
    seen = np.flatnonzero(inspected.visible_at < until)
    seen = seen[np.argsort(inspected.of[seen], kind="stable")]
    if not len(seen):
        return seen
    of, present = inspected.of[seen], inspected.present[seen]
    begins = np.concatenate([[True], (of[1:] != of[:-1]) | ~present[:-1]])
    begun = np.maximum.accumulate(np.where(begins, np.arange(len(seen)), 0))
    last = np.concatenate([of[1:] != of[:-1], [True]]) & present
    return seen[last][np.argsort(seen[begun[last]], kind="stable")]


class _Judged:
    """Labels as they are found, by line."""

    def __init__(self, lines: int, inspected: Inspected, laboratories: Laboratories, target: Target) -> None:
        self._inspected, self._laboratories, self._target = inspected, laboratories, target
        self.dropped: Counter[str] = Counter()
        self._labelled, self._positive, self._random = np.zeros((3, lines), dtype=bool)
        self._resolved = np.zeros(lines, dtype=np.int64)
        self._reasons = np.empty(lines, dtype=object)
        self._recorded, self._trust = np.full(lines, np.nan), np.ones(lines)

    def one_each(self, rows: Integers, lines: Integers, chosen: Flags) -> None:
        """Label lines with one inspection and nothing else."""
        rows, lines = rows[chosen], lines[chosen]
        result = self._inspected.result[rows]
        for number in np.unique(result).tolist():
            found, sample = result == number, [KnownRecord(self._inspected.results[number], 0)]
            label = label_line(self._target, sample, ())
            if isinstance(label, str):
                self.dropped[label] += int(found.sum())
            else:
                self._put(lines[found], label, self._laboratories.trust(sample, positive=label.positive))
        self._resolved[lines] = self._inspected.visible_at[rows]
        chances = (self._inspected.records[row] for row in rows.tolist())
        told = [None if one is None else one.selection_probability for one in chances]
        self._recorded[lines] = np.array(told, dtype=np.float64)

    def several(
        self,
        line: int,
        inspections: Sequence[KnownRecord[Inspection]],
        findings: Sequence[KnownRecord[Nonconformity]],
    ) -> None:
        """Label a line of which more is said."""
        label = label_line(self._target, inspections, findings)
        if isinstance(label, str):
            self.dropped[label] += 1
            return
        self._put(line, label, self._laboratories.trust(inspections, positive=label.positive))
        self._resolved[line] = label.resolved_at
        self._recorded[line] = np.nan if label.recorded is None else label.recorded

    def _put(self, lines: int | Integers, label: Label, trust: float) -> None:
        self._labelled[lines], self._positive[lines] = True, label.positive
        self._random[lines], self._reasons[lines] = label.random, str(label.reason)
        self._trust[lines] = trust

    def labels(self, inspected: Flags) -> Labels:
        """Return all labels found."""
        line = np.flatnonzero(self._labelled)
        return Labels(
            line,
            self._positive[line],
            self._random[line],
            self._resolved[line],
            self._reasons[line],
            self._recorded[line],
            self._trust[line],
            self.dropped,
            inspected,
            self._laboratories,
        )
