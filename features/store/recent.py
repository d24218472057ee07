"""What this process has just committed, so that it need not read back what it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from threading import Lock

from sqlalchemy import Connection

from features.store.entries import Action
from features.store.reader import Revision

KEPT = 512
"""Revisions kept: more are never outstanding where each score applies what there is."""
_NOTED = "customs_risk_noted"


class Recent:
    """The last revisions that this process committed, without a gap; a thread may ask while another adds."""

    def __init__(self) -> None:
        self._kept: list[Revision] = []
        self._lock = Lock()

    def between(self, after: int, until: int) -> list[Revision] | None:
        """Return the revisions with after < sequence <= until, None unless every one of them is here."""
        kept = self._kept  # replaced, never changed
        if not kept or not kept[0].sequence - 1 <= after < until <= kept[-1].sequence:
            return None
        begin = kept[0].sequence - 1
        return kept[after - begin : until - begin]

    def add(self, committed: Sequence[Revision]) -> None:
        """Take in what was committed; what does not stand right before it is let go, and what was erased."""
        if not committed:
            return
        erased = any(revision.action == Action.REDACT for revision in committed)
        if erased or any(one.sequence + 1 != other.sequence for one, other in pairwise(committed)):
            committed = []
        with self._lock:
            kept = self._kept
            if not committed or not kept or kept[-1].sequence + 1 != committed[0].sequence:
                kept = []
            self._kept = [*kept[-KEPT:], *committed]


def note(connection: Connection, revisions: Sequence[Revision]) -> None:
    """Note what was stored in a transaction, for when it is committed."""
    noted(connection).extend(revisions)


def noted(connection: Connection) -> list[Revision]:
    """Return what was noted in a transaction so far; who undoes a part of it takes that off the end."""
    found: list[Revision] = connection.info.setdefault(_NOTED, [])
    return found


def taken(connection: Connection) -> list[Revision]:
    """Return what was noted, and forget it."""
    found: list[Revision] = connection.info.pop(_NOTED, [])
    return found
