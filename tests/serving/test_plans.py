"""Statements that are asked often, or of everything, go by the index that bounds them on SQLite."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event
from test_storage import START, stored

from features.store.database import Store
from serving.shadow import Shadow
from serving.storage import answers, event_lines
from serving.storage.migrate import _config, migrate
from serving.storage.positions import position_before
from serving.storage.scores import ScoreFilter, add_scores, follow_scores
from serving.storage.transactions import writing


@pytest.fixture
def filled(sqlite_url: str) -> Any:
    """A store with some scores of one target."""
    opened = Store.open(sqlite_url)
    opened.migrate()
    migrate(opened.engine)
    with writing(opened.engine) as connection:
        add_scores(connection, [stored(number) for number in range(20)])
    yield opened
    opened.close()


def plan(engine: Engine, ask: Callable[[], object]) -> str:
    """Return how SQLite answers the last statement that is asked."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    ask()
    event.remove(engine, "before_cursor_execute", note)
    statement, parameters = asked[-1]
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters).all()
    return "; ".join(row[-1] for row in rows)


BY_POSITION = "SEARCH scores USING INDEX scores_by_position (position>? AND position<?)"


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"target": "nonconforming"},
        {"target": "nonconforming", "direction": "import", "regime": "general", "what_if": False},
        {"target": "nonconforming", "direction": "import", "regime": "general", "fingerprint": "f" * 64},
        {"grade": "III"},
        {"since": START},
        {"until": START},
        {"since": START, "until": START, "grade": "III", "hs_prefix": "04"},
    ],
)
def test_whoever_follows_is_answered_by_position(filled: Store, wanted: dict[str, Any]) -> None:
    found = plan(filled.engine, lambda: follow_scores(filled.engine, ScoreFilter(**wanted), 15, 100))
    assert found == BY_POSITION


def test_a_shadow_looks_at_new_scores_only(filled: Store) -> None:
    shadow = Shadow(filled, cast(Any, None), ["nonconforming"], cast(Any, None))
    chosen = cast(Any, SimpleNamespace(target="nonconforming", fingerprint="q"))
    assert plan(filled.engine, lambda: shadow._waiting(chosen, 15, 20)) == BY_POSITION
    assert [row.position for row in shadow._waiting(chosen, 15, 20)] == [16, 17, 18, 19, 20]
    others = cast(Any, SimpleNamespace(target="critical", fingerprint="q"))
    assert shadow._waiting(others, 15, 20) == []
    assert plan(filled.engine, lambda: position_before(filled.engine, START)) == (
        "SEARCH scores USING INDEX scores_by_time (scored_at>?)"
    )


def test_the_newest_scores_of_lines_are_found_in_one_look(filled: Store) -> None:
    newest = ScriptDirectory.from_config(_config(None)).get_revision("0004").module.NEWEST
    with filled.engine.connect() as connection:
        rows = [row[-1] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + newest)]
    assert not [row for row in rows if "CORRELATED" in row]
    assert "SEARCH this USING INDEX scores_by_position (position=?)" in rows


AMONG = event_lines._DROP.replace("IS AMONG ?", "IN (SELECT value FROM json_each(?))")


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (AMONG, ('["L"]',)),
        (event_lines._DROP_ONE, ("nonconforming", "L")),
        (answers._FORGET, ("c", "k")),
    ],
)
def test_what_is_dropped_is_found_by_index(filled: Store, statement: str, values: tuple[str, ...]) -> None:
    with filled.engine.connect() as connection:
        rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values).all()
    assert "USING INDEX" in rows[0][-1]
    assert rows[0][-1].startswith("SEARCH")
