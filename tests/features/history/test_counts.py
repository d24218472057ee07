"""A count is what its definition says, whatever was revised, backdated, withdrawn or cancelled."""

from unittest.mock import patch

import numpy as np
import pytest
from history_oracle import HELD, Oracle, assert_agrees
from history_worlds import DECLARATIONS, INSTANTS, KEYS, RECORDS, START, World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.code_tables import credit_rank
from features.entities import TALLIES
from features.history import History, HistoryError, KeyCollision, keys
from features.history import state as state_module
from features.history.keys import all_keys, hash_lines, tally_spec
from features.history.state import window_lengths
from features.history.sweep import Sweep
from features.instants import DAY, parse_instant
from features.lines import Lines
from features.reading import read_record
from features.records import Declaration, Party
from features.terms import Direction, Kind, PartyEventKind

ACTIONS = st.one_of(
    st.tuples(st.just("put"), RECORDS, INSTANTS),
    st.tuples(st.just("put"), RECORDS, INSTANTS),
    st.tuples(st.just("withdraw"), KEYS, INSTANTS),
)
SLOW = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


def world_of(actions):
    world = World()
    for action, what, known_at in actions:
        if action == "put":
            world.put(what, known_at=known_at)
        else:
            world.remove(*what, known_at=known_at)
    return world


@SLOW
@given(st.lists(ACTIONS, max_size=25), st.lists(DECLARATIONS, min_size=1, max_size=2), INSTANTS)
def test_every_cell_of_a_built_history_is_what_the_definition_says(actions, lines, instant):
    world = world_of(actions)
    instants = [instant, instant + 1, START + 200 * DAY]
    assert_agrees(world.build(), Oracle(world.revisions(), world.readings()), lines, instants)


@SLOW
@given(st.lists(ACTIONS, max_size=25), st.lists(DECLARATIONS, min_size=1, max_size=2), INSTANTS)
def test_sweeping_through_time_equals_searching(actions, lines, instant):
    history = world_of(actions).build()
    as_of = np.array([instant, instant + 1, START, START + 200 * DAY] * len(lines), dtype=np.int64)
    rows = Lines.of([line for line in lines for _ in range(4)])
    for tally, state in history._standing.tallies.items():
        query = state.query(all_keys(tally_spec(tally), hash_lines(rows)), as_of)
        searched, swept = state.search(query), state.sweep(query, state.begin_sweep())
        assert_same(searched, swept)


@SLOW
@given(st.lists(ACTIONS, max_size=25), DECLARATIONS, st.lists(INSTANTS, min_size=2, max_size=6))
def test_a_sweep_goes_on_where_it_stopped_and_starts_over_for_what_is_earlier(actions, line, instants):
    history = world_of(actions).build()
    for tally in TALLIES:
        state = history._standing.tallies[tally].settled()
        sweep = Sweep(state.levels, window_lengths(tally), failures=state.has_failures)
        for instant in instants:
            rows = Lines.of([line, line])
            as_of = np.array([instant + 1, instant], dtype=np.int64)
            query = state.query(all_keys(tally_spec(tally), hash_lines(rows)), as_of)
            answer = state.search(query)
            cells = sweep.count(query).cells
            assert np.array_equal(cells[..., :-3], answer.windows.reshape(*cells.shape[:2], -1))
            assert np.array_equal(cells[..., -3], answer.first)
            assert np.array_equal(cells[..., -2], answer.last)


@SLOW
@given(st.lists(st.lists(ACTIONS, max_size=8), min_size=2, max_size=3), DECLARATIONS, INSTANTS)
def test_sweeping_through_several_levels_equals_searching(parts, line, instant):
    with patch.object(state_module, "CAPACITY", 1), patch.object(state_module, "_GROWTH", 1):
        world = world_of(parts[0])
        world.store.go_live()
        history = world.build()
        for actions in parts[1:]:
            for action, what, _ in actions:
                world.put(what) if action == "put" else world.remove(*what)
            history.refresh()
        as_of = np.array([instant, instant + 30 * DAY, history.watermark, history.watermark + 1])
        rows = Lines.of([line] * len(as_of))
        for tally, state in history._standing.tallies.items():
            query = state.query(all_keys(tally_spec(tally), hash_lines(rows)), as_of)
            assert_same(state.search(query), state.sweep(query, state.begin_sweep()))


@SLOW
@given(st.lists(ACTIONS, max_size=25), DECLARATIONS, st.lists(INSTANTS, min_size=2, max_size=6))
def test_a_journey_answers_as_the_history_does(actions, line, instants):
    history, lines = world_of(actions).build(), Lines.of([line])
    with patch.object(state_module, "FEW", 1):
        journey = history.through(len(instants))
        for instant in sorted(instants):
            as_of = np.array([instant], dtype=np.int64)
            for tally in TALLIES:
                assert_same(journey.counts(tally, lines, as_of), history.counts(tally, lines, as_of))
            for column in ("consignee", "agent"):
                told, known = (each.parties(lines, column, as_of) for each in (journey, history))
                assert all(np.array_equal(told[name], known[name], equal_nan=True) for name in known)


