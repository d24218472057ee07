"""What was said is kept and found again, on either database."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from features.instants import SECOND
from features.store.database import Store
from features.store.errors import DatabaseNewer
from serving.storage.answers import Answer, find_answer, forget_answers, keep_answer
from serving.storage.gradings import find_policy, remember_policy
from serving.storage.ids import new_id
from serving.storage.migrate import migrate
from serving.storage.scores import (
    ScoreFilter,
    ScoreModel,
    StoredScore,
    add_model,
    add_scores,
    find_model,
    find_score,
    from_bytes,
    list_scores,
    recent_probabilities,
    scored_lines,
    to_bytes,
)
from serving.storage.tables import METADATA
from serving.storage.transactions import writing

START = 1_700_000_000 * SECOND


def stored(number: int, **changes: object) -> StoredScore:
    at = START + number * SECOND
    score = StoredScore(
        id=new_id(at),
        line_id=f"line-{number}",
        target="nonconforming",
        fingerprint="f" * 64,
        spec_fingerprint="s" * 64,
        scored_at=at,
        as_of=at - 1,
        sequence=number,
        line_sequence=number + 1,
        line=None,
        what_if=False,
        status="declared",
        direction="import",
        regime="general",
        hs_code="0402100000",
        base=-1.5,
        log_odds=0.1 + number,
        probability=(number + 0.1) / 100,
        percentile=None,
        percentile_basis="training reference",
        vector=to_bytes(np.array([number, np.nan, -0.0])),
        contributions=to_bytes(np.array([0.1, 1e-300, 5e-324])),
        warnings="[]",
        caller="officer",
    )
    return msgspec.structs.replace(score, **changes)


@pytest.fixture
def kept(store: Store) -> tuple[Store, list[StoredScore]]:
    migrate(store.engine)
    scores = [
        *(stored(number) for number in range(6)),
        stored(6, what_if=True, line='{"id":"奶粉"}', line_sequence=None),
        stored(7, direction="export", hs_code="8516_%"),
    ]
    with writing(store.engine) as connection:
        add_scores(connection, scores)
    return store, scores


def test_a_score_comes_back_as_it_was_stored(kept: tuple[Store, list[StoredScore]]) -> None:
    store, scores = kept
    assert [find_score(store.engine, score.id) for score in scores] == scores
    assert find_score(store.engine, "nobody") is None


def test_filters_and_pages(kept: tuple[Store, list[StoredScore]]) -> None:
    store, scores = kept

    def found(limit: int = 100, **wanted: object) -> list[int]:
        return [one.sequence for one in list_scores(store.engine, ScoreFilter(**wanted), limit)]  # type: ignore[arg-type]

    assert found() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert found(limit=2, before=scores[5].id) == [4, 3]
    assert found(what_if=True) == [6]
    assert found(direction="export") == [7]
    assert found(hs_prefix="8516_") == [7]
    assert found(hs_prefix="0402", what_if=False) == [5, 4, 3, 2, 1, 0]
    assert found(hs_prefix="%") == []
    assert found(since=START + 6 * SECOND) == [7, 6]
    assert found(until=START + 2 * SECOND) == [1, 0]
    assert found(min_probability=0.06) == [7, 6]


def test_recent_probabilities_are_in_rising_order(kept: tuple[Store, list[StoredScore]]) -> None:
    store, scores = kept
    wanted = ScoreFilter(direction="import", what_if=False)
    assert recent_probabilities(store.engine, wanted, 3).tolist() == [s.probability for s in scores[3:6]]


def test_what_ifs_make_no_line_a_scored_one(kept: tuple[Store, list[StoredScore]]) -> None:
    store, _ = kept
    with store.engine.connect() as connection:
        assert scored_lines(connection, ["line-1", "line-6", "line-99"]) == {"line-1"}


def test_a_model_is_remembered_once(store: Store) -> None:
    migrate(store.engine)
    model = ScoreModel(
        "f" * 64, "nonconforming", "3", "s", (("origin", "origin"),), {"origin": ("CN", "越南")}
    )
    add_model(store.engine, model)
    add_model(store.engine, model)
    assert find_model(store.engine, "f" * 64) == model
    assert find_model(store.engine, "0" * 64) is None


def test_an_answer_is_kept_once_and_forgotten_in_time(store: Store) -> None:
    migrate(store.engine)
    answer = Answer("officer", "key", "hash", 201, b'{"scores":[]}', START)
    with writing(store.engine) as connection:
        keep_answer(connection, answer, START)
    with pytest.raises(IntegrityError), writing(store.engine) as connection:
        keep_answer(connection, answer, START)
    assert find_answer(store.engine, "officer", "key", START) == answer
    assert find_answer(store.engine, "another", "key", START) is None
    assert find_answer(store.engine, "officer", "key", START + 1) is None
    with writing(store.engine) as connection:
        keep_answer(connection, answer, START + 1)
    assert forget_answers(store.engine, START) == 0
    assert forget_answers(store.engine, START + 1) == 1


@given(st.lists(st.integers(0, 2**52), min_size=2, max_size=20))
def test_ids_grow_even_where_the_clock_goes_back(instants: list[int]) -> None:
    ids = [new_id(at) for at in instants]
    assert ids == sorted(set(ids))
    assert all(len(one) == 32 for one in ids)


@given(arrays.arrays(np.float64, st.integers(0, 200), elements=st.floats(allow_nan=True)))
def test_floats_keep_every_bit(values: np.ndarray) -> None:
    assert from_bytes(to_bytes(values)).tobytes() == values.tobytes()


def test_the_migrations_make_the_tables_that_the_code_declares(store: Store) -> None:
    migrate(store.engine)
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "serving_version"})
        ours = set(METADATA.tables)
        found = [one for one in compare_metadata(context, METADATA) if one[0] != "remove_table"]
    assert [one for one in found if getattr(one[1], "table", one[1]).name in ours] == []


def test_a_policy_is_kept_once_as_it_was_read(store: Store) -> None:
    migrate(store.engine)
    for _ in range(2):
        remember_policy(store.engine, "a" * 64, "ours-1", "版本 = 1\n")
    assert find_policy(store.engine, "a" * 64) == "版本 = 1\n"
    assert find_policy(store.engine, "b" * 64) is None


def test_tables_of_a_newer_program_are_named(store: Store) -> None:
    migrate(store.engine)
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE serving_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer, match="serving tables stand at migration 9999") as caught:
        migrate(store.engine)
    assert caught.value.remedy
