"""The history: what was known of every entity before any instant, counted exactly."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from features.entities import TALLIES
from features.history.build import ReadOpinions
from features.history.errors import HistoryError
from features.history.evidence import newest_held
from features.history.journey import Journey
from features.history.keys import Integers, KeyedLines, hash_texts
from features.history.parties import look_up
from features.history.shelf import Shelf
from features.history.standing import Standing
from features.history.state import Counts
from features.instants import DAY, Instant
from features.lines import Lines
from features.store.archive import Archive, read_archive
from features.store.database import Store
from features.store.entries import Action
from features.store.reader import Revision
from features.text import TEXT_VERSION

log = logging.getLogger(__name__)


class History:
    """Counts of what was known before an instant, by entity, tally and window; see `docs/time.md`.

    An event counts in a window of w days at t when it was born at t - w days or later and counts in the
    state at t; born is when it first counted. A thread may query while another refreshes: what is applied
    meanwhile is visible only to later instants.
    """

    def __init__(
        self, store: Store, standing: Standing, read: ReadOpinions, shelf: Shelf | None = None
    ) -> None:
        self._store = store
        self._standing = standing
        self._read = read
        self._shelf = shelf
        self._lock = threading.RLock()
        self._keys = KeyedLines()

    @classmethod
    def build(
        cls,
        store: Store,
        until_sequence: int | None = None,
        text_version: str = TEXT_VERSION,
        archive: Archive | None = None,
    ) -> Self:
        """Count everything stored, or up to a sequence, in memory; raises KeyCollision.

        Opinions count as that version of the text code read them. `archive` is what was read of the store.
        """
        read, readings = partial(store.readings.of, text_version=text_version), store.head().readings
        known = read_archive(store, until_sequence) if archive is None else archive
        return cls(store, Standing.of(known, read, readings), read)

    @classmethod
    def open(cls, store: Store, folder: Path) -> Self:
        """Map the segment under `folder` and apply what the store has more.

        Without a segment that can be used everything is counted anew. Where that was much, it is written as a
        segment, so that the next start is quick. Raises KeyCollision.
        """
        shelf, read = Shelf(store, folder, TEXT_VERSION), store.readings.of
        standing = shelf.load()
        if standing is None:
            readings = store.head().readings
            standing = Standing.of(read_archive(store), read, readings)
        history = cls(store, standing, read, shelf)
        history.refresh()
        if history._standing.is_worth_compacting():
            try:
                history.compact()
            except OSError as error:
                log.warning("The history could not be written to %s: %s", folder, error)
        return history

    @property
    def sequence(self) -> int:
        """The last sequence that was applied."""
        return self._standing.sequence

    @property
    def watermark(self) -> Instant:
        """The latest instant at which an applied revision became visible; -1 when there is none."""
        return self._standing.watermark

    def refresh(self) -> bool:
        """Apply what the store has more; returns whether there was any.

        Counts anew from the first revision where something came out of the order of time, which only imports
        before going live do, where readings were made again, and where something was redacted, so that
        nothing of it is kept.
        """
        head, standing = self._store.head(), self._standing
        if head.sequence == standing.sequence and head.readings == standing.readings:
            return False
        with self._lock:
            before = self._standing
            recent = self._store.recent(before.sequence, head.sequence)
            for chunk in self._store.changes(before.sequence) if recent is None else [recent]:
                if not self._standing.is_followed_by(chunk):
                    self._start_over(chunk)
                    break
                self._standing = self._standing.followed_by(self._store, chunk, self._read)
            if self._standing.readings != head.readings:
                self._start_over([])
            return self._standing is not before

    def _start_over(self, chunk: Sequence[Revision]) -> None:
        readings = self._store.head().readings
        self._standing = Standing.of(read_archive(self._store), self._read, readings)
        if self._shelf is not None and any(revision.action == Action.REDACT for revision in chunk):
            self._shelf.save(self._standing, keep_previous=False)

    def compact(self) -> bool:
        """Write all that was counted as a new segment and map it; False when another process is writing one.

        Queries and refreshes go on meanwhile. Raises HistoryError for a history without a folder, OSError.
        """
        if self._shelf is None:
            raise HistoryError("A history built in memory has no folder to be written to.")
        standing = self._standing
        if not self._shelf.save(standing):
            return False
        mapped = self._shelf.load()
        if mapped is None:
            return False
        with self._lock:
            for chunk in self._store.changes(after=mapped.sequence, until=self._standing.sequence):
                if not mapped.is_followed_by(chunk):
                    return False
                mapped = mapped.followed_by(self._store, chunk, self._read)
            self._standing = mapped
        return True

    @property
    def tail_weight(self) -> int:
        """How many events and corrections stand behind the mapped segment."""
        return sum(state.tail_weight for state in self._standing.tallies.values())

    def counts(self, tally: str, lines: Lines, as_of: Integers) -> Counts:
        """Count the events of a tally known before each line's instant, for each of the line's entities.

        `as_of` is int64 (n,), one instant a line; many lines are fastest in order of time. Raises
        HistoryError for an unknown tally or a wrong number of instants.
        """
        if tally not in TALLIES:
            raise HistoryError(f"{tally!r} is no tally; there are {', '.join(TALLIES)}.", value=tally)
        if as_of.shape != (len(lines),):
            raise HistoryError(f"{len(lines)} lines need as many instants, not shape {as_of.shape}.")
        state = self._standing.tallies[tally]
        return state.count(state.query(self._keys.of(tally, lines), as_of))

    def through(self, rows: int) -> Journey:
        """Return what answers for so many lines, asked block by block, as of what is known now."""
        return Journey(self._standing, rows)

    def parties(self, lines: Lines, column: str, as_of: Integers) -> dict[str, NDArray[np.float64]]:
        """Return what was known before each instant of the party that each line names in `column`.

        float64 (n,) each: credit_rank, registered_days (age at the instant), penalties, recalls,
        duty_breaches, NaN where unknown, and known, 0 or 1.
        """
        return look_up(self._standing.parties, hash_texts(lines[column])[0], as_of)

    def evidence(
        self,
        tally: str,
        entity: str,
        line: Lines,
        as_of: Instant,
        window: int | None,
        limit: int = 20,
    ) -> tuple[int, list[int]]:
        """Return how many events a count holds and the sequences of the newest ones, newest first.

        `line` is a single line, `window` any number of days or None. A sequence is that of the revision
        with which the event first counted. Raises HistoryError for what is not declared in
        features.entities.
        """
        if tally not in TALLIES or entity not in TALLIES[tally].entities:
            raise HistoryError(f"{entity!r} is not counted in {tally!r}.", value=entity)
        if len(line) != 1:
            raise HistoryError(f"Evidence is asked for one line, not {len(line)}.")
        place = TALLIES[tally].entities.index(entity)
        state = self._standing.tallies[tally]
        keys = self._keys.of(tally, line)
        if keys[0, place] == 0:
            return 0, []
        start = 0 if window is None else max(0, as_of - window * DAY)
        query = state.query(keys, np.array([as_of]))
        query = query._replace(lengths=np.array([-1 if window is None else window * DAY]))
        total = int(state.count(query).windows[0, place, 0, 0])
        found = np.empty(min(limit, total), dtype=np.int64)
        key = (place, keys[0, place], as_of)
        size = newest_held(state.level_table, state.loose_table, state.size, key, start, found)
        return total, found[:size].tolist()
