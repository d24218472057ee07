"""A percentile is among the lines of one direction and one regime, or there is none, and it is said why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from features.instants import now
from features.store.database import Store
from models.bundle import store_bundle
from models.grading import read_policy
from models.keys import signing_key
from models.promotions import Nomination, load_promoted, promote, standing
from models.reference import Reference
from serving.settings import ServingSettings

Line = Callable[..., dict[str, Any]]
TOO_FEW = "too few lines of its regime"


def scored(client: TestClient, body: object, **options: Any) -> dict[str, Any]:
    answer = client.post("/v1/scores", json=body, params=options)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["scores"][0]
    return found


def hazardous(line: Line, number: int) -> dict[str, Any]:
    """A line of a regime of which the port holds none."""
    return line(number, id=f"danger-{number}", direction="export", hs_code="9503002100", dangerous=True)


def test_a_regime_of_few_lines_has_no_percentile_and_no_grade_by_rank(client: TestClient, line: Line) -> None:
    found = scored(client, hazardous(line, 1))
    assert found["regime"] == "hazardous"
    assert (found["percentile"], found["percentile_basis"]) == (None, TOO_FEW)
    assert found["grade"]["by_rank"] is None
    assert found["grade"]["grade"] in {"I", "II", "III", "IV"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "无百分位：同方向、同监管类别（危险货物）的申报行过少，不与其他监管类别混合排序"),
        ("en", "No percentile: too few lines of its direction and regime (hazardous goods) to rank among, "
               "and regimes are not mixed in one ranking"),
    ],
)  # fmt: skip
def test_answer_and_page_say_why_there_is_no_percentile(
    client: TestClient, line: Line, language: str, said: str
) -> None:
    found = scored(client, hazardous(line, 2))
    headers = {"Accept-Language": language}
    path = f"/v1/scores/{found['id']}"
    assert client.get(path, headers=headers).json()["percentile_text"] == said
    page = client.get(f"{path}/evidence", headers={**headers, "Accept": "text/html"})
    assert page.status_code == 200
    assert said in page.text


def test_a_ranked_line_is_said_to_stand_among_those_of_its_regime(client: TestClient, line: Line) -> None:
    found = scored(client, line(1, id="ranked", hs_code="9503002100"))
    assert found["percentile_basis"] == "training reference"
    said = client.get(f"/v1/scores/{found['id']}", headers={"Accept-Language": "en"}).json()
    shown = f"{found['percentile']:.0f}" if found["percentile"] < 99 else "99"
    assert said["percentile_text"].startswith(f"Higher than {shown}")
    assert said["percentile_text"].endswith("of the lines of its direction and regime (general goods)")


def test_a_policy_may_state_the_grade_of_lines_without_a_rank(
    start: Callable[..., TestClient], line: Line, tmp_path: Path
) -> None:
    shipped = read_policy()
    stated = tmp_path / "stated.toml"
    text = shipped.text.replace(f'"{shipped.policy.version}"', '"ours-1"\nunranked = "II"', 1)
    stated.write_text(text, encoding="utf-8")
    client = start(grading_policy=stated)
    found = scored(client, hazardous(line, 3))
    assert (found["percentile"], found["grade"]["by_rank"]) == (None, "II")
    ranked = scored(client, line(1, id="ranked", hs_code="9503002100"))
    assert ranked["grade"]["by_rank"] == str(shipped.policy.grade_of_rank(ranked["percentile"]).grade)


def test_an_earlier_bundle_that_pooled_its_regimes_is_served_without_its_pool(
    start: Callable[..., TestClient], line: Line, settings: ServingSettings, home: Path
) -> None:
    store = Store.open(settings.database_url)
    try:
        model = load_promoted(home, standing(store.engine, "nonconforming"))
        pooled = Reference(
            {**model.reference.grids, ("export", "*"): model.reference.grids["export", "general"]}
        )
        object.__setattr__(model, "reference", pooled)
        card = {"figures": {}, "period": {"learned_until": now()}}
        kept = store_bundle(model, home, {}, signing_key(home), gates={"passed": True}, model_card=card)
        promote(store.engine, home, Nomination("nonconforming", kept, "2", "tests"), now())
    finally:
        store.close()
    assert tuple(
        scored(start(), hazardous(line, 4))[name] for name in ("percentile", "percentile_basis")
    ) == (None, TOO_FEW)


def test_recent_scores_of_other_regimes_rank_nobody(start: Callable[..., TestClient], line: Line) -> None:
    client = start(percentile_enough=20)
    for number in range(25):
        scored(client, line(3 * number + 2, id=f"toy-{number}", direction="export", hs_code="9503002100"))
    alone = scored(client, hazardous(line, 5), what_if=True)
    assert (alone["percentile"], alone["percentile_basis"]) == (None, TOO_FEW)
