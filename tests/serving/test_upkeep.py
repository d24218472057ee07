"""Answers are forgotten and erased beside requests that keep others; on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, select, update
from sqlalchemy.exc import OperationalError
from test_storage import START, stored

from features.instants import DAY, now
from features.records import Declaration, Opinion
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Channel, Direction, Kind
from serving.storage import erasing, event_lines
from serving.storage.answers import Answer, forget_answers, keep_answer
from serving.storage.erasing import Redacted, carry_over, erase, look, redacted_to
from serving.storage.migrate import migrate
from serving.storage.scores import add_scores
from serving.storage.tables import ANSWERS, EVENT_LINES, SCORE_COUNTER
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


def erased(engine: Engine, *ids: str) -> None:
    records = [Redacted(1, Kind.OPINION, id) for id in ids]
    erase(engine, records, look(engine, records))


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
    erased(store.engine, "X", '甲"乙')
    expected = [410 if named else 201 for named in NAMING.values()]
    assert statuses(store.engine) == {str(place): status for place, status in enumerate(expected)}


@pytest.mark.postgresql
def test_what_is_kept_while_answers_are_read_is_erased_too(postgresql_url: str) -> None:
    store = Store.open(postgresql_url)
    store.migrate()
    migrate(store.engine)
    keep(store.engine, "old", b'{"id":"X"}')
    keep(store.engine, "replaced", b'{"id":"Y"}')

    keep(store.engine, "freed", b'{"id":"X"}')

    def others() -> None:
        at = now()
        keep(store.engine, "new", b'{"id":"X"}', at)
        keep(store.engine, "other", b'{"id":"Z"}', at)
        keep(store.engine, "replaced", b'{"id":"X"}', at)
        keep(store.engine, "freed", b'{"id":"Y"}', at)

    with before_writing(store.engine, others):
        erased(store.engine, "X")
    kept = {"old": 410, "new": 410, "other": 201, "replaced": 410, "freed": 201}
    assert statuses(store.engine) == kept
    keep(store.engine, "after", b'{"id":"X"}', now())
    erased(store.engine, "X")  # by another worker, who comes late
    assert statuses(store.engine) == {**kept, "after": 201}
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
            assert forget_answers(store.engine, START + 1) == 0
        except Exception as error:
            faults.append(error)

    with writing(store.engine) as connection:
        keep_answer(connection, Answer("c", "k", "h", 201, b'{"id":"X"}', START + 9 * DAY), START + DAY)
        thread = Thread(target=beside)
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
        with pytest.raises(OperationalError, match="could not obtain lock"):
            erased(store.engine, "X")
        add_scores(connection, [stored(1)])
    assert faults == []
    assert redacted_to(store.engine) == 0
    erased(store.engine, "X")
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


def test_upkeep_takes_lines_out_of_events_while_nothing_is_scored(store: Store) -> None:
    line = Declaration(id="line-1", happened_at=START, direction=Direction.IMPORT, hs_code="0402100000")
    with writing(store.engine) as connection:
        store.append_in(connection, [Entry(line)])
        add_scores(connection, [stored(1)])
        connection.execute(insert(EVENT_LINES).values(event_line("line-1")))
    upkeep = Upkeep(store, 7)
    upkeep.start()

    def held() -> list[str]:
        with store.engine.connect() as connection:
            return list(connection.execute(select(EVENT_LINES.c.line_id)).scalars())

    assert held() == ["line-1"]
    store.append([Entry.withdraw(Kind.DECLARATION, "line-1")])
    upkeep.poll()
    assert held() == []


def event_line(id: str) -> dict[str, Any]:
    return {
        "target": "nonconforming", "line_id": id, "event": "e", "policy": "p", "gravity": "3", "own": "{}",
    }  # fmt: skip


def test_a_line_scored_again_while_upkeep_looks_stays_in_its_event(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upkeep read how far it was; then a line came back and was scored, which followed everything."""
    line = Declaration(id="L", happened_at=START, direction=Direction.IMPORT, hs_code="0402100000")
    store.append([Entry(line)])
    store.append([Entry.withdraw(Kind.DECLARATION, "L")])
    until = store.head().sequence
    told = iter([0])
    real = event_lines._followed_to
    monkeypatch.setattr(event_lines, "_followed_to", lambda engine: next(told, None) or real(engine))

    def scored() -> None:
        with writing(store.engine) as connection:
            store.append_in(connection, [Entry(line)])
            connection.execute(update(SCORE_COUNTER).values(followed_to=until + 1))
            connection.execute(insert(EVENT_LINES).values(event_line("L")))

    scored()
    event_lines.catch_up(store.engine, until)
    with store.engine.connect() as connection:
        assert connection.execute(select(EVENT_LINES.c.line_id)).scalars().all() == ["L"]
        assert connection.execute(select(SCORE_COUNTER.c.followed_to)).scalar_one() == until + 1
