"""All that a history knows as of one sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from features.entities import TALLIES
from features.history.archived import gather_archive
from features.history.build import BEGINNING, Deriver, ReadOpinions, gather
from features.history.follow import Touched
from features.history.level import empty_level
from features.history.newborn import are_newborn, births_of
from features.history.parties import Parties, PartyRows, join_party_rows, parties_of, party_rows
from features.history.state import TallyState, weight
from features.instants import Instant
from features.store.archive import Archive
from features.store.database import Store
from features.store.entries import Action
from features.store.reader import Revision
from features.terms import Kind

_MUCH = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What was counted of the revisions up to `sequence`, the last of them visible at `watermark` (-1: none).

    `waiting` holds the id hashes of declarations that inspections name and nobody has declared yet;
    `mapped` says whether the largest levels are those of a segment, `readings` how often readings of opinions
    had been made again.
    """

    sequence: int
    watermark: Instant
    tallies: Mapping[str, TallyState]
    party_rows: PartyRows
    parties: Parties
    waiting: frozenset[int]
    mapped: bool = False
    readings: int = 0

    @classmethod
    def of(cls, archive: Archive, read: ReadOpinions, readings: int = 0) -> Self:
        """Count everything stored; raises KeyCollision."""
        gathered = gather_archive(archive, read)
        deriver = Deriver(gathered.rows)
        tallies = {tally: TallyState.of(tally, level) for tally, level in deriver.levels()}
        for tally, declared in TALLIES.items():
            nothing = empty_level(len(declared.entities), len(declared.measures))
            tallies.setdefault(tally, TallyState.of(tally, nothing))
        waiting = frozenset(deriver.waiting().tolist())
        parties = parties_of(gathered.parties)
        return cls(
            archive.sequence,
            archive.watermark,
            tallies,
            gathered.parties,
            parties,
            waiting,
            readings=readings,
        )

    def is_followed_by(self, chunk: Sequence[Revision]) -> bool:
        """Whether a chunk can be counted on top: it is later in time, and nothing was redacted."""
        return all(
            revision.visible_at > self.watermark and revision.action != Action.REDACT for revision in chunk
        )

    def followed_by(self, store: Store, chunk: Sequence[Revision], read: ReadOpinions) -> Self:
        """Return what is known once a chunk of revisions, all visible after the watermark, is counted too."""
        if are_newborn(chunk, self.waiting):
            return self._followed_by_newborn(chunk)
        rows = gather([Touched(store, chunk, self.waiting).in_order()], read).rows
        deriver = Deriver(rows, after=self.watermark)
        tallies = dict(self.tallies)
        for tally, changes in deriver.changes():
            tallies[tally] = tallies[tally].with_changes(changes)
        waiting, arrived = self.waiting, rows[Kind.DECLARATION].ids.tolist()
        if not waiting.isdisjoint(arrived):
            waiting = waiting.difference(arrived)
        if len(named := deriver.waiting()):
            waiting = waiting.union(named.tolist())
        last = _Last()
        last.see(chunk)
        followed = replace(
            self, sequence=last.sequence, watermark=last.visible, tallies=tallies, waiting=waiting
        )
        return followed._with_parties([revision for revision in chunk if revision.kind == Kind.PARTY])

    def _followed_by_newborn(self, chunk: Sequence[Revision]) -> Self:
        counted = {tally: self.tallies[tally].with_births(births) for tally, births in births_of(chunk)}
        last = _Last()
        last.see(chunk)
        tallies = {**self.tallies, **counted}
        return replace(self, sequence=last.sequence, watermark=last.visible, tallies=tallies)

    def is_worth_compacting(self) -> bool:
        """Whether a new segment pays: nothing is mapped yet, or much stands behind what is."""
        tails = sum(state.tail_weight for state in self.tallies.values())
        bases = sum(weight(state.levels[0]) for state in self.tallies.values())
        return not self.mapped or tails > max(_MUCH, bases // 10)

    def _with_parties(self, revisions: Sequence[Revision]) -> Self:
        if not revisions:
            return self
        rows = join_party_rows([self.party_rows, party_rows(revisions)])
        return replace(self, party_rows=rows, parties=parties_of(rows))


class _Last:
    """Notes how far revisions have come."""

    def __init__(self) -> None:
        self.sequence = 0
        self.visible: Instant = BEGINNING

    def see(self, chunk: Sequence[Revision]) -> None:
        """Note the last sequence and the greatest instant of a chunk."""
        self.sequence = chunk[-1].sequence
        self.visible = max(self.visible, *(revision.visible_at for revision in chunk))
