"""The store against a dictionary that remembers everything: any writes leave the same state at any time.

Imports say nothing here that was said before: `test_replay.py` is about those that do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from features.records import AnyRecord, Declaration, Inspection
from features.store.database import Store
from features.store.entries import Action, Entry
from features.store.errors import ErasedContent
from features.store.reader import state_at
from features.terms import Direction, Kind

IDS = st.sampled_from("abc")
KINDS = st.sampled_from([Kind.DECLARATION, Kind.INSPECTION])
PUTS = st.tuples(st.just(Action.PUT), KINDS, IDS, st.sampled_from("xyz"))
REMOVALS = st.tuples(st.sampled_from([Action.WITHDRAW, Action.REDACT]), KINDS, IDS, st.none())
CHANGES = st.lists(PUTS | REMOVALS, min_size=1, max_size=6)
REDACTIONS = st.tuples(st.just(Action.REDACT), KINDS, IDS, st.none())
IMPORTED = st.lists(PUTS | REDACTIONS, min_size=1, max_size=6)


def make(kind: Kind, id: str, content: str) -> AnyRecord:
    if kind is Kind.DECLARATION:
        return Declaration(id=id, happened_at=1, direction=Direction.IMPORT, hs_code=content)
    return Inspection(id=id, happened_at=1, declaration_id=content)


@dataclass
class Remembered:
    """One revision as the oracle has it."""

    key: tuple[Kind, str]
    action: Action
    known_at: int
    recorded_at: int
    visible_at: int
    record: AnyRecord | None


@dataclass
class Memory:
    """The oracle: a list, and no cleverness."""

    told: list[Remembered] = field(default_factory=list)
    clock: int = 0
    live: bool = False
    erased: list[AnyRecord] = field(default_factory=list)

    def last(self, key: tuple[Kind, str]) -> Remembered | None:
        return next((one for one in reversed(self.told) if one.key == key), None)

    def tell(
        self, now: int, action: Action, record: AnyRecord | tuple[Kind, str], known_at: int | None
    ) -> None:
        key = record if isinstance(record, tuple) else (record.kind, record.id)
        last = self.last(key)
        if isinstance(record, tuple):
            assert last is not None
            if last.action in (action, Action.REDACT):
                return
        elif last is not None and last.record == record:
            return
        self.clock = max(now, self.clock + 1)
        known = self.clock if known_at is None else known_at
        kept = None if isinstance(record, tuple) else record
        self.told.append(Remembered(key, action, known, self.clock, self.clock if self.live else known, kept))
        if action is Action.REDACT:
            self.erased += [one.record for one in self.told if one.key == key and one.record is not None]
            for one in self.told:
                one.record = None if one.key == key else one.record

    def state_at(self, key: tuple[Kind, str], at: int) -> AnyRecord | None:
        visible = [one for one in self.told if one.key == key and one.visible_at < at]
        return visible[-1].record if visible else None


class StoreMachine(RuleBasedStateMachine):
    """Writes to both and compares everything that can be read."""

    url = ""

    @initialize()
    def begin(self) -> None:
        self.now = 1_000
        self.memory = Memory()
        self.contents = 0
        self.store = Store.open(self.url, clock=lambda: self.now)
        with self.store.writing() as connection:
            connection.execute(text("DELETE FROM record_revisions"))
            connection.execute(
                text("UPDATE record_counter SET sequence = 0, known_at = 0, live_since = NULL")
            )

    def teardown(self) -> None:
        self.store.close()

    @rule(changes=CHANGES)
    def live(self, changes: list[tuple[Any, ...]]) -> None:
        self.write([(change, None) for change in changes], imported=False)

    @rule(changes=IMPORTED, data=st.data())
    def imported(self, changes: list[tuple[Any, ...]], data: st.DataObject) -> None:
        known = st.none() | st.integers(0, self.now)
        told = []
        for action, kind, id, content in changes:
            self.contents += 1
            told.append(((action, kind, id, content and f"{content}{self.contents}"), data.draw(known)))
        self.write(told, imported=True)

    def write(self, changes: list[tuple[tuple[Any, ...], int | None]], imported: bool) -> None:
        entries: list[Entry] = []
        stored = {one.key for one in self.memory.told}
        now = max(self.now, self.memory.clock)
        for (action, kind, id, content), known_at in changes:
            if action is Action.PUT and make(kind, id, content) in self.memory.erased:
                with pytest.raises(ErasedContent):
                    self.store.append([Entry(make(kind, id, content), known_at)], imported=imported)
            elif action is Action.PUT and not self.erases(changes, kind, id):
                entries.append(Entry(make(kind, id, content), known_at))
                stored.add((kind, id))
            elif action is not Action.PUT and (kind, id) in stored:
                entries.append(Entry(known_at=known_at, action=action, removed=(kind, id)))
        receipts = self.store.append(entries, imported=imported)
        for entry, receipt in zip(entries, receipts, strict=True):
            self.memory.tell(now, entry.action, entry.record or entry.removed, entry.known_at)  # type: ignore[arg-type]
            assert receipt.sequence <= len(self.memory.told)

    def erases(self, changes: list[Any], kind: Kind, id: str) -> bool:
        """Say whether the batch redacts the record: a content may then be refused within it."""
        return any(change[:3] == (Action.REDACT, kind, id) for change, _ in changes)

    @rule(step=st.integers(-50, 200))
    def time_passes(self, step: int) -> None:
        self.now += step

    @rule()
    def go_live(self) -> None:
        since = self.store.go_live()
        if not self.memory.live:
            self.memory.clock = max(self.now, self.memory.clock + 1)
            self.memory.live = True
            assert since == self.memory.clock

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = Store.open(self.url, clock=lambda: self.now)

    @invariant()
    def everything_reads_back_in_order(self) -> None:
        read = [revision for chunk in self.store.changes() for revision in chunk]
        assert [r.sequence for r in read] == list(range(1, len(self.memory.told) + 1))
        assert [
            Remembered((r.kind, r.id), r.action, r.known_at, r.recorded_at, r.visible_at, r.record)
            for r in read
        ] == self.memory.told
        head = self.store.head()
        assert (head.sequence, head.known_at) == (len(self.memory.told), self.memory.clock)

    @invariant()
    def the_state_at_any_instant_is_the_same(self) -> None:
        instants = {one.visible_at + step for one in self.memory.told for step in (0, 1)}
        for kind in (Kind.DECLARATION, Kind.INSPECTION):
            histories = self.store.revisions(kind, list("abc"))
            for id in "abc":
                for at in instants:
                    held = state_at(histories.get(id, []), at)
                    assert (held and held.record) == self.memory.state_at((kind, id), at)

    @invariant()
    def what_holds_now_is_the_same(self) -> None:
        for kind in (Kind.DECLARATION, Kind.INSPECTION):
            current = {r.id: r.record for chunk in self.store.current(kind) for r in chunk}
            lasts = {id: self.memory.last((kind, id)) for id in "abc"}
            assert current == {id: last.record for id, last in lasts.items() if last and last.record}


def test_the_store_is_a_dictionary_that_forgets_nothing(store: Store, store_url: str) -> None:
    machine = type("Machine", (StoreMachine,), {"url": store_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=20, stateful_step_count=12, deadline=None)
    )
