"""What goes into the store and what comes back: entries in, receipts out."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from features.instants import Instant
from features.records import AnyRecord
from features.terms import Kind


class Action(StrEnum):
    """What a revision did to its record."""

    PUT = "put"
    WITHDRAW = "withdraw"
    REDACT = "redact"


class Status(StrEnum):
    """What became of an entry."""

    ACCEPTED = "accepted"
    REVISED = "revised"
    UNCHANGED = "unchanged"


class Note(StrEnum):
    """What an import should be told of an entry, beside its status."""

    OUTDATED = "outdated"
    """Said before, and not what holds now."""
    EARLIER = "known_earlier"
    """Said before as known earlier, which stands."""
    OVERRIDDEN = "known_at_overridden"
    """Its known_at does not count, as the store is live."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One thing to store: a record as it now stands, or that a record is withdrawn or redacted.

    `known_at` is for imports only: when the record could first have been known, no later than now.
    """

    record: AnyRecord | None = None
    known_at: Instant | None = None
    action: Action = Action.PUT
    removed: tuple[Kind, str] | None = None

    @classmethod
    def withdraw(cls, kind: Kind, id: str, known_at: Instant | None = None) -> Entry:
        """Say that a record no longer holds; what it said stays readable."""
        return cls(known_at=known_at, action=Action.WITHDRAW, removed=(kind, id))

    @classmethod
    def redact(cls, kind: Kind, id: str, known_at: Instant | None = None) -> Entry:
        """Erase what a record said in all its revisions; their hashes stay."""
        return cls(known_at=known_at, action=Action.REDACT, removed=(kind, id))


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What became of an entry; for an unchanged one, the revision that already said so."""

    kind: Kind
    id: str
    revision: int
    sequence: int
    known_at: Instant
    status: Status
    note: Note | None = None
