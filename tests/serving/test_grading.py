"""Every score has a grade: of its event, by one policy, after the sum, and verified years later."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update
from starlette.testclient import TestClient

import serving.files
from features.instants import SECOND, now, show_instant
from features.records import Declaration
from features.store.database import Store
from models.grading import SHIPPED, Cell, InvalidGradingPolicy, read_policy
from models.hazards import HAZARDS
from models.scores import RiskGrade
from serving.cli import score as score_command
from serving.errors import CannotReplay
from serving.grading import Grading, event_key, inherit
from serving.replay import replay
from serving.server import prepare
from serving.settings import ServingSettings
from serving.storage.event_lines import Held
from serving.storage.migrate import migrate
from serving.storage.tables import GRADING_POLICIES, SCORES

Line = Callable[..., dict[str, Any]]
TOYS = "9503002100"
GRADES = ["I", "II", "III", "IV"]


@pytest.fixture
def store(settings: ServingSettings) -> Iterator[Store]:
    opened = Store.open(settings.database_url)
    yield opened
    opened.close()


def scored(client: TestClient, body: object, **options: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/scores", json=body, params=options)
    assert answer.status_code == 201, answer.text
    found: list[dict[str, Any]] = answer.json()["scores"]
    return found


def named(text: str, version: str) -> str:
    """The text of the shipped policy, changed and under a version of its own."""
    return text.replace(f'"{read_policy().policy.version}"', f'"{version}"', 1)


def sharp(tmp_path: Path, **harms: float) -> Path:
    """A policy in which some hazards do harm with other chances, so that a test chooses its grades."""
    text = named(SHIPPED.read_text(encoding="utf-8"), f"sharp {harms}"[:64])
    head, *entries = text.split("[[hazard]]\n")
    for at, entry in enumerate(entries):
        name = entry.split('"')[1]
        harm = harms.get(name, harms.get("others"))
        if harm is not None:
            plain = entry.split("\n[[hazard.goods]]")[0].split("\n")
            entries[at] = "\n".join(f"harm = {harm}" if one.startswith("harm") else one for one in plain)
    file = tmp_path / "sharp.toml"
    file.write_text(
        "[[hazard]]\n".join([head, *(f"{entry.rstrip()}\n\n" for entry in entries)]), encoding="utf-8"
    )
    return file


def test_an_answer_carries_hazards_grade_cell_colour_competence_and_policy(
    client: TestClient, line: Line
) -> None:
    found = scored(client, line(2, id="graded", hs_code=TOYS))[0]
    grade, policy = found["grade"], read_policy()
    assert grade["policy"]["version"] == policy.policy.version
    assert grade["policy"]["sha256"] == policy.sha256
    assert grade["policy"]["provenance"] in (policy.policy.provenance_zh, policy.policy.provenance_en)
    assert (grade["grade"] in GRADES, grade["colour"] in {"red", "yellow", "green"}) == (True, True)
    assert grade["competence"][0]["name"]
    assert found["line"].startswith(grade["text"])
    assert len(found["hazards"]) == 3
    for one in found["hazards"]:
        assert one["probability"] == pytest.approx(found["probability"] * one["given_nonconforming"])
    cell = grade["cell"]
    assert cell["hazard"] in HAZARDS
    assert 0 < cell["probability"] < cell["hazard_probability"] <= found["probability"]
    english = client.get(f"/v1/scores/{found['id']}", headers={"Accept-Language": "en"}).json()
    assert english["line"].startswith(f"Grade {grade['grade']} (")
    assert "no part of the sum" in english["grade"]["note"]


def test_the_grade_is_a_step_after_the_sum_and_changes_none_of_it(
    start: Callable[..., TestClient], line: Line, tmp_path: Path
) -> None:
    lines = [line(n, id=f"sum-{n}", batch="B1") for n in range(6)]
    usual = scored(start(), lines, what_if=True)
    severe = scored(start(grading_policy=sharp(tmp_path, others=1.0)), lines, what_if=True)
    assert {one["grade"]["grade"] for one in severe} == {"I"}
    for one, other in zip(usual, severe, strict=True):
        for name in ("base", "total", "probability", "contributions", "reasons", "by_family", "percentile"):
            assert one[name] == other[name]
        added = sum(part["log_odds"] for part in one["contributions"])
        assert one["total"] == pytest.approx(one["base"] + added, abs=1e-9)


def hurt_by_a_brand(client: TestClient) -> None:
    """Let opinions tell of persons hurt by the brand 火焰, among others that tell of none."""
    opinions = [injured(number, now() - 9 * SECOND, 2) for number in range(3)]
    harmless = [
        {
            "id": f"H{number}",
            "happened_at": "2026-01-01",
            "channel": "12315",
            "text": text,
            "brand": f"B{number}",
        }
        for number, text in enumerate(HARMLESS)
    ]
    assert client.post("/v1/opinions", json=[*harmless, *opinions]).status_code == 201


def test_lines_of_a_batch_inherit_the_gravest_grade_of_a_request(
    start: Callable[..., TestClient], line: Line, tmp_path: Path
) -> None:
    client = start(grading_policy=sharp(tmp_path, electric_shock=0.005, others=0.0))
    hurt_by_a_brand(client)
    batch = [
        line(
            n,
            id=f"kettle-{n}",
            hs_code="8516109000",
            manufacturer="M",
            batch="B-77",
            brand="火焰" if n == 2 else "冰",
        )
        for n in range(9)
    ]
    alone = [scored(client, one, what_if=True)[0]["grade"]["grade"] for one in batch]
    assert min(alone) == alone[2] < max(alone)
    for one, own in zip(scored(client, batch, what_if=True), alone, strict=True):
        grade, event = one["grade"], one["grade"]["event"]
        assert grade["grade"] == alone[2]
        assert (event["lines"], event["quantity"], event["unit"]) == (9, 90.0, "001")
        if own == alone[2]:
            assert (event["decided_by"], grade["own"]) == (None, None)
        else:
            assert (event["decided_by"], grade["own"]["grade"]) == ("kettle-2", own)
            assert "kettle-2" in event["text"]
            assert "90 in all (unit: set)" in event["text"]


def test_later_lines_inherit_from_a_recorded_one_and_replay_looks_it_up(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path, tmp_path: Path
) -> None:
    client = start(grading_policy=sharp(tmp_path, electric_shock=0.005, others=0.0))
    hurt_by_a_brand(client)
    kettle = {"hs_code": "8516109000", "manufacturer": "M", "batch": "B-78"}
    first = scored(client, line(1, id="grave", brand="火焰", **kettle))[0]
    later = scored(client, line(2, id="mild", brand="冰", **kettle))[0]
    assert later["grade"]["event"]["decided_by"] == "grave"
    assert later["grade"]["grade"] == first["grade"]["grade"] < later["grade"]["own"]["grade"]
    assert replay(store, home, later["id"], features=True).same
    with store.engine.begin() as connection:
        connection.execute(delete(SCORES).where(SCORES.c.id == first["id"]))
    altered = replay(store, home, later["id"], features=False)
    assert [one.name for one in altered.differences] == ["grade"]


def test_later_lines_inherit_from_recorded_ones_of_their_batch_and_what_ifs_leave_nothing_behind(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path, tmp_path: Path
) -> None:
    client = start(grading_policy=sharp(tmp_path, electric_shock=0.9, others=0.0001))
    kettle = {"hs_code": "8516109000", "manufacturer": "M9", "batch": "B-1"}
    pan = {**kettle, "direction": "import"}
    scored(client, line(0, id="what-if", **kettle), what_if=True)
    first = scored(client, line(0, id="first", **kettle))[0]
    assert first["grade"]["event"]["lines"] == 1
    later = scored(client, line(1, id="later", **pan))[0]
    assert later["grade"]["event"]["lines"] == 2
    other = scored(client, line(1, id="other", **{**kettle, "batch": "B-2"}))[0]
    assert other["grade"]["event"]["lines"] == 1
    again = scored(client, line(1, id="later", total_price=7.0, **pan))[0]
    assert again["grade"]["event"]["lines"] == 2
    assert scored(client, line(3, id="no-batch", hs_code="8516109000"))[0]["grade"]["event"] is None
    for one in (first, later, other, again):
        for features in (False, True):
            assert replay(store, home, one["id"], features=features).same


EVENTS = st.sampled_from(["a", "b", None])
MEMBERS = st.lists(
    st.tuples(EVENTS, st.sampled_from(list(RiskGrade)), st.floats(0, 1)), min_size=1, max_size=12
)


def own_grading(grade: RiskGrade, harm: float) -> Grading:
    cell = Cell(grade, "L", HAZARDS[0], 3, 0, 0, harm, harm, 1.0)
    return Grading(own=cell, hazards=(), support=0.0, policy="p", version="1", quantity=2.0, unit="001")


@given(MEMBERS, st.dictionaries(st.sampled_from("ab"), st.sampled_from(list(RiskGrade))))
def test_the_grade_of_a_line_is_the_gravest_of_its_event_and_its_own_cell_stays(
    members: list[tuple[str | None, RiskGrade, float]], before: dict[str, RiskGrade]
) -> None:
    gradings = [own_grading(grade, harm) for _, grade, harm in members]
    recorded = {
        key: Held(1, 1.0, 1, "001", "001", "earlier", own_grading(grade, 0.5).own)
        for key, grade in before.items()
    }
    keys, ids = [key for key, _, _ in members], [f"L{n}" for n in range(len(members))]
    inherit(gradings, range(len(members)), (keys, ids), recorded)
    for n, (key, grade, _) in enumerate(members):
        among = [other for event, other, _ in members if event == key] + [
            before[k] for k in before if k == key
        ]
        expected = grade if key is None else min(among, key=GRADES.index)
        assert gradings[n].cell.grade is expected
        assert gradings[n].own.grade is grade
        event = gradings[n].event
        assert (event is None) == (key is None)
        if event is not None:
            assert event.lines == len(among)
            assert event.quantity == sum(2.0 for each in keys if each == key) + (key in before)
            decider = event.decided_by
            assert (decider is None) == (grade is expected)
            if decider is not None:
                told = before[str(key)] if decider == "earlier" else members[ids.index(decider)][1]
                assert told is expected


def test_regimes_never_share_an_event_nor_a_threshold() -> None:
    def named(**changes: Any) -> Declaration:
        said = {
            "id": "L",
            "happened_at": 0,
            "direction": "import",
            "hs_code": "2905110000",
            "batch": "B",
            "manufacturer": "M",
        }
        return Declaration(**{**said, **changes})

    keys = {event_key(named(), regime) for regime in ("general", "hazardous", "food")}
    assert len(keys) == 3
    assert event_key(named(batch=None), "general") is None
    assert event_key(named(manufacturer=None), "general") is None
    assert event_key(named(manufacturer=None, overseas_party="X"), "general") is not None
    assert event_key(named(direction="export", manufacturer=None, overseas_party="X"), "general") is None


def test_scores_are_listed_by_grade(client: TestClient, line: Line) -> None:
    made = scored(client, [line(n, id=f"listed-{n}") for n in range(30)])
    for grade in GRADES:
        listed = client.get("/v1/scores", params={"grade": grade, "limit": 1000}).json()["scores"]
        assert all(one["grade"] == grade for one in listed)
        expected = {one["id"] for one in made if one["grade"]["grade"] == grade}
        assert expected <= {one["id"] for one in listed}
    assert client.get("/v1/scores", params={"grade": "V"}).status_code == 422


TOLD = (
    "电热水壶漏电，孩子手指被电伤送医",
    "烧水时壶身突然带电，我和母亲都麻得摔倒在地",
    "插上电源后外壳击穿，两人触电，邻居拉闸才脱险",
)
"""Accidents told in different words: what is told twice counts once."""


HARMLESS = ("发货太慢", "颜色与图片不同", "包装破损了一角", "说明书没有中文", "客服态度不好", "价格比别家贵")


def injured(number: int, at: int, persons: int) -> dict[str, Any]:
    return {
        "id": f"O{number}",
        "happened_at": show_instant(at),
        "channel": "injury",
        "text": TOLD[number],
        "hs_code": "8516109000",
        "brand": "火焰",
        "injured": persons,
        "severity": 3,
    }


def test_injuries_raise_severity_only_from_records_known_then(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path
) -> None:
    client = start()
    kettle = line(0, hs_code="8516109000", brand="火焰")
    before = scored(client, {**kettle, "id": "before"})[0]
    hurt_by_a_brand(client)
    after = scored(client, {**kettle, "id": "after"})[0]
    past = scored(client, {**kettle, "id": "past"}, as_of=before["as_of"])[0]
    assert before["grade"]["cell"]["raised"] == past["grade"]["cell"]["raised"] == 0
    assert after["grade"]["cell"]["raised"] == 1
    assert "受伤" in after["grade"]["cell"]["text"] or "injuries" in after["grade"]["cell"]["text"]
    for one in (before, after, past):
        assert replay(store, home, one["id"], features=True).same


def test_an_altered_grade_or_policy_is_found_out(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path
) -> None:
    score_id = scored(start(), line(1, id="altered"))[0]["id"]
    with store.engine.begin() as connection:
        stored = connection.execute(SCORES.select().where(SCORES.c.id == score_id)).mappings().one()
        told = json.loads(stored["grading"])
        told["own"]["severity"] += 1
        connection.execute(
            update(SCORES).where(SCORES.c.id == score_id).values(grading=json.dumps(told), grade="I")
        )
    found = {one.name for one in replay(store, home, score_id, features=False).differences}
    assert {"severity", "grade"} <= found
    with store.engine.begin() as connection:
        connection.execute(update(GRADING_POLICIES).values(text=GRADING_POLICIES.c.text + "\n"))
    with pytest.raises(CannotReplay, match="not kept as it was used"):
        replay(store, home, score_id, features=False)
    with store.engine.begin() as connection:
        connection.execute(delete(GRADING_POLICIES))
    with pytest.raises(CannotReplay):
        replay(store, home, score_id, features=False)


def test_a_grade_is_read_by_the_policy_that_gave_it(
    start: Callable[..., TestClient], line: Line, tmp_path: Path
) -> None:
    first = scored(start(), line(1, id="old-policy"))[0]
    renamed = tmp_path / "renamed.toml"
    renamed.write_text(
        named(SHIPPED.read_text(encoding="utf-8").replace('"低"', '"很低"'), "ours-1"), encoding="utf-8"
    )
    client = start(grading_policy=renamed)
    assert client.get(f"/v1/scores/{first['id']}").json()["grade"] == first["grade"]
    assert scored(client, line(1, id="new-policy"))[0]["grade"]["policy"]["version"] == "ours-1"


def test_scores_from_before_grades_are_read_without_one(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path
) -> None:
    client = start()
    found = scored(client, line(1, id="from-before"))[0]
    with store.engine.begin() as connection:
        connection.execute(update(SCORES).values(grade=None, grading=None, event=None))
    read = client.get(f"/v1/scores/{found['id']}").json()
    assert (read["grade"], read["hazards"]) == (None, [])
    assert read["probability"] == found["probability"]
    evidence = client.get(f"/v1/scores/{found['id']}/evidence").json()
    assert "grading" not in evidence
    assert client.get(f"/v1/scores/{found['id']}/changes").status_code == 200
    assert client.get(f"/v1/scores/{found['id']}/evidence.html").status_code == 200
    assert replay(store, home, found["id"], features=True).same


def test_evidence_and_its_page_carry_the_grade(client: TestClient, line: Line) -> None:
    found = scored(client, line(2, id="evident", batch="B", hs_code=TOYS))[0]
    evidence = client.get(f"/v1/scores/{found['id']}/evidence").json()
    assert evidence["grading"]["policy"] == read_policy().sha256
    assert evidence["grading"]["own"]["grade"] == found["grade"]["cell"]["grade"]
    page = client.get(f"/v1/scores/{found['id']}/evidence.html", headers={"Accept-Language": "zh"}).text
    for part in ("风险等级（策略步骤）", read_policy().sha256, "主管部门", "不属于贡献值之和"):
        assert part in page
    line_long = client.get(f"/v1/scores/{found['id']}/explanation", params={"length": "line"}).json()
    assert line_long["grade"]["grade"] == found["grade"]["grade"]
    assert line_long["text"][0].startswith(line_long["grade"]["text"])


def test_a_file_is_graded_by_events_that_reach_over_its_blocks(
    home: Path, settings: ServingSettings, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(settings.database_url)
    migrate(store.engine)
    store.close()
    lines = [line(n, id=f"file-{n}", batch=f"B{n % 4}", manufacturer="M1", hs_code=TOYS) for n in range(40)]
    file, whole, blocks = tmp_path / "lines.jsonl", tmp_path / "whole.parquet", tmp_path / "blocks.parquet"
    file.write_text("\n".join(json.dumps(one) for one in lines), encoding="utf-8")
    for out, block in ((whole, 5000), (blocks, 7)):
        monkeypatch.setattr(serving.files, "BLOCK", block)
        asked = [str(file), "--out", str(out), "--home", str(home)]
        assert CliRunner().invoke(score_command, asked).exit_code == 0
    names = ["id", "grade", "colour", "cell", "event", "probability", "competence", "policy"]
    one, other = (pq.read_table(out, columns=names).to_pylist() for out in (whole, blocks))
    assert one == other
    gravest: dict[str, set[str]] = {}
    for row in one:
        gravest.setdefault(row["event"], set()).add(row["grade"])
    assert all(len(grades) == 1 for grades in gravest.values())


def test_a_policy_that_cannot_be_followed_keeps_the_server_from_starting(
    settings: ServingSettings, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.toml"
    text = SHIPPED.read_text(encoding="utf-8").replace('2 = ["S", "S", "S"', '2 = ["S", "L", "S"', 1)
    broken.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidGradingPolicy, match="severity 2"):
        prepare(settings.model_copy(update={"grading_policy": broken}), without_model=False)


def test_a_line_has_the_same_grade_alone_and_in_a_crowd(client: TestClient, line: Line) -> None:
    lines = [line(n, id=f"crowd-{n}") for n in range(40)]
    crowd = scored(client, lines, what_if=True)
    for n in (0, 13, 39):
        alone = scored(client, lines[n], what_if=True)[0]
        assert alone["hazards"] == crowd[n]["hazards"]
        assert alone["grade"] == crowd[n]["grade"]
        assert np.isfinite(alone["grade"]["cell"]["probability"])
