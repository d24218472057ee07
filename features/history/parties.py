"""What was known of the parties that lines name: credit, age, penalties, as they stood at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.code_tables import credit_rank
from features.history.errors import KeyCollision
from features.history.keys import BOTH_SEEDS, Hashes, Integers, hash_texts
from features.history.sorting import find_key, first_from, order_of
from features.history.timeline import holding
from features.instants import DAY
from features.kernel import kernel
from features.records import Party
from features.store.reader import Revision
from features.terms import PartyEventKind

FACTS = ("credit_rank", "registered_days", "penalties", "recalls", "duty_breaches", "known")
_COUNTED = (PartyEventKind.PENALTY, PartyEventKind.RECALL, PartyEventKind.DUTY_BREACH)
_FOREVER = np.iinfo(np.int64).max


class PartyRows(NamedTuple):
    """Revisions of parties as columns, in order of sequence.

    `facts` float64 (rows, 5): credit rank, penalties, recalls, duty breaches, known (0 after a withdrawal);
    `instants` int64 (rows, 3): registered, and from when until before when the credit level is valid.
    """

    ids: Hashes
    id_checks: Hashes
    sequence: Integers
    visible: Integers
    facts: NDArray[np.float64]
    instants: NDArray[np.int64]


class Parties(NamedTuple):
    """Party revisions that ever hold: `ids` sorted, those of party p are starts[p]:starts[p + 1]."""

    ids: Hashes
    starts: Integers
    since: Integers
    facts: NDArray[np.float64]
    instants: NDArray[np.int64]


def party_rows(revisions: Sequence[Revision]) -> PartyRows:
    """Lay revisions of parties out as columns."""
    ids, id_checks = hash_texts([revision.id for revision in revisions], BOTH_SEEDS)
    facts = [_facts(revision.record) for revision in revisions]
    instants = [_instants(revision.record) for revision in revisions]
    return PartyRows(
        ids,
        id_checks,
        np.array([revision.sequence for revision in revisions], dtype=np.int64),
        np.array([revision.visible_at for revision in revisions], dtype=np.int64),
        np.array(facts, dtype=np.float64).reshape(len(ids), 5),
        np.array(instants, dtype=np.int64).reshape(len(ids), 3),
    )


def join_party_rows(parts: Sequence[PartyRows]) -> PartyRows:
    """Put parts behind one another."""
    return PartyRows._make(np.concatenate(columns) for columns in zip(party_rows([]), *parts, strict=True))


def _facts(record: object) -> tuple[float, ...]:
    if not isinstance(record, Party):
        return (np.nan, np.nan, np.nan, np.nan, 0.0)
    rank = credit_rank(record.credit_scheme, record.credit_level) if record.credit_level else None
    kinds = [event.kind for event in record.events]
    return (np.nan if rank is None else float(rank), *(float(kinds.count(kind)) for kind in _COUNTED), 1.0)


def _instants(record: object) -> tuple[int, int, int]:
    if not isinstance(record, Party):
        return (-1, 0, _FOREVER)
    registered = -1 if record.registered_at is None else record.registered_at
    until = _FOREVER if record.credit_valid_to is None else record.credit_valid_to
    return (registered, record.credit_valid_from or 0, until)


def parties_of(rows: PartyRows) -> Parties:
    """Sort party revisions by party and keep those that ever hold; raises KeyCollision."""
    order = order_of(rows.ids)
    ids, checks = rows.ids[order], rows.id_checks[order]
    begins = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1]))) if len(ids) else order
    starts = np.append(begins, len(ids)).astype(np.int64)
    if not np.array_equal(np.repeat(checks[begins], np.diff(starts)), checks):
        raise KeyCollision("Two different party ids have the same 64-bit hash.")
    held, kept = holding(starts, order, rows.visible)
    return Parties(ids[begins], held, rows.visible[kept], rows.facts[kept], rows.instants[kept])


def look_up(parties: Parties, keys: Hashes, as_of: Integers) -> dict[str, NDArray[np.float64]]:
    """Return the facts of parties by the hash of their id (0: none named), as they stood before each instant.

    Each column is float64 (rows), NaN where nothing is known; `known` is 0 or 1.
    """
    columns = np.empty((len(FACTS), len(keys)))
    _fill_facts(columns, parties, keys, as_of)
    return dict(zip(FACTS, columns, strict=True))


@kernel
def _fill_facts(columns: NDArray[np.float64], parties: Parties, keys: Hashes, as_of: Integers) -> None:
    for row, place in enumerate(_rows_at(parties, keys, as_of)):
        columns[:-1, row] = np.nan
        columns[-1, row] = 0.0
        if place < 0:
            continue
        facts, at = parties.facts[place], as_of[row]
        registered, since, until = parties.instants[place]
        if since <= at < until:
            columns[0, row] = facts[0]
        if registered >= 0:
            columns[1, row] = (at - registered) / DAY
        columns[2:, row] = facts[1:]


@kernel
def _rows_at(parties: Parties, keys: Hashes, as_of: Integers) -> Integers:
    rows = np.full(len(keys), -1, dtype=np.int64)
    for row in range(len(keys)):
        party = -1 if keys[row] == 0 else find_key(parties.ids, 0, len(parties.ids), keys[row])
        if party >= 0:
            low = parties.starts[party]
            place = first_from(parties.since, low, parties.starts[party + 1], as_of[row])
            rows[row] = place - 1 if place > low else -1
    return rows