def assert_same(counts, others):
    """Two counts agree in every cell."""
    assert np.array_equal(counts.windows, others.windows)
    assert np.array_equal(counts.first, others.first)
    assert np.array_equal(counts.last, others.last)
    assert (counts.last_failed is None) == (others.last_failed is None)
    assert counts.last_failed is None or np.array_equal(counts.last_failed, others.last_failed)


@SLOW
@given(st.lists(ACTIONS, max_size=12), st.lists(ACTIONS, min_size=1, max_size=8), DECLARATIONS, INSTANTS)
def test_what_becomes_known_at_an_instant_or_later_changes_no_count_at_it(before, later, line, instant):
    world = world_of(before)
    lines, as_of = Lines.of([line]), np.array([instant], dtype=np.int64)
    known = world.build()
    for action, what, known_at in later:
        if action == "put":
            world.put(what, known_at=max(known_at, instant))
        else:
            world.remove(*what, known_at=max(known_at, instant))
    after = world.build()
    for tally in TALLIES:
        assert_same(known.counts(tally, lines, as_of), after.counts(tally, lines, as_of))
    for column in ("consignee", "agent"):
        facts, facts_after = known.parties(lines, column, as_of), after.parties(lines, column, as_of)
        assert all(np.array_equal(facts[name], facts_after[name], equal_nan=True) for name in facts)


@SLOW
@given(st.lists(ACTIONS, max_size=20), st.lists(DECLARATIONS, min_size=1, max_size=2), INSTANTS)
def test_parties_are_as_their_records_stood(actions, lines, instant):
    world = world_of(
        [*actions, ("put", Party(id="a", happened_at=START, credit_level="失信企业"), START + DAY)]
    )
    history, oracle = world.build(), Oracle(world.revisions(), world.readings())
    for at in (instant, START + DAY, START + DAY + 1, START + 200 * DAY):
        found = history.parties(Lines.of(lines), "consignee", np.full(len(lines), at))
        for row, line in enumerate(lines):
            revision = oracle.state((Kind.PARTY, line.consignee), at)
            facts = {name: column[row] for name, column in found.items()}
            assert facts["known"] == (revision is not None)
            if revision is None:
                assert all(np.isnan(value) for name, value in facts.items() if name != "known")
                continue
            party = revision.record
            kinds = [event.kind for event in party.events]
            assert facts["penalties"] == kinds.count(PartyEventKind.PENALTY)
            assert facts["recalls"] == kinds.count(PartyEventKind.RECALL)
            age = np.nan if party.registered_at is None else (at - party.registered_at) / DAY
            rank = credit_rank(None, party.credit_level) if party.credit_level else np.nan
            assert np.array_equal(
                [facts["registered_days"], facts["credit_rank"]], [age, rank], equal_nan=True
            )


def test_a_credit_level_holds_only_while_it_is_valid(tmp_path):
    world = World(tmp_path)
    party = Party(
        id="a", happened_at=START, credit_level="高级认证企业", credit_valid_from=START + 10 * DAY,
        credit_valid_to=START + 20 * DAY,
    )  # fmt: skip
    world.put(party, known_at=START)
    as_of = START + np.array([5, 10, 19, 20]) * DAY
    lines = Lines.of([declared("x", consignee="a")] * 4)
    ranks = world.build().parties(lines, "consignee", as_of)["credit_rank"]
    assert np.array_equal(ranks, [np.nan, 4, 4, np.nan], equal_nan=True)


def test_a_credit_level_valid_to_a_date_holds_on_that_day(tmp_path):
    world = World(tmp_path)
    level = {"credit_level": "高级认证企业", "credit_valid_to": "2020-12-31"}
    world.put(read_record(Kind.PARTY, {"id": "a", "happened_at": "2020-09-01", **level}), known_at=START)
    shown = ("2020-12-31", "2020-12-31T23:59:59.999999", "2021-01-01")
    as_of = np.array([parse_instant(instant) for instant in shown])
    ranks = world.build().parties(Lines.of([declared("x", consignee="a")] * 3), "consignee", as_of)
    assert np.array_equal(ranks["credit_rank"], [4, 4, np.nan], equal_nan=True)


def declared(id, **more):
    return Declaration(id=id, happened_at=START, direction=Direction.IMPORT, hs_code="0203110000", **more)


def test_one_huge_value_changes_no_other_window(tmp_path):
    world = World(tmp_path)
    world.put(declared("huge", consignee="A", value_cny=1e15), known_at=START)
    for day in range(1, 200):
        world.put(declared(f"d{day}", consignee="A", value_cny=day + 0.07), known_at=START + day * DAY)
    history = world.build()
    lines, as_of = Lines.of([declared("x", consignee="A")]), np.array([START + 150 * DAY])
    cells = history.counts("declared", lines, as_of).windows[
        0, TALLIES["declared"].entities.index("consignee")
    ]
    assert cells[0].tolist() == [30, sum(day * 100 + 7 for day in range(120, 150))]
    assert cells[-1].tolist() == [150, min(10**17, HELD) + sum(day * 100 + 7 for day in range(1, 150))]


