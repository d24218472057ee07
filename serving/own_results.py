"""A label is not a feature of itself: a line with results is scored by what was known before them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlalchemy import Engine

from features.instants import Instant
from features.records import Inspection, Nonconformity
from features.store.reader import Revision, linked, revisions, state_at
from features.store.statements import listed, run_at_once
from features.terms import Kind, Outcome

_NAMING = "SELECT DISTINCT declaration_id FROM record_revisions WHERE declaration_id IS AMONG ?"
"""Spelt out, as it stands on the path of every score; few lines that are scored have results already."""

_Records: TypeAlias = Sequence[Sequence[Revision]]
"""Inspections and nonconformities, each as its revisions, oldest first."""


def own_instants(
    engine: Engine, lines: Iterable[str], as_of: Instant, until_sequence: int
) -> dict[str, Instant]:
    """Return, for the lines whose own results count at `as_of`, the last instant at which none counts.

    Lines without such results are left out. Records after `until_sequence` are not looked at, so that the
    answer is the same whenever it is asked for.
    """
    named = [id for (id,) in run_at_once(engine, _NAMING, listed(engine, lines))]
    if not named:
        return {}
    with engine.connect() as connection:
        declared = revisions(connection, Kind.DECLARATION, named)
        of_kinds = [linked(connection, kind, named) for kind in (Kind.INSPECTION, Kind.NONCONFORMITY)]
    found: dict[str, Instant] = {}
    for line in named:
        seen = [one.visible_at for one in declared.get(line, ()) if one.sequence <= until_sequence]
        if not seen:
            continue  # nothing counts of a line that is not declared
        records = [one for of in of_kinds for one in _by_record(of.get(line, ()), until_sequence)]
        before = _before(records, line, as_of, min(seen))
        if before < as_of:
            found[line] = before
    return found


def _by_record(said: Iterable[Revision], until_sequence: int) -> _Records:
    """Group revisions by record; ids of two kinds are never mixed, as each kind is grouped by itself."""
    found: dict[str, list[Revision]] = {}
    for one in said:
        if one.sequence <= until_sequence:
            found.setdefault(one.id, []).append(one)
    return list(found.values())


def _before(records: _Records, line: str, as_of: Instant, declared_at: Instant) -> Instant:
    """Return the latest instant, `as_of` at most, at which no own result counts.

    Before what holds now something else may have held, so that each step back is looked at anew.
    """
    at = as_of
    while declared_at < at:
        held = [state_at(one, at) for one in records]
        since = [one.visible_at for one in held if one is not None and _is_result(one, line)]
        if not since:
            break
        at = max(min(since), declared_at)
    return at


def _is_result(said: Revision, line: str) -> bool:
    record = said.record
    if isinstance(record, Inspection):
        return record.declaration_id == line and record.outcome != Outcome.PENDING
    return isinstance(record, Nonconformity) and record.declaration_id == line
