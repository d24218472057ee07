"""Entries made ready to be stored: encoded, hashed and known to read back, before any lock is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from features.instants import Instant
from features.records import RECORD_TYPES, AnyRecord, Opinion, Record
from features.store.entries import Action, Entry
from features.store.errors import KnownAtReserved, UnstorableRecord
from features.terms import Kind

Key = tuple[Kind, str]

_ENCODER = msgspec.json.Encoder()
_DECODERS = {kind: msgspec.json.Decoder(of) for kind, of in RECORD_TYPES.items()}
_INT64 = range(-(2**63), 2**63)


class Draft(NamedTuple):
    """An entry made ready before the lock is taken."""

    key: Key
    action: Action
    known_at: Instant | None
    happened_at: Instant | None
    content_hash: bytes
    declaration_id: str | None
    body: str | None
    opinion: Opinion | None = None
    record: AnyRecord | None = None


def draft_all(entries: Iterable[Entry], *, imported: bool) -> list[Draft]:
    """Encode and hash entries; raises UnstorableRecord and KnownAtReserved with the entry's position."""
    drafts = []
    for position, entry in enumerate(entries):
        if entry.known_at is not None and not imported:
            message = f"Entry {position} sets known_at to {entry.known_at}; only imports may set it."
            raise KnownAtReserved(message, field="known_at", value=entry.known_at, position=position)
        drafts.append(_draft(entry, position))
    return drafts


def _draft(entry: Entry, position: int) -> Draft:
    record = entry.record
    if record is None:
        if entry.removed is None or entry.action is Action.PUT:
            raise UnstorableRecord(
                f"Entry {position} holds neither a record nor a removal.", position=position
            )
        return Draft(
            (Kind(entry.removed[0]), entry.removed[1]), entry.action, entry.known_at, None, b"", None, None
        )
    body = _canonical(record, position)
    return Draft(
        (record.kind, record.id),
        Action.PUT,
        entry.known_at,
        record.happened_at,
        hashlib.sha256(body).digest(),
        getattr(record, "declaration_id", None),
        body.decode(),
        record if isinstance(record, Opinion) else None,
        record,
    )


def _canonical(record: Record, position: int) -> bytes:
    """Return the record's one spelling in JSON; it must read back as it is, or nobody could read it later."""
    try:
        again = _DECODERS[record.kind].decode(_ENCODER.encode(record))
        if again != record:
            raise ValueError(f"its fields read back differently: {_differences(record, again)}")
        if "\0" in record.id or "\0" in (getattr(record, "declaration_id", None) or ""):
            raise ValueError("an id holds the character NUL")
        if record.happened_at not in _INT64:
            raise ValueError(f"happened_at {record.happened_at} is no 64-bit number of microseconds")
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        message = f"{record.kind} {record.id!r} cannot be stored: {error}."
        raise UnstorableRecord(message, value=record.id, position=position) from error
    return _ENCODER.encode(again)


def _differences(record: Record, again: Record) -> str:
    names = record.__struct_fields__
    return ", ".join(f"{n}={getattr(record, n)!r}" for n in names if getattr(record, n) != getattr(again, n))
