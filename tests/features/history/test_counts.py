"""A count is what its definition says, whatever was revised, backdated, withdrawn or cancelled."""

import numpy as np
from history_oracle import Oracle, assert_agrees
from history_worlds import DECLARATIONS, INSTANTS, KEYS, RECORDS, START, World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.history.keys import all_keys, hash_lines, tally_spec
from features.instants import DAY
from features.lines import Lines

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
    assert_agrees(world.build(), Oracle(world.revisions()), lines, instants)


@SLOW
@given(st.lists(ACTIONS, max_size=25), st.lists(DECLARATIONS, min_size=1, max_size=2), INSTANTS)
def test_sweeping_through_time_equals_searching(actions, lines, instant):
    history = world_of(actions).build()
    as_of = np.array([instant, instant + 1, START, START + 200 * DAY] * len(lines), dtype=np.int64)
    rows = Lines.of([line for line in lines for _ in range(4)])
    for tally, state in history._standing.tallies.items():
        query = state.query(all_keys(tally_spec(tally), hash_lines(rows)), as_of)
        searched, swept = state.search(query), state.settled().sweep(query)
        assert np.array_equal(searched.windows, swept.windows)
        assert np.array_equal(searched.first, swept.first)
        assert np.array_equal(searched.last, swept.last)
        assert (searched.last_failed is None) == (swept.last_failed is None)
        assert searched.last_failed is None or np.array_equal(searched.last_failed, swept.last_failed)