def test_many_corrections_of_one_key_are_summed_by_strides(tmp_path):
    world = World(tmp_path)
    for number in range(200):
        world.put(declared(f"d{number}", consignee="A", value_cny=1.0), known_at=START + number * DAY // 4)
    for number in range(200):
        amended = declared(f"d{number}", consignee="A" if number % 3 else "B", value_cny=2.0)
        world.put(amended, known_at=START + (60 + number % 40) * DAY)
    instants = [START + day * DAY for day in (10, 55, 61, 70, 80, 99, 101)]
    lines = [declared("x", consignee=name) for name in "AB"]
    assert_agrees(world.build(), Oracle(world.revisions(), world.readings()), lines, instants, ["declared"])


def test_corrections_of_events_born_together_are_told_apart(tmp_path):
    world = World(tmp_path)
    for number in range(6):
        world.put(declared(f"d{number}", consignee="A", value_cny=1.0), known_at=START)
    for number in (5, 1, 3):
        world.remove(Kind.DECLARATION, f"d{number}", known_at=START + (10 - number) * DAY)
    for number in (4, 0):
        world.put(declared(f"d{number}", consignee="A", value_cny=3.0), known_at=START + (20 - number) * DAY)
    world.remove(Kind.DECLARATION, "d2", known_at=START + 30 * DAY)
    instants = [START + day * DAY + 1 for day in (0, 5, 7, 9, 16, 20, 30)]
    history, oracle = world.build(), Oracle(world.revisions(), world.readings())
    assert_agrees(history, oracle, [declared("x", consignee="A")], instants, ["declared"])


@pytest.fixture
def confused(monkeypatch):
    """Lets one text hash as another does, but for the check."""
    honest = keys.xxh3_64_intdigest

    def forget():
        for known in keys.REMEMBERED.values():
            known.clear()

    def confuse(text, like):
        def hashed(each, seed):
            return honest(like.encode() if each == text.encode() and seed == keys.HASH_SEED else each, seed)

        monkeypatch.setattr(keys, "xxh3_64_intdigest", hashed)
        forget()

    yield confuse
    forget()


def test_two_entities_with_one_key_are_found_out(tmp_path, confused):
    world = World(tmp_path)
    world.put(declared("d1", consignee="A"), declared("d2", consignee="B"), known_at=START)
    confused("A", like="B")
    with pytest.raises(KeyCollision, match="same 64-bit key") as caught:
        world.build()
    assert "HASH_SEED" in caught.value.remedy


def test_an_entity_that_collides_with_a_stored_one_is_found_out_when_levels_merge(tmp_path, confused):
    world = World(tmp_path)
    world.put(declared("d1", consignee="A"), known_at=START)
    history = History.open(world.store, tmp_path / "history")
    world.store.go_live()
    world.put(declared("d2", consignee="B"))
    confused("B", like="A")
    history.refresh()
    with pytest.raises(KeyCollision, match="same 64-bit key"):
        history.compact()


def test_two_record_ids_with_one_hash_are_found_out(tmp_path, confused):
    world = World(tmp_path)
    world.put(declared("d1"), declared("d2"), known_at=START)
    confused("d2", like="d1")
    with pytest.raises(KeyCollision, match="record ids"):
        world.build()


def test_evidence_names_the_newest_records_behind_a_count(tmp_path):
    world = World(tmp_path)
    receipts = [
        world.put(declared(f"d{day}", consignee="A"), known_at=START + day * DAY)[0] for day in range(40)
    ]
    world.remove(Kind.DECLARATION, "d38", known_at=START + 40 * DAY)
    history, at = world.build(), START + 41 * DAY
    line = Lines.of([declared("x", consignee="A")])
    total, sequences = history.evidence("declared", "consignee", line, at, 30, limit=3)
    assert total == 28
    assert sequences == [receipts[day].sequence for day in (39, 37, 36)]
    assert history.evidence("declared", "owner", line, at, None) == (0, [])


def test_a_history_until_a_sequence_knows_nothing_after_it(tmp_path):
    world = World(tmp_path)
    for day in range(5):
        world.put(declared(f"d{day}", consignee="A"), known_at=START + day * DAY)
    history = world.build(until=3)
    assert (history.sequence, history.watermark) == (3, START + 2 * DAY)


@pytest.mark.parametrize(
    "ask",
    [
        lambda history, line: history.counts("unheard of", line, np.array([START])),
        lambda history, line: history.counts("declared", line, np.array([START, START])),
        lambda history, line: history.evidence("declared", "hs6_destination", line, START, None),
        lambda history, line: history.evidence("declared", "all", line.take(np.array([0, 0])), START, None),
    ],
)
def test_a_wrong_question_gets_an_error_that_says_so(tmp_path, ask):
    with pytest.raises(HistoryError) as caught:
        ask(World(tmp_path).build(), Lines.of([declared("x")]))
    assert caught.value.remedy
    assert caught.value.remedy_zh
