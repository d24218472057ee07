"""What makes one record impossible; files and HTTP share it. What is doubtful stands in `doubts.py`.

A code that no table lists is scored all the same, with a warning: tables age. What cannot be right (a lost
leading zero, a date in the future, an unknown country) is an error.
"""

from __future__ import annotations

import re
from functools import lru_cache

from features.instants import SECOND, Instant, show_instant
from features.instants import now as present
from features.records import AnyRecord, Declaration, Nonconformity, Opinion, Party
from features.rules import BadHsCode, BadOffice, BrokenRule, InFuture, NotPseudonym, TooEarly
from features.text.masking import mask

CLOCK_SKEW: Instant = 300 * SECOND
"""How far ahead of ours a sender's clock may be."""

EARLIEST: Instant = 315_532_800 * SECOND
"""1980-01-01T00:00Z."""

_HASH = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
"""Hashes as they are usually written; no personal number has so many digits."""
_HS_LENGTHS = frozenset({4, 6, 8, 10})


def check_record(record: AnyRecord, now: Instant | None = None) -> list[BrokenRule]:
    """Return every rule that a record breaks; `now` is the instant that counts as the present."""
    latest = (present() if now is None else now) + CLOCK_SKEW
    errors: list[BrokenRule] = []
    if not EARLIEST <= record.happened_at <= latest:
        errors.append(_misdated("happened_at", record.happened_at))
    if isinstance(record, Declaration):
        _check_line(record, latest, errors)
    elif isinstance(record, (Nonconformity, Opinion)):
        if record.hs_code is not None:
            _check_hs_code(record.hs_code, errors)
        if isinstance(record, Opinion) and record.complainant is not None:
            _check_pseudonym(record.complainant, errors)
        if isinstance(record, Nonconformity):
            _check_date("published_at", record.published_at, latest, errors)
    elif isinstance(record, Party):
        _check_party(record, latest, errors)
    return errors


def _check_line(line: Declaration, latest: Instant, errors: list[BrokenRule]) -> None:
    _check_hs_code(line.hs_code, errors)
    _check_date("produced_at", line.produced_at, latest, errors)
    if line.office is not None and not _is_office(line.office):
        errors.append(BadOffice("office", line.office))
    if line.port_office is not None and not _is_office(line.port_office):
        errors.append(BadOffice("port_office", line.port_office))


def _check_party(party: Party, latest: Instant, errors: list[BrokenRule]) -> None:
    if party.registered_at is not None and party.registered_at > latest:
        errors.append(InFuture("registered_at", show_instant(party.registered_at)))
    errors.extend(
        InFuture("events", show_instant(event.happened_at))
        for event in party.events
        if event.happened_at > latest
    )


def _check_pseudonym(complainant: str, errors: list[BrokenRule]) -> None:
    """Refuse names and personal numbers; the answer does not repeat them."""
    in_clear = not complainant.isascii() or " " in complainant.strip() or mask(complainant) != complainant
    if in_clear and not _HASH.fullmatch(complainant):
        errors.append(NotPseudonym("complainant", "[…]"))


def _check_date(field: str, instant: Instant | None, latest: Instant, errors: list[BrokenRule]) -> None:
    if instant is not None and not EARLIEST <= instant <= latest:
        errors.append(_misdated(field, instant))


def _misdated(field: str, instant: Instant) -> BrokenRule:
    return (TooEarly if instant < EARLIEST else InFuture)(field, show_instant(instant))


def _check_hs_code(code: str, errors: list[BrokenRule]) -> None:
    if len(code) in _HS_LENGTHS and code.isdigit() and code.isascii():
        return
    lost = code.isdigit() and len(code) % 2 == 1
    if lost:
        detail = f"has {len(code)} digits: a leading zero was lost"
        errors.append(BadHsCode("hs_code", code, detail, f"共 {len(code)} 位，丢失了前导零"))
    else:
        errors.append(BadHsCode("hs_code", code))


@lru_cache(maxsize=4096)
def _is_office(code: str) -> bool:
    return 2 <= len(code) <= 6 and code.isascii() and code.isalnum() and code.upper() == code
