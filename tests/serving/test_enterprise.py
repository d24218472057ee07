"""What an enterprise is told shows its own shipments and steps; nothing of the score or of others shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_port import client_of, declared, settings_of
from starlette.testclient import TestClient

from features.catalog import CATALOG
from features.history import History
from features.instants import now
from features.records import Declaration, Inspection, Nonconformity
from features.store.database import Store
from features.store.entries import Entry
from features.terms import FindingCategory, FindingSource, Outcome
from features.text.lexicon import hazards as taxonomy
from models.enterprise import OwnShipment, corrective_steps, letter
from models.grading import read_policy
from serving.storage.scores import StoredScore, find_score, to_bytes
from serving.telling import Teller

Line = Callable[..., dict[str, Any]]
NAMES = [name for name in CATALOG if "_" in name]
FINITE = st.floats(-20, 20)


@pytest.fixture(scope="module")
def told(
    filled: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, History, list[StoredScore]]]:
    """A port with scores of lines of every enterprise, and findings on some of its own lines."""
    import shutil

    home = Path(shutil.copytree(filled[0], tmp_path_factory.mktemp("told") / "home"))
    config = settings_of(home)
    store = Store.open(config.database_url)
    finding = {"happened_at": now(), "source": FindingSource.PORT, "fact": "与 C3 串通,货主 M4"}
    store.append(
        [
            Entry(
                Nonconformity(id=f"N{number}", declaration_id=f"L{number:06d}", category=category, **finding)
            )
            for number, category in zip(range(0, 600, 5), list(FindingCategory) * 20, strict=True)
        ]
    )
    with client_of(config, filled[1]) as client:
        lines = [declared(number, id=f"told-{number}") for number in range(35)]
        given = client.post("/v1/scores", json=lines).json()["scores"]
    scores = [find_score(store.engine, one["id"]) for one in given]
    yield store, History.build(store), [score for score in scores if score is not None]
    store.close()


def text_of(told: tuple[Store, History, list[StoredScore]], score: StoredScore, language: Any) -> str:
    return msgspec.json.encode(Teller(told[0], told[1], language).tell(score)).decode()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_number_of_the_score_can_show(told: Any, data: st.DataObject) -> None:
    score = data.draw(st.sampled_from(told[2]))
    language = data.draw(st.sampled_from(["zh", "en"]))
    width = len(score.vector) // 8
    numbers = np.array(data.draw(st.lists(FINITE, min_size=width, max_size=width)))
    other = msgspec.structs.replace(
        score,
        vector=to_bytes(numbers),
        contributions=to_bytes(numbers * 0.1),
        base=data.draw(FINITE),
        log_odds=data.draw(FINITE),
        probability=data.draw(st.floats(0, 1)),
        percentile=data.draw(st.floats(0, 100)),
        fingerprint=data.draw(st.text(max_size=9)),
        target=data.draw(st.sampled_from(["nonconforming", "critical"])),
        warnings="[]",
    )
    assert text_of(told, other, language) == text_of(told, score, language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_leaks(told: Any, language: str) -> None:
    store = told[0]
    every = [r.record for chunk in store.changes() for r in chunk]
    lines = {one.id: one for one in every if isinstance(one, Declaration)}
    bounds = {bound for own in read_policy().policy.regime.values() for bound in own.over if bound}
    thresholds = {f"{bound:g}" for bound in bounds} | {f"{bound:.0%}" for bound in bounds}
    hazards = [name for hazard in taxonomy().values() for name in (hazard.zh, hazard.en)]
    for score in told[2]:
        said = text_of(told, score, language)
        owner = lines[score.line_id].consignee
        for line_id in re.findall(r"\b(?:L\d{6}|told-\d+)\b", said):
            assert lines[line_id].consignee == owner
        assert not any(name in said for name in NAMES)
        assert not re.search(r"\b[CM]\d\b", said)
        assert "%" not in said
        assert "0." not in said
        assert not any(re.search(rf"(?<![\d.]){re.escape(one)}(?![\d.])", said) for one in thresholds)
        assert f"{score.probability:.2f}" not in said
        assert not any(name in said for name in hazards)
        assert not re.search(r"[IV]+级|\b[Gg]rade\b", said)
        assert "串通" not in said


def test_own_failures_are_named_and_others_are_not(told: Any) -> None:
    store, history, scores = told
    records = {
        r.record.id: r.record for chunk in store.changes() for r in chunk if isinstance(r.record, Inspection)
    }
    named = 0
    for score in scores:
        answer = Teller(store, history, "en").tell(score)
        named += len(answer.shipments)
        for shipment in answer.shipments:
            line_id = shipment.split(",")[0].removeprefix("line ")
            assert records[f"I{int(line_id[1:])}"].outcome is Outcome.RECTIFIED
    assert named > 0


def test_what_others_do_later_changes_nothing(told: Any) -> None:
    store, _, scores = told
    before = [text_of(told, score, "zh") for score in scores]
    store.append(
        [
            Entry(
                Inspection(id="later", happened_at=now(), declaration_id="L000005", outcome=Outcome.DESTROYED)
            )
        ]
    )
    after = (store, History.build(store), scores)
    assert [text_of(after, score, "zh") for score in scores] == before


CATEGORIES = st.lists(st.sampled_from(FindingCategory), max_size=3).map(tuple)
SHIPMENTS = st.lists(
    st.builds(
        OwnShipment,
        line_id=st.just("own"),
        declared_at=st.integers(10**15, 2 * 10**15),
        inspected_at=st.integers(10**15, 2 * 10**15),
        outcome=st.sampled_from([Outcome.RECTIFIED, Outcome.RETURNED, Outcome.DESTROYED]),
        categories=CATEGORIES,
    ),
    max_size=4,
)


@given(shipments=SHIPMENTS, language=st.sampled_from(["zh", "en"]))
def test_every_finding_has_its_step_and_steps_are_of_a_closed_list(shipments: Any, language: Any) -> None:
    steps = corrective_steps(shipments, language)
    found = {category for shipment in shipments for category in shipment.categories}
    assert len(steps) == len(set(steps)) == 2 + len(found) + bool(shipments)
    said = letter(("own", 10**15), shipments, language)
    assert sum(line.startswith("- ") for line in said) == len(shipments)


def test_the_officer_gets_it_over_http(client: TestClient, line: Line) -> None:
    score_id = client.post("/v1/scores", json=line(0, id="by-http")).json()["scores"][0]["id"]
    for language in ("zh", "en"):
        answer = client.get(
            f"/v1/scores/{score_id}/explanation",
            params={"audience": "enterprise"},
            headers={"Accept-Language": language},
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["audience"] == "enterprise"
        assert answer.json()["line_id"] == "by-http"
    wrong = client.get(f"/v1/scores/{score_id}/explanation", params={"audience": "press"})
    assert wrong.status_code == 422
