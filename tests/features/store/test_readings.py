"""Readings of opinions: derived with the record, resting on nothing known later, made again when need be."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from customs_risk import main
from features.history import History
from features.instants import DAY
from features.lines import Lines
from features.opinions.policy import policy
from features.records import Declaration, Inspection, Opinion, Party
from features.store.database import Store
from features.store.entries import Entry
from features.store.readings import progress, retag
from features.terms import Channel, Direction, Kind, Outcome, Role
from features.text import TEXT_VERSION

START = 1_600_000_000_000_000
SAID = "市民反映,买的奥乐牌电热水壶外壳漏电,孩子麻手,厂家是宁波海通电器有限公司"


def kettle(number: int = 1, **changes: object) -> Declaration:
    usual: dict[str, object] = {
        "id": f"D{number}", "happened_at": START, "direction": Direction.IMPORT, "hs_code": "8516109000",
        "goods_name": "电热水壶", "brand": "奥乐", "manufacturer": "宁波海通电器有限公司", "consignee": "C1",
    }  # fmt: skip
    return Declaration(**(usual | changes))  # type: ignore[arg-type]


def opinion(number: int = 1, text: str = SAID, **changes: object) -> Opinion:
    usual: dict[str, object] = {"id": f"O{number}", "happened_at": START, "channel": Channel.HOTLINE_12315}
    return Opinion(text=text, **(usual | changes))  # type: ignore[arg-type]


def put(store: Store, *records, day: float | None = None) -> list[int]:
    """Store records, known on a day or now; returns their sequences."""
    known_at = None if day is None else START + int(day * DAY)
    entries = [Entry(record=record, known_at=known_at) for record in records]
    return [receipt.sequence for receipt in store.append(entries, imported=day is not None)]


def read(store: Store, sequence: int):
    return store.readings.of([sequence])[sequence]


def all_readings(store: Store):
    sequences = [one.sequence for chunk in store.changes(kinds=[Kind.OPINION]) for one in chunk]
    return store.readings.of(sequences)


def test_a_reading_fills_in_what_the_source_left_out(store: Store) -> None:
    trader = Party(id="C1", happened_at=START, name="上海远航贸易有限公司", roles=(Role.CONSIGNEE,))
    put(store, trader, kettle())
    [sequence] = put(store, opinion(text=SAID + ",经销的是上海远航"))
    found = read(store, sequence)
    assert (found.hs4, found.confidence) == ("8516", 1.0)
    assert (found.brand, found.manufacturer, found.consignee) == ("奥乐", "宁波海通电器有限公司", "C1")
    assert [hazard.hazard for hazard in found.hazards] == ["electric_shock"]
    assert [SAID[start:end] for start, end in found.goods] == ["电热水壶"]
    assert {SAID[start:end] for start, end in found.hazards[0].spans} == {"漏电", "麻手"}
    assert found.complaint
    assert found.severity == 3
    assert found.stated == ()


def test_what_the_source_states_wins_over_what_the_text_says(store: Store) -> None:
    put(store, kettle())
    [sequence] = put(store, opinion(hs_code="9503002100", brand="别家", severity=1, injured=4, praise=True))
    found = read(store, sequence)
    assert (found.hs4, found.brand, found.injured) == ("9503", "别家", 4)
    assert not found.complaint
    assert found.severity == 0
    assert found.stated == ("hs_code", "brand", "severity", "injured", "praise")


@pytest.mark.parametrize(
    ("said", "channel", "complaint"),
    [
        ("电热水壶很好用,推荐", Channel.REVIEW, False),
        ("电热水壶不漏电,挺安全", Channel.HOTLINE_12345, False),
        ("电热水壶漏电", Channel.REVIEW, True),
        ("今天收到了", Channel.REVIEW, False),
        ("今天收到了", Channel.HOTLINE_12345, True),
    ],
)
def test_a_complaint_is_told_from_praise_and_denial(store: Store, said: str, channel, complaint) -> None:
    [sequence] = put(store, opinion(text=said, channel=channel))
    assert read(store, sequence).complaint == complaint


def test_a_name_is_known_only_after_it_was_declared(store: Store) -> None:
    [early] = put(store, opinion(1), day=1)
    put(store, kettle(), day=2)
    [same, late] = put(store, opinion(2), day=2) + put(store, opinion(3, text=SAID + "!!"), day=3)
    assert [read(store, one).brand for one in (early, same, late)] == [None, None, "奥乐"]


def test_a_name_of_several_headings_is_taken_for_the_one_that_most_lines_bore(store: Store) -> None:
    put(store, kettle(0, hs_code="7323930000"))
    put(store, kettle(1))
    [unsure] = put(store, opinion(1))
    put(store, *(kettle(number) for number in range(2, 12)))
    [sure] = put(store, opinion(2, text=SAID[:-3]))
    assert read(store, unsure).hs4 is None
    assert read(store, sure).hs4 == "8516"
    assert read(store, sure).confidence > 0.5


def test_a_name_that_two_parties_share_points_at_neither(store: Store) -> None:
    put(store, *(Party(id=id, happened_at=START, name="上海远航贸易有限公司") for id in ("C1", "C2")))
    [sequence] = put(store, opinion(text="进口商是上海远航贸易有限公司"))
    found = read(store, sequence)
    assert found.consignee is None
    assert [(one.value, one.confidence) for one in found.parties] == [("C1", 0.5), ("C2", 0.5)]


def test_a_complaint_filed_again_names_the_first_and_its_complainant_is_no_newcomer(store: Store) -> None:
    first = put(store, opinion(1, complainant="a" * 16))
    again = put(store, opinion(2, text=SAID + "。", complainant="a" * 16))
    third = put(store, opinion(3, text=SAID + "!", complainant="b" * 16))
    found = [read(store, one) for [one] in (first, again, third)]
    assert [one.duplicate_of for one in found] == [None, "O1", "O1"]
    assert [one.first_time for one in found] == [True, False, True]


def test_a_withdrawn_complaint_can_be_filed_anew(store: Store) -> None:
    put(store, opinion(1))
    store.append([Entry.withdraw(Kind.OPINION, "O1")])
    [sequence] = put(store, opinion(2))
    assert read(store, sequence).duplicate_of is None


def test_a_source_whose_complaints_lead_to_findings_weighs_more(store: Store) -> None:
    days = range(0, 200, 2)
    for day in days:
        put(store, opinion(1000 + day, text=f"第{day}号投诉说漏电", brand="奥乐"), day=day + 0.1)
        put(
            store,
            opinion(2000 + day, text=f"第{day}条评价说漏电", brand="别家", channel="review"),
            day=day + 0.1,
        )
        failed = Inspection(id=f"I{day}", happened_at=START, declaration_id="D1", outcome=Outcome.RETURNED)
        put(store, kettle(), failed, day=day + 0.5)
    [hotline] = put(store, opinion(1, text="奥乐电水壶漏电了啊"), day=400)
    [review] = put(store, opinion(2, text="别家电水壶漏电了啊", channel=Channel.REVIEW), day=400)
    assert read(store, hotline).weight > 1.2 * policy().source["12315"].weight
    assert read(store, review).weight < 0.8 * policy().source["review"].weight


def test_a_redacted_opinion_leaves_no_reading_and_no_print(store: Store) -> None:
    put(store, kettle())
    [sequence] = put(store, opinion(1))
    store.append([Entry.redact(Kind.OPINION, "O1")])
    assert store.readings.of([sequence]) == {}
    with store.reading() as connection:
        for table in ("opinion_readings", "opinion_bands"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
    [again] = put(store, opinion(2))
    assert read(store, again).duplicate_of is None


def everywhere(store: Store) -> str:
    """All that stands in the tables of readings."""
    tables = ("opinion_readings", "opinion_names", "opinion_goods", "opinion_outcomes", "opinion_bands")
    with store.reading() as connection:
        return repr([connection.execute(text(f"SELECT * FROM {name}")).all() for name in tables])


@pytest.mark.parametrize("erased", ["line", "inspection"])
def test_a_redaction_takes_names_and_outcomes_and_no_others(store: Store, erased: str) -> None:
    secret = kettle(1, goods_name="秘密水壶", brand="秘牌", manufacturer="秘厂")
    put(
        store,
        secret,
        kettle(2),
        kettle(3),
        kettle(4, goods_name="秘密水壶", hs_code="8509400000", brand=None),
    )
    put(
        store,
        *(
            Inspection(id=f"I{n}", happened_at=START, declaration_id=f"D{n}", outcome=Outcome.RETURNED)
            for n in (1, 2)
        ),
    )
    store.readings.take_in()
    assert "秘牌" in everywhere(store)
    line, look = Entry.redact(Kind.DECLARATION, "D1"), Entry.redact(Kind.INSPECTION, "I1")
    store.append([line] if erased == "line" else [look])
    with store.reading() as connection:
        goods = connection.execute(text("SELECT name, hs4, lines FROM opinion_goods ORDER BY hs4")).all()
        abouts = connection.execute(text("SELECT about FROM opinion_outcomes")).scalars().all()
    assert not any("秘" in about for about in abouts)
    assert any("奥乐" in about for about in abouts)
    kept = [("秘密水壶", "8509", 1), ("电热水壶", "8516", 2)]
    assert sorted(map(tuple, goods)) == sorted(kept if erased == "line" else [*kept, ("秘密水壶", "8516", 1)])
    if erased == "line":
        store.append([Entry.redact(Kind.DECLARATION, "D4")])
        assert "秘" not in everywhere(store)
    store.readings.take_in()
    assert not any("秘牌" in about for about in abouts)


def test_a_line_redacted_before_it_was_taken_in_is_not_taken_off_the_count(store: Store) -> None:
    put(store, kettle(1))
    store.readings.take_in()
    put(store, kettle(2))
    store.append([Entry.redact(Kind.DECLARATION, "D2")])
    store.readings.take_in()
    with store.reading() as connection:
        assert connection.execute(text("SELECT lines FROM opinion_goods")).scalar_one() == 1


def test_the_names_of_a_redacted_line_are_forgotten(store: Store) -> None:
    put(store, kettle())
    put(store, opinion(1))
    store.append([Entry.redact(Kind.DECLARATION, "D1")])
    [sequence] = put(store, opinion(2, text=SAID[2:]))
    assert read(store, sequence).brand is None


def test_readings_made_before_what_is_older_came_in_are_made_again(store: Store) -> None:
    put(store, opinion(1), day=5)
    put(store, opinion(2, text="保温杯发霉了真恶心"), day=1)
    put(store, kettle(), day=3)
    before = store.head().readings
    assert store.readings.retag() == 2
    assert store.head().readings == before + 1
    [first] = [one for one in all_readings(store).values() if one.hazards[0].hazard == "electric_shock"]
    assert first.brand == "奥乐"
    assert store.readings.retag() == 0


def test_a_stopped_retag_goes_on_where_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retag, "CHUNK", 2)
    monkeypatch.setattr(retag, "_NEXT", retag._NEXT.replace("LIMIT 1000", "LIMIT 2"))
    for number in range(7):
        put(store, opinion(number, text=f"第{number}个电热水壶漏电了真吓人"))
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.readings.retag(everything=True, progress=stop)
    assert seen == [(2, 7), (4, 7)]
    assert store.readings.unread() == 3
    assert store.readings.retag() == 3
    assert store.readings.unread() == 0


def test_a_new_text_version_reads_everything_and_keeps_the_old_readings(store: Store) -> None:
    put(store, kettle())
    [sequence] = put(store, opinion(1))
    as_of_old = store.readings.of([sequence])
    with store.writing() as connection:
        for table in ("readings", "bands", "names", "goods", "outcomes", "progress"):
            connection.execute(text(f"UPDATE opinion_{table} SET text_version = '1'"))
    assert History.build(store).counts("complained", *_asked(store)).windows[0, 0, -1, 0] == 0
    assert store.readings.unread() == 1
    assert store.readings.retag() == 1
    assert store.readings.of([sequence], "1") == as_of_old == store.readings.of([sequence], TEXT_VERSION)
    assert (
        History.build(store, text_version="1").counts("complained", *_asked(store)).windows[0, 0, -1, 0] == 1
    )


def _asked(store: Store):
    return Lines.of([kettle()]), np.array([store.head().known_at + 1])


def test_a_running_history_counts_anew_once_readings_were_made_again(store: Store) -> None:
    put(store, kettle())
    put(store, opinion(1))
    with store.writing() as connection:
        connection.execute(text("DELETE FROM opinion_readings"))
    history = History.build(store)
    assert history.counts("complained", *_asked(store)).windows[0, 0, -1, 0] == 0
    store.readings.retag()
    assert history.refresh()
    assert history.counts("complained", *_asked(store)).windows[0, 0, -1, 0] == 1


RECORDS = st.one_of(
    st.builds(
        kettle,
        st.integers(1, 3),
        brand=st.sampled_from(["奥乐", "美加", None]),
        goods_name=st.sampled_from(["电热水壶", "热水壶", "水壶盖", None]),
        hs_code=st.sampled_from(["8516109000", "7323930000"]),
    ),
    st.builds(
        opinion,
        st.integers(1, 4),
        text=st.sampled_from([SAID, SAID + "。", "美加热水壶起火了,赶紧断电", "水壶盖掉漆,奥乐太差"]),
        complainant=st.sampled_from([None, "a" * 16, "b" * 16]),
    ),
    st.builds(
        Party, id=st.sampled_from(["C1", "C2"]), happened_at=st.just(START), name=st.just("宁波海通电器")
    ),
)


@settings(max_examples=25)
@given(st.lists(st.tuples(RECORDS, st.integers(0, 6)), max_size=10), st.tuples(RECORDS, st.integers(3, 6)))
def test_nothing_known_later_changes_a_reading_whatever_order_it_is_imported_in(told, later) -> None:
    """Readings made again rest on what was visible before; a further record changes none before it."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").exists() else None) as folder:
        store = Store.open(f"sqlite:///{folder}/a.db")
        store.migrate()
        for record, day in told:
            put(store, record, day=day)
        store.readings.retag(everything=True)
        before = all_readings(store)
        instants = {one.sequence: one.visible_at for chunk in store.changes() for one in chunk}
        put(store, msgspec.structs.replace(later[0], id="new"), day=later[1])
        store.readings.retag(everything=True)
        after = all_readings(store)
        store.close()
    at = START + later[1] * DAY
    for sequence, reading in before.items():
        if instants[sequence] <= at:
            assert after[sequence] == reading


def test_progress_falls_behind_to_the_earliest(store: Store) -> None:
    with store.writing() as connection:
        for at in (7, 3, 5):
            progress.fall_behind(connection, at)
        assert progress.read_progress(connection) == (0, 3, 0)


def test_the_command_reads_what_is_behind_and_all_when_asked(sqlite_url: str, tmp_path: Path) -> None:
    store = Store.open(sqlite_url)
    store.migrate()
    put(store, kettle(), opinion(1), opinion(2, text="保温杯漏水漏得厉害"))
    told = [
        CliRunner().invoke(main, ["retag", *all_, "--home", str(tmp_path), "--database-url", sqlite_url])
        for all_ in ([], ["--all"])
    ]
    store.close()
    assert [one.exit_code for one in told] == [0, 0]
    assert told[0].output == f"0 opinions read with text version {TEXT_VERSION}\n"
    assert told[1].output == f"2 opinions read with text version {TEXT_VERSION}\n"
