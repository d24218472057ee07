"""However a history came about, live, reopened or built at once, its cells are what the definition says."""

import shutil
from dataclasses import replace

import msgspec
from history_oracle import Oracle, assert_agrees
from history_worlds import DECLARATIONS, INSTANTS, KEYS, RECORDS, START, World
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from features.history import History, state
from features.instants import DAY, SECOND
from features.records import Declaration, Inspection
from features.terms import Direction, Kind, LineStatus, Outcome

IMPORTS = st.lists(st.tuples(RECORDS, INSTANTS), max_size=8)


class LiveHistory(RuleBasedStateMachine):
    """Two histories over one store, as two processes have them, while records come, change and go."""

    @initialize(records=IMPORTS, live=st.sampled_from([True, True, False]))
    def open_a_store_with_imports(self, records, live):
        self.world = World()
        for record, known_at in records:
            self.world.put(record, known_at=known_at)
        self.folder = self.world.folder / "history"
        self.first = History.open(self.world.store, self.folder)
        self.second = History.open(self.world.store, self.folder)
        if live:
            self.world.store.go_live()

    @rule(days=st.integers(0, 40))
    def time_passes(self, days):
        self.world.time += days * DAY + SECOND

    @rule(record=RECORDS, refresh=st.booleans())
    def post(self, record, refresh):
        self.world.put(record)
        if refresh:
            self.first.refresh()

    @rule(records=st.lists(RECORDS, min_size=2, max_size=6))
    def post_several(self, records):
        self.world.put(*records)

    @rule(record=RECORDS, known_at=INSTANTS)
    def backdate(self, record, known_at):
        self.world.put(record, known_at=known_at)

    @rule(key=KEYS)
    def withdraw(self, key):
        self.world.remove(*key)

    @rule(key=KEYS)
    def redact(self, key):
        self.world.remove(*key, redact=True)

    @rule()
    def go_live(self):
        self.world.store.go_live()

    @rule()
    def refresh_one(self):
        self.first.refresh()

    @rule()
    def restart(self):
        self.second = History.open(self.world.store, self.folder)

    @rule()
    def compact(self):
        self.second.compact()

    @rule()
    def settle(self):
        standing = self.first._standing
        tallies = {tally: state.settled() for tally, state in standing.tallies.items()}
        self.first._standing = replace(standing, tallies=tallies)

    @rule()
    def restart_without_segments(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.first = History.open(self.world.store, self.folder)

    @rule(line=DECLARATIONS, instant=INSTANTS)
    def read_through_both(self, line, instant):
        oracle = Oracle(self.world.revisions(), self.world.readings())
        histories = [self.first, self.second, self.world.build()]
        for history in histories:
            history.refresh()
        instants = [instant, self.first.watermark, self.first.watermark + 1]
        for history in histories:
            assert history.sequence == histories[-1].sequence
            assert history.watermark == histories[-1].watermark
            assert_agrees(history, oracle, [line], instants)

    def teardown(self):
        if hasattr(self, "world"):
            self.world.store.close()
            shutil.rmtree(self.world.folder)


TestLiveHistory = LiveHistory.TestCase
TestLiveHistory.settings = settings(
    deadline=None, max_examples=20, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)


def test_live_changes_are_counted_like_a_build_whatever_order_they_come_in(tmp_path):
    world = World(tmp_path)
    history = History.open(world.store, tmp_path / "history")
    world.store.go_live()
    line = Declaration(
        id="d", happened_at=START, direction=Direction.IMPORT, hs_code="0203110000", consignee="a"
    )
    result = Inspection(id="i", happened_at=START, declaration_id="d", outcome=Outcome.RETURNED)
    other = msgspec.structs.replace(line, id="other", consignee="b")
    changes = [
        lambda: world.put(result),
        lambda: world.put(line),
        lambda: world.put(msgspec.structs.replace(line, consignee="b")),
        lambda: world.put(msgspec.structs.replace(result, outcome=Outcome.PASS)),
        lambda: world.put(msgspec.structs.replace(result, declaration_id="other")),
        lambda: world.put(other),
        lambda: world.put(msgspec.structs.replace(other, status=LineStatus.CANCELLED)),
        lambda: world.remove(Kind.DECLARATION, "other"),
        lambda: world.put(other),
        lambda: world.remove(Kind.INSPECTION, "i"),
        lambda: world.put(result),
    ]
    for change in changes:
        world.time += 10 * DAY
        change()
        assert history.refresh()
        oracle, at = Oracle(world.revisions(), world.readings()), history.watermark + 1
        assert_agrees(history, oracle, [line, other], [at, at - 5 * DAY], ["inspected", "declared"])
    assert history.tail_weight > 0


def test_a_long_tail_is_merged_level_by_level(tmp_path, monkeypatch):
    monkeypatch.setattr(state, "CAPACITY", 200)
    world = World(tmp_path)
    history = History.open(world.store, tmp_path / "history")
    world.store.go_live()
    for number in range(120):
        line = Declaration(
            id=f"d{number % 70}", happened_at=START, direction=Direction.IMPORT, hs_code="0203110000",
            consignee="abc"[number % 3], agent="a", office="2200", value_cny=float(number),
        )  # fmt: skip
        world.time += DAY
        world.put(line)
        history.refresh()
    line = Declaration(
        id="x", happened_at=START, direction=Direction.IMPORT, hs_code="0203110000", consignee="a"
    )
    at = history.watermark + 1
    assert_agrees(
        history,
        Oracle(world.revisions(), world.readings()),
        [line],
        [at, at - 40 * DAY, at - 80 * DAY],
        ["declared"],
    )
