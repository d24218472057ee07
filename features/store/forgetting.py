"""What a redaction takes beside the bodies: readings, names and outcomes that rest on what is erased."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from features.store.drafts import Key
from features.store.reader import record_of
from features.store.statements import fetch, run
from features.terms import Kind

_OPINION = (
    "DELETE FROM opinion_bands WHERE sequence IN (SELECT sequence FROM opinion_readings WHERE id = ?)",
    "DELETE FROM opinion_readings WHERE id = ?",
)
_VERSIONS = "text_version IN (SELECT text_version FROM opinion_progress)"
"""Said of every table that was taken in, so that its index is used: all versions there are."""
_NAMES = f"""
    DELETE FROM opinion_names
    WHERE {_VERSIONS} AND sequence IN (SELECT sequence FROM record_revisions WHERE kind = ? AND id = ?)
"""
_OUTCOMES = f"""
    DELETE FROM opinion_outcomes
    WHERE {_VERSIONS} AND sequence IN (SELECT sequence FROM record_revisions WHERE kind = ? AND id = ?)
"""
_OUTCOMES_OF_LINE = f"""
    DELETE FROM opinion_outcomes
    WHERE {_VERSIONS} AND sequence IN (SELECT sequence FROM record_revisions WHERE declaration_id = ?)
"""
_COUNTED = """
    SELECT sequence, body FROM record_revisions
    WHERE kind = ? AND id = ? AND revision = 1 AND body IS NOT NULL
"""
_COUNT_ONE_LESS = """
    UPDATE opinion_goods SET lines = lines - 1 WHERE name = ? AND hs4 = ?
    AND text_version IN (SELECT text_version FROM opinion_progress WHERE taken_in >= ?)
"""
_BORNE_BY_NONE = f"DELETE FROM opinion_goods WHERE {_VERSIONS} AND name = ? AND hs4 = ? AND lines <= 0"


def forget(connection: Connection, records: Iterable[Key]) -> None:
    """Take away what rests on records that are being redacted; their bodies must still be there."""
    for kind, id in records:
        if kind == Kind.OPINION:
            for statement in _OPINION:
                run(connection, statement, id)
            continue
        run(connection, _NAMES, str(kind), id)
        run(connection, _OUTCOMES, str(kind), id)
        if kind == Kind.DECLARATION:
            run(connection, _OUTCOMES_OF_LINE, id)
            _forget_goods(connection, id)


def _forget_goods(connection: Connection, id: str) -> None:
    """Count one line less of the goods name that a line's first revision bore, as far as it was counted."""
    from features.opinions.names import GOODS, names_of  # reads texts: not for a process that erases nothing

    for sequence, body in fetch(connection, _COUNTED, str(Kind.DECLARATION), id):
        for name in names_of(record_of(Kind.DECLARATION, body), 0):
            if name.kind == GOODS:
                run(connection, _COUNT_ONE_LESS, name.name, name.owner, sequence)
                run(connection, _BORNE_BY_NONE, name.name, name.owner)
