"""An event holds each line by its newest score, while the line stands; on either database."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import pytest
from alembic import command
from sqlalchemy import select, update
from starlette.testclient import TestClient

from features.instants import SECOND
from features.placeholders import is_placeholder
from features.records import Declaration
from features.store.database import Store
from features.store.entries import Action, Entry
from features.terms import Direction, Kind, LineStatus
from models.grading import Cell, read_policy
from models.hazards import HAZARDS
from models.scores import RiskGrade
from serving.grading import Grading, LineGrader
from serving.settings import ServingSettings
from serving.storage.event_lines import Held, catch_up, held
from serving.storage.ids import new_id
from serving.storage.migrate import _config, migrate
from serving.storage.scores import StoredScore, add_scores, to_bytes
from serving.storage.tables import EVENT_LINES
from serving.storage.transactions import writing

Line = Callable[..., dict[str, Any]]
START = 1_700_000_000 * SECOND
GRADES = list(RiskGrade)
EMPTY = np.empty(0)
EVENTS = ["a" * 32, "b" * 32]
KETTLES = {"hs_code": "8516109000", "manufacturer": "MX"}


def event_of(client: TestClient, sent: dict[str, Any], **options: Any) -> tuple[int, float | None]:
    answer = client.post("/v1/scores", json=sent, params=options)
    assert answer.status_code == 201, answer.text
    event = answer.json()["scores"][0]["grade"]["event"]
    return event["lines"], event["quantity"]


def test_a_line_counts_where_it_stands_now(
    start: Callable[..., TestClient], line: Line, settings: ServingSettings
) -> None:
    client = start()

    def sent(id: str, batch: str | None = "B1", **changes: Any) -> dict[str, Any]:
        return line(1, id=id, batch=batch, **{**KETTLES, **changes})

    def asked(batch: str) -> tuple[int, float | None]:
        return event_of(client, sent("asked", batch), what_if=True)

    assert [event_of(client, sent(f"mv{n}")) for n in range(4)] == [(n + 1, 10.0 * (n + 1)) for n in range(4)]
    assert client.post("/v1/declarations", json=sent("mv0", "B2")).status_code == 201
    assert (asked("B1"), asked("B2")) == ((4, 40.0), (2, 20.0))
    assert client.post("/v1/declarations", json=sent("mv1", status="cancelled")).status_code == 201
    assert asked("B1") == (3, 30.0)
    store = Store.open(settings.database_url)
    cancelled = msgspec.convert(sent("mv2", happened_at=0), Declaration)
    cancelled = msgspec.structs.replace(cancelled, status=LineStatus.CANCELLED)
    store.append([Entry(cancelled)], imported=True)
    assert asked("B1") == (2, 20.0)
    store.append([Entry(removed=(Kind.DECLARATION, "mv3"), action=Action.WITHDRAW)])
    assert asked("B1") == (1, 10.0)
    store.close()
    assert event_of(client, sent("mv2")) == (1, 10.0)
    assert event_of(client, sent("mv4")) == (2, 20.0)
    assert asked("B2") == (2, 20.0)
    assert client.post("/v1/declarations", json=sent("mv0", batch=None)).status_code == 201
    assert asked("B2") == (1, 10.0)


def test_a_line_counts_for_its_own_target_and_policy_only(
    start: Callable[..., TestClient], line: Line, settings: ServingSettings, tmp_path: Path
) -> None:
    sent = line(1, id="theirs", batch="B1", **KETTLES)
    ours = {**sent, "id": "ours"}
    renamed = tmp_path / "renamed.toml"
    shipped = read_policy()
    renamed.write_text(shipped.text.replace(f'"{shipped.policy.version}"', '"ours-1"'), encoding="utf-8")
    client = start()
    assert event_of(client, sent) == (1, 10.0)
    assert event_of(start(grading_policy=renamed), ours, what_if=True) == (1, 10.0)
    assert event_of(client, ours, what_if=True) == (2, 20.0)
    store = Store.open(settings.database_url)
    with writing(store.engine) as connection:
        connection.execute(update(EVENT_LINES).values(target="critical"))
    store.close()
    assert event_of(client, ours, what_if=True) == (1, 10.0)


@pytest.mark.parametrize("nothing", ["-", "——", " / ", "N/A", "n.a.", "无", "000", "无批号", "None"])
def test_a_placeholder_is_no_batch_and_no_maker(client: TestClient, line: Line, nothing: str) -> None:
    assert is_placeholder(nothing)
    for changes in ({"batch": nothing}, {"batch": "B", "manufacturer": nothing, "overseas_party": nothing}):
        answer = client.post(
            "/v1/scores", json=line(1, id="none", **{**KETTLES, **changes}), params={"what_if": True}
        )
        assert answer.json()["scores"][0]["grade"]["event"] is None


@pytest.mark.parametrize("said", ["B-1", "0A", "L20260101", "10", "无锡一厂", "NA1"])
def test_what_says_something_is_no_placeholder(said: str) -> None:
    assert not is_placeholder(said)


def scored(id: str, at: int, event: str | None, **changes: Any) -> StoredScore:
    """A score of a line; `grade`, `harm`, `policy`, `quantity` and `unit` are of its grading."""
    cell = Cell(
        changes.pop("grade", RiskGrade.IV), "L", HAZARDS[0], 3, 0, 0, changes.pop("harm", 0.5), 1.0, 1.0
    )
    told = {name: changes.pop(name, None) for name in ("quantity", "unit")}
    grading = Grading(
        own=cell, hazards=(), support=0.0, policy=changes.pop("policy", "p"), version="1", **told
    )
    score = StoredScore(
        id=new_id(at), line_id=id, target="nonconforming", fingerprint="f", spec_fingerprint="s",
        scored_at=at, as_of=at, sequence=1, line_sequence=1, line=None, what_if=False, status="declared",
        direction="import", regime="general", hs_code="0402100000", base=0.0, log_odds=0.0,
        probability=0.5, percentile=None, percentile_basis="none", vector=to_bytes(EMPTY),
        contributions=to_bytes(EMPTY), warnings="[]",
        caller="c", event=event, grade=str(cell.grade), grading=msgspec.json.encode(grading).decode(),
    )  # fmt: skip
    return msgspec.structs.replace(score, **changes)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest) -> Any:
    """An empty store whose tables are all there."""
    opened = Store.open(request.getfixturevalue(f"{request.param}_url"))
    opened.migrate()
    migrate(opened.engine)
    yield opened
    opened.close()


def record(store: Store, scores: list[StoredScore], **changes: Any) -> None:
    """Record lines with their scores, as the server does."""
    declared = [
        Entry(
            Declaration(
                id=one.line_id,
                happened_at=one.scored_at,
                direction=Direction.IMPORT,
                hs_code="0402100000",
                **changes,
            )
        )
        for one in scores
        if not one.what_if
    ]
    with writing(store.engine) as connection:
        store.append_in(connection, declared)
        add_scores(connection, scores)


def slowly(
    said: list[StoredScore], gone: set[str], graded_by: tuple[str, str], without: list[str]
) -> dict[str, Held]:
    """Say what events hold by looking through all that was ever said."""
    newest = {(one.target, one.line_id): one for one in said if not one.what_if}
    found: dict[str, list[tuple[str, Grading]]] = {}
    for (target, id), one in newest.items():
        told = msgspec.json.decode(one.grading or "", type=Grading)
        if one.event and (target, told.policy) == graded_by and id not in gone and id not in without:
            found.setdefault(one.event, []).append((id, told))
    events = {}
    for event, lines in found.items():
        id, gravest = min(
            lines, key=lambda one: (GRADES.index(one[1].own.grade), -one[1].own.probability, one[0])
        )
        amounts = [told.quantity for _, told in lines if told.quantity is not None]
        units = sorted(told.unit or "" for _, told in lines if told.quantity is not None)
        first, last = (units[0], units[-1]) if units else (None, None)
        events[event] = Held(len(lines), float(sum(amounts)), len(amounts), first, last, id, gravest.own)
    return events


def some_score(dice: random.Random, at: int) -> StoredScore:
    return scored(
        f"L{dice.randrange(6)}",
        at,
        dice.choice([*EVENTS, None]),
        grade=dice.choice(GRADES),
        harm=dice.choice([0.0, 1e-9, 0.25, 0.5]),
        policy=dice.choice("pq"),
        target=dice.choice(["nonconforming", "critical"]),
        quantity=dice.choice([None, 1.0, 2.0]),
        unit=dice.choice([None, "001", "035"]),
        what_if=dice.random() < 0.2,
    )


def test_events_hold_what_a_look_through_everything_finds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.storage.event_lines.AT_ONCE", 3)
    dice, said = random.Random(5), list[StoredScore]()
    gone, known = set[str](), set[str]()
    for step in range(60):
        if known and dice.random() < 0.25:
            id = dice.choice(sorted(known - gone) or ["none"])
            if id != "none":
                gone.add(id)
                drop(store, id, withdraw=dice.random() < 0.5, at=step)
        else:
            some = [some_score(dice, START + step * SECOND) for _ in range(dice.randint(1, 3))]
            some = list({one.line_id: one for one in some}.values())
            record(store, some, total_price=float(step))
            said += some
            standing = {one.line_id for one in some if not one.what_if}
            gone, known = gone - standing, known | standing
        if dice.random() < 0.3:  # a server's upkeep, which may be behind
            catch_up(store.engine, dice.randint(0, store.head().sequence))
        for graded_by in (("nonconforming", "p"), ("critical", "p"), ("nonconforming", "q")):
            for without in ([], ["L1", "L4"]):
                expected = slowly(said, gone, graded_by, without)
                assert held(store.engine, EVENTS, graded_by, without) == expected
        # What was scored before a line fell out does not count once it is declared again.
        said = [one for one in said if one.line_id not in gone]
    assert held(store.engine, [], ("nonconforming", "p"), []) == {}


def drop(store: Store, id: str, *, withdraw: bool, at: int) -> None:
    if withdraw:
        store.append([Entry(removed=(Kind.DECLARATION, id), action=Action.WITHDRAW)])
        return
    line = Declaration(id=id, happened_at=at, direction=Direction.IMPORT, hs_code="1", total_price=float(at))
    store.append([Entry(msgspec.structs.replace(line, status=LineStatus.CANCELLED))])


def test_a_database_from_before_is_carried_over(store: Store) -> None:
    dice = random.Random(7)
    for step in range(40):
        record(store, [some_score(dice, START + step * SECOND)], total_price=float(step))
    with store.engine.connect() as connection:
        before = sorted(connection.execute(select(EVENT_LINES)).all())
    with writing(store.engine) as connection:
        command.downgrade(_config(connection), "0003")
        command.upgrade(_config(connection), "head")
    with store.engine.connect() as connection:
        assert sorted(connection.execute(select(EVENT_LINES)).all()) == before != []
    drop(store, "L1", withdraw=True, at=1)
    record(store, [scored("new", START, None)])
    with store.engine.connect() as connection:
        assert "L1" not in set(connection.execute(select(EVENT_LINES.c.line_id)).scalars())


def test_lines_that_fell_out_are_taken_out_without_a_score(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.storage.event_lines.AT_ONCE", 2)
    record(store, [scored(f"L{n}", START, EVENTS[0]) for n in range(4)])
    for n in range(3):
        drop(store, f"L{n}", withdraw=n != 1, at=n)
    catch_up(store.engine, 5)

    def standing() -> list[str]:
        with store.engine.connect() as connection:
            return sorted(connection.execute(select(EVENT_LINES.c.line_id)).scalars())

    assert standing() == ["L1", "L2", "L3"]
    catch_up(store.engine, store.head().sequence)
    assert standing() == ["L3"]
    [held_by] = held(store.engine, EVENTS, ("nonconforming", "p"), []).values()
    assert held_by.lines == 1


def test_events_graded_by_many_at_once_lose_no_line(store: Store) -> None:
    stores = [Store.open(store.engine.url.render_as_string(hide_password=False)) for _ in range(4)]
    faults: list[Exception] = []

    def many(of: int) -> None:
        try:
            for n in range(12):
                shared = scored(f"shared-{n % 3}", START + n, EVENTS[of % 2], quantity=1.0, unit="001")
                record(stores[of], [scored(f"own-{of}-{n}", START + n, EVENTS[0], quantity=1.0, unit="001")])
                record(stores[of], [shared], total_price=float(100 * of + n))
                held(stores[of].engine, EVENTS, ("nonconforming", "p"), [])
        except Exception as error:
            faults.append(error)

    threads = [Thread(target=many, args=(of,)) for of in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = held(store.engine, EVENTS, ("nonconforming", "p"), [])
    assert faults == []
    assert sum(one.lines for one in found.values()) == 4 * 12 + 3
    assert sum(one.quantity for one in found.values()) == 4 * 12 + 3
    for one in stores:
        one.close()


def test_events_are_asked_for_the_target_of_the_model_that_grades(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def held_of(engine: object, *of: Any) -> dict[str, Held]:
        asked.append(of)
        return {}

    monkeypatch.setattr("serving.grading.held", held_of)
    cell = Cell(RiskGrade.II, "L", HAZARDS[0], 3, 0, 0, 0.5, 1.0, 1.0)
    own = Grading(own=cell, hazards=(), support=0.0, policy="p", version="1")
    monkeypatch.setattr(LineGrader, "own", lambda *_: [own])
    line = Declaration(
        id="L", happened_at=0, direction=Direction.IMPORT, hs_code="95", batch="B", manufacturer="M"
    )
    grader = LineGrader(cast(Any, "engine"), cast(Any, SimpleNamespace(sha256="p", grader=None)))
    rows = cast(Any, SimpleNamespace(regimes=["general"]))
    [graded] = grader.grade(cast(Any, SimpleNamespace(target="critical")), [[line]], rows, None)
    assert graded.event is not None
    assert asked == [({graded.event.key}, ("critical", "p"), ["L"])]
    assert grader.grade(cast(Any, SimpleNamespace(target="critical")), [[line]], rows, START)
    assert len(asked) == 1
