"""The very records behind a feature: those counted, newest first, as they stood when the line was scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from features.entities import TALLIES
from features.feature import Among, Counted
from features.history import History
from features.instants import Instant
from features.lines import Lines
from features.opinions.reading import Reading
from features.records import AnyRecord, Inspection
from features.store.database import Store
from features.store.reader import Revision, state_at
from features.terms import FAILED_OUTCOMES, Kind, Selection
from features.text import TEXT_VERSION

MOST = 20
"""Records shown under one feature."""
SEARCHED = 5_000
"""Of features that are about some of the events only, at most so many of the newest are looked through."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was counted: how many records, how many of them failed (inspections only), and the newest.

    `records` are revisions as they held at the instant, newest first by when they first counted, at most 20;
    `readings` what was understood of those that are opinions, by sequence.
    """

    counted: Counted
    total: int
    failed: int | None
    records: tuple[Revision, ...]
    readings: Mapping[int, Reading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """Looks evidence up for one line at one instant: nothing that became known later is in it.

    Opinions are as a version of the text code read them.
    """

    store: Store
    history: History
    line: Lines
    as_of: Instant
    text_version: str = TEXT_VERSION

    def evidence(self, counted: Counted, most: int = MOST) -> Evidence:
        """Return the records that were counted before the instant; HistoryError for what is not counted."""
        total, failed = self._sums(counted)
        limit = most if counted.among is Among.ALL else SEARCHED
        if total == 0 or most == 0:
            return Evidence(counted, total, failed, ())
        _, sequences = self.history.evidence(
            counted.tally, counted.entity, self.line, self.as_of, counted.window, limit
        )
        records = tuple(self._standing(sequences, counted.among, most))
        opinions = [revision.sequence for revision in records if revision.kind == Kind.OPINION]
        readings = self.store.readings.of(opinions, self.text_version) if opinions else {}
        return Evidence(counted, total, failed, records, readings)

    def _sums(self, counted: Counted) -> tuple[int, int | None]:
        tally = TALLIES[counted.tally]
        instants = np.array([self.as_of], dtype=np.int64)
        windows = self.history.counts(counted.tally, self.line, instants).windows
        place = tally.entities.index(counted.entity), tally.windows.index(counted.window)
        cell = windows[0, place[0], place[1]].tolist()
        if "failed" not in tally.measures:
            return cell[0], None
        sums = dict(zip(("count", *tally.measures), cell, strict=True))
        every, random = (sums["count"], sums["failed"]), (sums["random"], sums["random_failed"])
        return {
            Among.ALL: every,
            Among.RANDOM: random,
            Among.TARGETED: (every[0] - random[0], every[1] - random[1]),
            Among.FAILED: (every[1], every[1]),
        }[counted.among]

    def _standing(self, sequences: Sequence[int], among: Among, most: int) -> list[Revision]:
        """Return the revisions that held at the instant of the records that first counted with these."""
        found: list[Revision] = []
        step = max(most, 100)
        for start in range(0, len(sequences), step):
            for revision in self._held(sequences[start : start + step]):
                if _is_among(revision.record, among):
                    found.append(revision)
                    if len(found) == most:
                        return found
        return found

    def _held(self, sequences: Sequence[int]) -> list[Revision]:
        born = {revision.sequence: revision for revision in self.store.at_sequences(sequences)}
        by_kind: dict[Kind, list[str]] = {}
        for revision in born.values():
            by_kind.setdefault(revision.kind, []).append(revision.id)
        every = {
            (kind, id): revisions
            for kind, ids in by_kind.items()
            for id, revisions in self.store.revisions(kind, ids).items()
        }
        held = [
            state_at(every[born[sequence].kind, born[sequence].id], self.as_of)
            for sequence in sequences
            if sequence in born
        ]
        return [revision for revision in held if revision is not None]


def _is_among(record: AnyRecord | None, among: Among) -> bool:
    if among is Among.ALL:
        return True
    if not isinstance(record, Inspection):
        return False
    if among is Among.FAILED:
        return record.outcome in FAILED_OUTCOMES
    return (record.selected_by is Selection.RANDOM) == (among is Among.RANDOM)
