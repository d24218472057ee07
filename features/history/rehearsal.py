"""Follows a few made-up records on nothing, so that no caller waits while a kernel is compiled.

A kernel is compiled when it is first called, which on a new installation takes seconds. Made-up lines and an
inspection are counted one after another, settled and merged, and asked about; then all of it is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from features.entities import TALLIES
from features.history.build import BEGINNING, gather
from features.history.keys import KeyedLines
from features.history.level import empty_level
from features.history.parties import parties_of
from features.history.standing import Standing
from features.history.state import TallyState
from features.instants import DAY
from features.lines import Lines
from features.opinions.reading import Reading
from features.records import AnyRecord, Declaration, Inspection
from features.store.database import Store
from features.store.entries import Action
from features.store.reader import Revision
from features.terms import Direction, Outcome

_ROUNDS = 2
"""In the second a level joins another."""


def made_up(number: int, direction: Direction = Direction.IMPORT) -> Declaration:
    """Return a line that nobody declared; its codes are of no commodity, office or country."""
    return Declaration(
        id=f"rehearsal-{number}",
        happened_at=number,
        direction=direction,
        hs_code="0000000000",
        origin="ZZ",
        office="0000",
        currency="CNY",
        total_price=1.0 + number,
        quantity=1.0,
        consignee=f"rehearsal-{number}",
        manufacturer="rehearsal",
    )


def rehearse(store: Store) -> None:
    """Run once what following a store and answering from it runs; of the store nothing is read or kept."""
    standing = _nothing()
    for turn in range(_ROUNDS):
        alone, *pair, checked = [made_up(10 * turn + number) for number in range(4)]
        result = Inspection(
            id=checked.id, happened_at=0, declaration_id=checked.id, outcome=Outcome.RECTIFIED
        )
        chunks: list[list[AnyRecord]] = [[alone], [*pair], [checked, result]]
        for chunk in chunks:
            standing = standing.followed_by(store, _revisions(standing, chunk), _unread)
        _ask(standing, Lines.of(pair))
        tallies = {tally: state.settled() for tally, state in standing.tallies.items()}
        standing = replace(standing, tallies=tallies)


def _nothing() -> Standing:
    tallies = {
        tally: TallyState.of(tally, empty_level(len(declared.entities), len(declared.measures)))
        for tally, declared in TALLIES.items()
    }
    rows = gather([], _unread).parties
    return Standing(0, BEGINNING, tallies, rows, parties_of(rows), frozenset())


def _unread(_: Sequence[int]) -> dict[int, Reading]:
    return {}


def _revisions(standing: Standing, records: Sequence[AnyRecord]) -> list[Revision]:
    """Return the first revisions of records, a day apart, after all that stands."""
    found = []
    for sequence, record in enumerate(records, standing.sequence + 1):
        at = sequence * DAY
        found.append(Revision(sequence, record.kind, record.id, 1, Action.PUT, at, at, at, at, b"", record))
    return found


def _ask(standing: Standing, lines: Lines) -> None:
    keys, as_of = KeyedLines(), np.full(len(lines), standing.watermark + 1)
    for tally, state in standing.tallies.items():
        query = state.query(keys.of(tally, lines), as_of)
        state.search(query)
        state.sweep(query, state.begin_sweep())
