"""Segments are mapped, shared, refused when they are not sound, and never lose anything."""

import json
import logging
import multiprocessing
import shutil

import msgspec
import numpy as np
import pytest
from history_oracle import Oracle, assert_agrees
from history_worlds import START, World

from features.history import History, HistoryError
from features.history.segment import current
from features.instants import DAY, show_instant
from features.lines import Lines
from features.records import Declaration, Inspection
from features.store.database import Store
from features.terms import Direction, Kind, LineStatus, Outcome


def line(number, consignee="A", **more):
    return Declaration(
        id=f"d{number}", happened_at=START, direction=Direction.IMPORT, hs_code="0203110000",
        consignee=consignee, origin="CN", value_cny=10.5, quantity=2.0, unit="035", **more,
    )  # fmt: skip


def inspected(number, outcome=Outcome.PASS):
    return Inspection(id=f"i{number}", happened_at=START, declaration_id=f"d{number}", outcome=outcome)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    for number in range(40):
        made.put(line(number, "AB"[number % 2]), known_at=START + number * DAY)
        made.put(
            inspected(number, Outcome.RETURNED if number % 5 == 0 else Outcome.PASS),
            known_at=START + 90 * DAY,
        )
    yield made
    made.store.close()


def opened(world):
    return History.open(world.store, world.folder / "history")


def cells(history, consignee="A"):
    lines, at = Lines.of([line(0, consignee)]), np.array([history.watermark + 1])
    return history.counts("declared", lines, at).windows[0, 1, :, 0].tolist()


def agrees(world, history):
    assert_agrees(
        history,
        Oracle(world.revisions(), world.readings()),
        [line(0, "A"), line(0, "B")],
        [history.watermark + 1],
    )


def test_a_segment_is_written_at_the_first_start_and_mapped_at_the_next(world):
    first = opened(world)
    segment = current(world.folder / "history")
    second = opened(world)
    assert current(world.folder / "history") == segment
    assert second._standing.mapped
    agrees(world, first)
    agrees(world, second)


def test_a_tail_is_applied_to_the_mapped_segment(world):
    opened(world)
    world.store.go_live()
    world.put(line(100), line(1, "A", status=LineStatus.AMENDED))
    history = opened(world)
    assert history.tail_weight > 0
    agrees(world, history)
    assert history.compact()
    assert history.tail_weight == 0
    agrees(world, history)
    agrees(world, opened(world))


def test_a_refresh_with_nothing_new_says_so(world):
    history = opened(world)
    assert not history.refresh()
    world.put(line(200))
    assert history.refresh()
    assert not history.refresh()


def damage(segment, name, how):
    path = segment / name
    if how == "missing":
        path.unlink()
        return
    content = bytearray(path.read_bytes())
    if how == "flipped":
        content[-3] ^= 0x10
    path.write_bytes(content[: len(content) // 2] if how == "short" else content)


@pytest.mark.parametrize("how", ["missing", "flipped", "short"])
@pytest.mark.parametrize(
    "name", ["declared.born.npy", "inspected.offsets.npy", "party.ids.npy", "manifest.json"]
)
def test_a_damaged_segment_is_refused_with_its_reason_and_counted_anew(world, how, name, caplog):
    opened(world)
    segment = current(world.folder / "history")
    damage(segment, name, how)
    with caplog.at_level(logging.WARNING):
        history = opened(world)
    assert "counted anew" in caplog.text
    assert segment.name in caplog.text
    agrees(world, history)
    assert current(world.folder / "history") != segment


@pytest.mark.parametrize("field", ["format", "declarations", "anchor"])
def test_a_segment_of_other_code_or_of_another_store_is_refused(world, field, caplog):
    opened(world)
    path = current(world.folder / "history") / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest[field] = 999 if field == "format" else "other"
    path.write_text(json.dumps(manifest))
    with caplog.at_level(logging.WARNING):
        agrees(world, opened(world))
    assert "counted anew" in caplog.text


def priced(number):
    return msgspec.structs.replace(
        line(number), value_cny=None, total_price=1000.0, currency="USD", terms="1"
    )


def value_of(history):
    lines, at = Lines.of([line(0)]), np.array([history.watermark + 1])
    return history.counts("declared", lines, at).windows[0, 1, -1, 1]


def test_a_segment_counted_at_other_exchange_rates_is_counted_anew(world, rates, caplog):
    rates("USD,2000-01-01,7")
    world.put(priced(300), known_at=START + 100 * DAY)
    opened(world)
    before = current(world.folder / "history")
    rates("USD,2000-01-01,7", "EUR,2000-01-01,8", "USD,2000-01-02,70")
    with caplog.at_level(logging.WARNING):
        history = opened(world)
    assert f"{before.name} was counted at other exchange rates" in caplog.text
    assert value_of(history) == value_of(world.build()) > 70_000
    assert current(world.folder / "history") != before
    assert opened(world)._standing.mapped


def test_the_next_months_rates_leave_a_segment_as_it_is(world, rates):
    rates("USD,2000-01-01,7")
    world.put(priced(300), known_at=START + 100 * DAY)
    history = opened(world)
    segment = current(world.folder / "history")
    later = show_instant(history.watermark + 2 * DAY)[:10]
    rates("USD,2000-01-01,7", f"USD,{later},70", f"EUR,{later},8")
    again = opened(world)
    assert current(world.folder / "history") == segment
    assert again._standing.mapped
    assert value_of(again) == value_of(world.build())


def test_a_vanished_segment_is_counted_anew(world):
    opened(world)
    shutil.rmtree(current(world.folder / "history"))
    agrees(world, opened(world))


def test_a_redacted_record_leaves_no_segment_that_held_it(world):
    history = opened(world)
    before = current(world.folder / "history")
    world.remove(Kind.DECLARATION, "d0", redact=True)
    assert history.refresh()
    assert not before.exists()
    assert cells(history)[-1] == 19
    agrees(world, history)
    agrees(world, opened(world))


def test_a_history_in_memory_has_nothing_to_compact(world):
    with pytest.raises(HistoryError, match="no folder"):
        world.build().compact()


def test_only_one_of_two_processes_writes_a_segment(world):
    history = opened(world)
    with history._shelf._alone() as alone:
        assert alone
        assert not opened(world).compact()


def follow(url, folder, asked, answered):
    """Another process: open the history, then refresh and answer whenever asked."""
    store = Store.open(url)
    history = History.open(store, folder)
    for consignee in iter(asked.get, None):
        history.refresh()
        answered.put((history.sequence, cells(history, consignee)))
    store.close()


def test_a_record_stored_by_one_process_is_in_the_next_count_of_another(world):
    here = opened(world)
    spawn = multiprocessing.get_context("spawn")
    asked, answered = spawn.Queue(), spawn.Queue()
    url = f"sqlite:///{world.folder}/records.db"
    other = spawn.Process(target=follow, args=(url, world.folder / "history", asked, answered))
    other.start()
    try:
        for number in range(3):
            world.put(line(300 + number))
            here.refresh()
            asked.put("A")
            assert answered.get(timeout=60) == (here.sequence, cells(here))
            here.compact()
    finally:
        asked.put(None)
        other.join(timeout=60)
    assert other.exitcode == 0
