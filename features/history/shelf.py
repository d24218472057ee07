"""The folder in which segments stand: finds the one in use, writes new ones, clears away old ones."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from features.history.errors import UnusableSegment
from features.history.segment import current, make_current, read_manifest, read_segment, write_segment
from features.history.standing import Standing
from features.store.database import Store

log = logging.getLogger(__name__)


class Shelf:
    """Segments of one store under one folder, shared by all processes that open it.

    They count opinions as one version of the text code read them.
    """

    def __init__(self, store: Store, folder: Path, text_version: str) -> None:
        self._store = store
        self._folder = folder
        self._text_version = text_version

    def load(self) -> Standing | None:
        """Map the segment in use; None, with the reason logged, where there is none that can be used."""
        while True:
            segment = current(self._folder)
            if segment is None:
                return None
            try:
                manifest = read_manifest(segment)
                readings = self._store.head().readings
                if manifest.anchor != self.anchor(manifest.sequence, readings):
                    raise UnusableSegment(f"{segment} was counted from another store or other readings.")
                return replace(read_segment(segment, manifest), readings=readings)
            except UnusableSegment as error:
                if current(self._folder) == segment:
                    log.warning("History is counted anew from the store: %s", error)
                    return None

    def save(self, standing: Standing, *, keep_previous: bool = True) -> bool:
        """Write a standing as the segment in use; False when another process is at it.

        The previous segment stays for those who are just opening it, unless it must go. Raises OSError.
        """
        if not standing.sequence:
            return False
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._alone() as alone:
            if not alone:
                return False
            previous = current(self._folder)
            writing = self._folder / f"writing-{os.getpid()}"
            shutil.rmtree(writing, ignore_errors=True)
            writing.mkdir()
            write_segment(writing, standing, self.anchor(standing.sequence, standing.readings))
            segment = self._folder / f"segment-{standing.sequence:012d}-{os.urandom(4).hex()}"
            writing.rename(segment)
            make_current(segment)
            self._clear({segment, previous} if keep_previous else {segment})
            return True

    def anchor(self, sequence: int, readings: int) -> str:
        """Return the content hash of a revision, which tells one store from another, and which readings."""
        for chunk in self._store.changes(after=sequence - 1, until=sequence):
            read = f"{self._text_version}.{readings}"
            return f"{chunk[0].content_hash.hex()}@{chunk[0].visible_at}/{read}"
        return ""

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        with (self._folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def _clear(self, keep: set[Path | None]) -> None:
        for pattern in ("segment-*", "writing-*"):
            for folder in self._folder.glob(pattern):
                if folder not in keep:
                    shutil.rmtree(folder, ignore_errors=True)
