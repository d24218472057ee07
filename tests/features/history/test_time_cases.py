"""The ten worked cases of docs/time.md, one test each."""

import re
from pathlib import Path

import numpy as np
import pytest
from history_worlds import START, World

from features.instants import DAY
from features.lines import Lines
from features.records import Declaration, Inspection
from features.terms import Direction, Kind, LineStatus, Outcome

D = START
PAGE = Path(__file__).parents[3] / "docs" / "time.md"
WINDOWS = {30: 0, 90: 1, 365: 2, None: 3}


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.close()


def line(consignee="A", status=LineStatus.DECLARED):
    return Declaration(
        id="d",
        happened_at=D,
        direction=Direction.IMPORT,
        hs_code="0203110000",
        consignee=consignee,
        status=status,
    )


def result(outcome=Outcome.RETURNED):
    return Inspection(id="i", happened_at=D + DAY, declaration_id="d", outcome=outcome)


class Seen:
    """What a history says of a consignee at an instant."""

    def __init__(self, history, at, consignee="A", tally="inspected"):
        counts = history.counts(tally, Lines.of([line(consignee)]), np.array([at], dtype=np.int64))
        self.cells = counts.windows[0, 1]
        self.last = counts.last[0, 1]
        self.last_failed = counts.last_failed[0, 1] if counts.last_failed is not None else None

    def count(self, window=None):
        return self.cells[WINDOWS[window], 0]

    def failed(self, window=None):
        return self.cells[WINDOWS[window], 1]


def test_case_1_a_late_result_is_not_in_the_features_of_the_day_it_was_taken(world):
    world.put(line(), known_at=D)
    world.put(result(), known_at=D + 10 * DAY)
    history = world.build()
    assert Seen(history, D + 10 * DAY).count() == 0
    after = Seen(history, D + 10 * DAY + 1)
    assert (after.count(), after.failed()) == (1, 1)


def test_case_2_a_window_counts_from_when_it_was_known(world):
    world.put(line(), known_at=D)
    world.put(result(), known_at=D + 10 * DAY)
    history = world.build()
    assert Seen(history, D + 40 * DAY).count(30) == 1
    after = Seen(history, D + 40 * DAY + 1)
    assert (after.count(30), after.count(90)) == (0, 1)


def test_case_3_a_pending_inspection_counts_nowhere(world):
    world.put(line(), known_at=D)
    world.put(result(Outcome.PENDING), known_at=D + DAY)
    world.put(result(Outcome.PASS), known_at=D + 5 * DAY)
    history = world.build()
    assert Seen(history, D + 5 * DAY).count() == 0
    after = Seen(history, D + 5 * DAY + 1)
    assert (after.count(), after.last) == (1, D + 5 * DAY)


def test_case_4_an_inspection_known_before_its_declaration_waits_for_it(world):
    world.put(result(), known_at=D - 2 * DAY)
    world.put(line(), known_at=D)
    history = world.build()
    assert Seen(history, D).count() == 0
    after = Seen(history, D + 1)
    assert (after.count(), after.last) == (1, D)


def test_case_5_an_amendment_moves_the_event_to_another_key_at_its_old_place_in_time(world):
    world.put(line("A"), result(), known_at=D)
    world.put(line("B", LineStatus.AMENDED), known_at=D + 20 * DAY)
    history = world.build()
    for tally in ("declared", "inspected"):
        assert Seen(history, D + 15 * DAY, "A", tally).count() == 1
        assert Seen(history, D + 15 * DAY, "B", tally).count() == 0
        assert Seen(history, D + 25 * DAY, "A", tally).count() == 0
        moved = Seen(history, D + 25 * DAY, "B", tally)
        assert (moved.count(30), moved.last) == (1, D)
        assert Seen(history, D + 31 * DAY, "B", tally).count(30) == 0


def test_case_6_a_cancelled_line_leaves_the_declared_lines_when_that_is_known(world):
    world.put(line(), result(), known_at=D)
    world.put(line(status=LineStatus.CANCELLED), known_at=D + 7 * DAY)
    history = world.build()
    assert Seen(history, D + 7 * DAY, tally="declared").count() == 1
    assert Seen(history, D + 7 * DAY + 1, tally="declared").count() == 0
    assert Seen(history, D + 7 * DAY + 1).count() == 1


def test_case_7_a_withdrawn_result_is_gone_and_so_is_the_last_failure(world):
    world.put(line(), known_at=D)
    world.put(result(), known_at=D + 3 * DAY)
    world.remove(Kind.INSPECTION, "i", known_at=D + 9 * DAY)
    history = world.build()
    assert Seen(history, D + 5 * DAY).last_failed == D + 3 * DAY
    after = Seen(history, D + 9 * DAY + 1)
    assert (after.count(), after.last_failed, after.last) == (0, -1, -1)


def test_case_8_a_late_import_before_going_live_counts_when_it_could_have_been_known(world):
    world.put(line(), known_at=D)
    world.time = D + 50 * DAY
    world.put(result(), known_at=D + 2 * DAY)
    assert Seen(world.build(), D + 2 * DAY + 1).count() == 1


def test_case_9_a_late_import_once_live_counts_when_it_was_recorded(world):
    world.put(line(), known_at=D)
    world.time = D + 50 * DAY
    world.store.go_live()
    world.put(result(), known_at=D + 2 * DAY)
    history = world.build()
    assert Seen(history, D + 50 * DAY).count() == 0
    assert history.watermark >= D + 50 * DAY
    assert Seen(history, history.watermark + 1).count() == 1


def test_case_10_what_arrives_at_the_same_instant_as_the_score_does_not_count(world):
    world.put(line(), result(), known_at=D)
    history = world.build()
    assert history.watermark == D
    assert Seen(history, D).count() == 0
    assert Seen(history, history.watermark + 1).count() == 1


def test_every_case_of_the_page_is_run():
    told = re.findall(r"^### (\d+)\. ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    run = [name for name in globals() if name.startswith("test_case_")]
    assert [int(number) for number in told] == list(range(1, 11))
    assert len(run) == len(told)
