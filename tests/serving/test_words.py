"""The words of a declared name are opened to the officer, and add up to the value that the model read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from features.goods.edition import Edition
from features.goods.features import NAME_RISK
from features.goods.name_risk import NameRisk
from features.instants import DAY, now
from features.schema import FeatureSpec
from features.store.database import Store
from features.terms import Direction
from models.bundle import bundles_folder, store_bundle
from models.calibration import Platt
from models.keys import signing_key
from models.promotions import Nomination, promote
from models.risk_model import RiskModel
from serving.cli import replay
from serving.settings import ServingSettings

Line = Callable[..., dict[str, Any]]
NAMES = NameRisk(
    ("电热水壶", "充电宝", "kabodo", "kabodo 牌", "牌"),
    [
        Edition(now() - 300 * DAY, 0, (0,), (-4096,)),
        Edition(now() - 100 * DAY, -100, (0, 1, 2, 3, 4), (-2000, 3000, 500, 250, 0)),
    ],
)


def train(settings: ServingSettings, *, text_version: str | None = None) -> str:
    """Promote a model that reads nothing but declared names; returns its fingerprint."""
    spec = FeatureSpec((NAME_RISK,), {}, name_risk=NAMES)
    if text_version is not None:
        spec = FeatureSpec((NAME_RISK,), {}, text_version, NAMES)
    values = np.linspace(-1, 1, 200)[:, np.newaxis]
    options = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1}
    booster = lgb.train(options, lgb.Dataset(values, (values[:, 0] > 0.2).astype(float)), num_boost_round=5)
    model = RiskModel("nonconforming", spec, booster, dict.fromkeys(Direction, Platt(1.0, 0.0)))
    key, card = signing_key(settings.home), {"period": {"learned_until": now() - 50 * DAY}}
    fingerprint = store_bundle(model, settings.home, {}, key, gates={"passed": True}, model_card=card)
    store = Store.open(settings.database_url)
    promote(store.engine, settings.home, Nomination("nonconforming", fingerprint, "7", "tests"), now())
    store.close()
    return fingerprint


@pytest.fixture
def reading(settings: ServingSettings, start: Callable[..., TestClient]) -> TestClient:
    """The application with a model that reads declared names."""
    train(settings)
    return start()


def scored(client: TestClient, body: dict[str, Any]) -> str:
    given: str = client.post("/v1/scores", json=body).json()["scores"][0]["id"]
    return given


def words_of(client: TestClient, score_id: str, language: str = "zh") -> dict[str, Any]:
    answer = client.get(f"/v1/scores/{score_id}/explanation", headers={"Accept-Language": language}).json()
    (feature,) = answer["families"][0]["features"]
    assert feature["feature"] == NAME_RISK
    return {**feature, "page": answer["text"]}


def test_the_words_add_up_to_the_value_and_stand_where_they_say(reading: TestClient, line: Line) -> None:
    model = "充电宝|Kabodo牌|AB-12"
    told = words_of(reading, scored(reading, line(1, id="w", goods_name="移动充电宝", goods_model=model)))
    words = told["words"]
    assert words["intercept"] + sum(word["added"] for word in words["words"]) == told["value"]
    assert words["value"] == told["value"] == (3000 + 500 + 250 - 100) / 4096
    declared = {"goods_name": "移动充电宝", "goods_model": model}
    written = {word["word"]: declared[word["field"]][word["start"] : word["end"]] for word in words["words"]}
    assert written == {"充电宝": "充电宝", "kabodo": "Kabodo", "kabodo 牌": "Kabodo牌"}
    assert "充电宝 +0.732" in words["text"]
    assert "充电宝 +0.732" in told["page"][1]


def test_the_words_are_said_in_english_too(reading: TestClient, line: Line) -> None:
    told = words_of(reading, scored(reading, line(1, id="w", goods_name="充电宝")), "en")
    assert "together +0.708" in told["words"]["text"]


def test_the_evidence_has_the_words_and_is_gathered_again_to_the_same_bytes(
    reading: TestClient, line: Line, home: Path
) -> None:
    score_id = scored(reading, line(1, id="w", goods_name="充电宝"))
    answer = reading.get(f"/v1/scores/{score_id}/evidence")
    words = answer.json()["declared_words"][NAME_RISK]
    assert words["intercept"] + sum(word["added"] for word in words["words"]) == words["value"]
    sha256 = answer.headers["Evidence-SHA256"]
    asked = [score_id, "--features", "--evidence-hash", sha256, "--home", str(home)]
    ran = CliRunner().invoke(replay, asked)
    assert ran.exit_code == 0, ran.output
    page = reading.get(f"/v1/scores/{score_id}/evidence.html").text
    assert "充电宝 +0.732" in page


def test_words_of_a_bundle_that_is_gone_are_left_out(reading: TestClient, line: Line, home: Path) -> None:
    score_id = scored(reading, line(1, id="w", goods_name="充电宝"))
    for folder in bundles_folder(home).iterdir():
        (folder / "model.txt").rename(folder.parent / f"{folder.name}.txt")
        folder.rename(folder.parent / f"gone-{folder.name}")
    told = words_of(reading, score_id)
    assert told["words"] is None
    assert told["value"] is not None


def test_a_model_of_another_dictionary_is_refused_with_what_to_do(
    settings: ServingSettings, start: Callable[..., TestClient]
) -> None:
    train(settings, text_version="0")
    ready = start().get("/health/ready")
    assert ready.status_code == 503
    assert "text version 0" in ready.json()["parts"]["model"]
    assert "train and promote one again" in ready.json()["parts"]["model"]
