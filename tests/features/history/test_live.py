"""However a history came about, live, reopened or built at once, its cells are what the definition says."""

import shutil

from history_oracle import Oracle, assert_agrees
from history_worlds import DECLARATIONS, INSTANTS, KEYS, RECORDS, World
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from features.history import History
from features.instants import DAY, SECOND


class LiveHistory(RuleBasedStateMachine):
    """Two histories over one store, as two processes have them, while records come, change and go."""

    @initialize(records=st.lists(st.tuples(RECORDS, INSTANTS), max_size=8))
    def open_a_store_with_imports(self, records):
        self.world = World()
        for record, known_at in records:
            self.world.put(record, known_at=known_at)
        self.folder = self.world.folder / "history"
        self.first = History.open(self.world.store, self.folder)
        self.second = History.open(self.world.store, self.folder)

    @rule(days=st.integers(0, 40))
    def time_passes(self, days):
        self.world.time += days * DAY + SECOND

    @rule(record=RECORDS)
    def post(self, record):
        self.world.put(record)

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
        for tally in self.first._standing.tallies:
            self.first._standing = self.first._standing.settled(tally)

    @rule()
    def restart_without_segments(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.first = History.open(self.world.store, self.folder)

    @rule(line=DECLARATIONS, instant=INSTANTS)
    def read_through_both(self, line, instant):
        oracle = Oracle(self.world.revisions())
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
    deadline=None, max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)
