"""Answers are forgotten and erased beside requests that keep others; on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select, update
from sqlalchemy.exc import OperationalError
from test_storage import START, stored

from features.instants import DAY, now
from features.records import Opinion
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Channel, Kind
from serving.storage import erasing
from serving.storage.answers import Answer, forget_answers, keep_answer
from serving.storage.erasing import Redacted, carry_over, erase, redacted_to
from serving.storage.migrate import migrate
from serving.storage.scores import add_scores
from serving.storage.tables import ANSWERS, SCORE_COUNTER
from serving.storage.transactions import writing
from serving.upkeep import Upkeep


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest) -> Any:
    """An empty store whose tables are all there."""
    opened = Store.open(request.getfixturevalue(f"{request.param}_url"))
    opened.migrate()
    migrate(opened.engine)
    yield opened
    opened.close()


def keep(engine: Engine, key: str, body: bytes, at: int = START) -> None:
    with writing(engine) as connection:
        keep_answer(connection, Answer("c", key, "h", 201, body, at), at - DAY)


def statuses(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(ANSWERS.c.key, ANSWERS.c.status))
        return {row.key: row.status for row in rows}


@contextmanager
def before_writing(engine: Engine, act: Callable[[], None]) -> Iterator[None]:
    """Let something happen once, just before the next change of the score counter."""
    waiting = [act]

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if waiting and SCORE_COUNTER.name in statement and statement.startswith("UPDATE"):
            waiting.pop()()

    event.listen(engine, "before_cursor_execute", look)
    yield
    event.remove(engine, "before_cursor_execute", look)
    assert not waiting


NAMING = {
    b'{"id":"X"}': True,
    b'[{"line_id":"X","note":"Y"}]': True,
    b'{"id":"XX"}': False,
    b'{"id":"Y","note":"id\\":\\"X\\""}': False,
    b'{"note":"\\\\","id":"X"}': True,
    '{"id":"甲\\"乙"}'.encode(): True,
    b"": False,
}


def test_an_answer_is_erased_where_it_names_a_record(store: Store) -> None:
    for number, body in enumerate(NAMING):
        keep(store.engine, str(number), body)
    erase(store.engine, [Redacted(1, Kind.OPINION, id) for id in ("X", '甲"乙')], 2)
    expected = [410 if named else 201 for named in NAMING.values()]
    assert statuses(store.engine) == {str(place): status for place, status in enumerate(expected)}


@pytest.mark.postgresql
def test_what_is_kept_while_answers_are_read_is_erased_too(postgresql_url: str) -> None:
    store = Store.open(postgresql_url)
    store.migrate()
    migrate(store.engine)
    keep(store.engine, "old", b'{"id":"X"}')
    keep(store.engine, "replaced", b'{"id":"Y"}')

    def others() -> None:
        keep(store.engine, "new", b'{"id":"X"}', START + 1)
        keep(store.engine, "other", b'{"id":"Z"}', START + 1)
        keep(store.engine, "replaced", b'{"id":"X"}', START + 2 * DAY)

    with before_writing(store.engine, others):
        erase(store.engine, [Redacted(1, Kind.OPINION, "X")], 2)
    assert statuses(store.engine) == {"old": 410, "new": 410, "other": 201, "replaced": 410}
    store.close()


def test_many_redactions_are_carried_over_in_pieces(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "AT_ONCE", 2)
    ids = [f"O{n}" for n in range(5)]
    told = [Opinion(id=id, happened_at=START, channel=Channel.HOTLINE_12315, text="漏电") for id in ids]
    store.append([Entry(one) for one in told])
    for id in ids:
        keep(store.engine, id, f'{{"id":"{id}"}}'.encode())
    store.append([Entry.redact(Kind.OPINION, id) for id in ids[:4]])
    head = store.head().sequence
    with before_writing(store.engine, lambda: None):
        carry_over(store.engine, 0, head - 1)
    assert statuses(store.engine) == {"O0": 410, "O1": 410, "O2": 410, "O3": 201, "O4": 201}
    assert redacted_to(store.engine) == head - 1
    carry_over(store.engine, head - 1, head)
    assert list(statuses(store.engine).values()).count(201) == 1


@pytest.mark.postgresql
def test_none_who_keeps_orders_the_locks_of_a_score_waits_for_upkeep(postgresql_url: str) -> None:
    """A request that replaces an outlived answer and then scores; upkeep beside it takes neither's way."""
    store = Store.open(postgresql_url)
    store.migrate()
    migrate(store.engine)
    keep(store.engine, "k", b'{"id":"X"}')
    faults: list[Exception] = []

    def beside() -> None:
        try:
            with writing(store.engine) as connection:
                assert forget_answers(connection, START + 1) == 0
        except Exception as error:
            faults.append(error)

    with writing(store.engine) as connection:
        keep_answer(connection, Answer("c", "k", "h", 201, b'{"id":"X"}', START + 9 * DAY), START + DAY)
        thread = Thread(target=beside)
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
        with pytest.raises(OperationalError, match="could not obtain lock"):
            erase(store.engine, [Redacted(1, Kind.OPINION, "X")], 2)
        add_scores(connection, [stored(1)])
    assert faults == []
    assert redacted_to(store.engine) == 0
    erase(store.engine, [Redacted(1, Kind.OPINION, "X")], 2)
    assert statuses(store.engine) == {"k": 410}
    store.close()


def test_a_database_that_is_busy_stops_no_server_from_starting(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(sqlite_url)
    store.migrate()
    migrate(store.engine)
    upkeep = Upkeep(store, 7)

    def busy(*_: object) -> None:
        raise OperationalError("UPDATE", None, Exception("database is locked"))

    told = Opinion(id="O", happened_at=START, channel=Channel.HOTLINE_12315, text="漏电")
    store.append([Entry(told)])
    store.append([Entry.redact(Kind.OPINION, "O")])
    keep(store.engine, "k", b'{"id":"O"}', now())
    with monkeypatch.context() as patched:
        patched.setattr("serving.upkeep.carry_over", busy)
        upkeep.start()
    assert statuses(store.engine) == {"k": 201}
    upkeep.poll()
    assert statuses(store.engine) == {"k": 410}
    store.close()


def outdate(connection: Connection) -> None:
    connection.execute(update(ANSWERS).values(answered_at=ANSWERS.c.answered_at - 8 * DAY))


def test_many_outlived_answers_are_dropped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.storage.answers.AT_ONCE", 2)
    for number in range(5):
        keep(store.engine, f"old-{number}", b"{}", now())
    with writing(store.engine) as connection:
        outdate(connection)
    keep(store.engine, "new", b"{}", now())
    Upkeep(store, 7).poll()
    assert statuses(store.engine) == {"new": 201}
