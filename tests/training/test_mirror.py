"""What MLflow shows besides trainings, and that nothing waits for it to do so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from customs_risk import main
from models import challengers, promotions
from training.mirror import show_origin
from training.promote import promote_version, roll_back
from training.tracking import Tracking, Version
from training.workshop import Workshop

pytestmark = pytest.mark.xdist_group("two-versions")
SHUT = [{"name": "recall", "passed": False, "seen": "lower"}]


@pytest.fixture
def run(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments])


def version(shop: Workshop, number: int) -> Version:
    return Tracking(shop.home).version("nonconforming", number)


def forced(shop: Workshop) -> promotions.Promotion:
    return promote_version(
        shop.store, shop.home, version(shop, 2), reason="水壶 kettles", forced=True, gates=SHUT
    )


def test_runs_are_told_apart_by_their_version(shop: Workshop) -> None:
    names = [Tracking(shop.home).run(version(shop, number)).tags["mlflow.runName"] for number in (1, 2)]
    assert names == ["nonconforming/1 until 2020-06-30", "nonconforming/2 until 2020-10-31"]


def test_a_forced_promotion_and_its_rollback_are_shown_with_who_why_and_past_which_gates(
    shop: Workshop, tmp_path: Path
) -> None:
    tracking, promotion = Tracking(shop.home), forced(shop)
    tags = tracking.run(version(shop, 2)).tags
    assert tags["promoted_by"] == promotion.promoted_by
    assert tags["promotion_reason"] == "水壶 kettles"
    assert (tags["promotion_forced"], tags["promotion_forced_past"]) == ("yes", "recall (lower)")
    assert tracking.run(version(shop, 1)).tags["replaced_by"] == "nonconforming/2"
    roll_back(shop.store, shop.home, "nonconforming")
    assert tracking.run(version(shop, 1)).tags["promotion_is_rollback"] == "yes"
    assert tracking.run(version(shop, 1)).tags["replaced_by"] == "", "it stands again"
    assert tracking.run(version(shop, 2)).tags["replaced_by"] == "nonconforming/1 (rollback)"
    file = tracking.fetch(version(shop, 1), "promotions", tmp_path) / "promotions.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    assert [(each["version"], each["closed"], each["rolled_back"]) for each in told[1:]] == [
        ("nonconforming/2", "recall (lower)", False),
        ("nonconforming/1", told[0]["closed"], True),
    ]


def test_an_mlflow_that_fails_stops_neither_a_promotion_nor_a_rollback(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = version(shop, 2)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("no room")

    for name in ("alias", "tag", "attach", "versions"):
        monkeypatch.setattr(Tracking, name, broken)
    promote_version(shop.store, shop.home, chosen, reason="drill", forced=True, gates=SHUT)
    assert "on record all the same" in caplog.text
    assert "no room" in caplog.text
    champion = promotions.champion(shop.store.engine, "nonconforming")
    assert champion is not None
    assert champion.version == "nonconforming/2"
    assert roll_back(shop.store, shop.home, "nonconforming").version == "nonconforming/1"


def test_a_reason_longer_than_mlflow_takes_is_cut_there_and_kept_whole_in_the_store(shop: Workshop) -> None:
    promote_version(shop.store, shop.home, version(shop, 2), reason="因" * 9_000, forced=True, gates=SHUT)
    assert Tracking(shop.home).run(version(shop, 2)).tags["promotion_reason"].endswith("因…")
    champion = promotions.champion(shop.store.engine, "nonconforming")
    assert champion is not None
    assert len(champion.reason) == 9_000


def test_where_settings_come_from_is_tagged(shop: Workshop) -> None:
    show_origin(shop.home, version(shop, 2), {"params_study": "nonconforming 12", "params_sha256": "f" * 64})
    assert Tracking(shop.home).run(version(shop, 2)).tags["params_study"] == "nonconforming 12"


def test_a_judgement_is_shown_beside_the_run_of_the_version(
    run: Callable[..., Result], shop: Workshop, tmp_path: Path
) -> None:
    out = tmp_path / "found.json"
    judged = run("evaluate", "--from", "2020-09-01", "--model", "nonconforming/1", "--json", out)
    assert judged.exit_code == 0, judged.output
    folder = Tracking(shop.home).fetch(version(shop, 1), "evaluate", tmp_path)
    assert (folder / "from 2020-09-01.json").read_text(encoding="utf-8") == out.read_text(encoding="utf-8")


def test_the_history_of_promotions_is_listed_in_both_languages_and_as_json(
    run: Callable[..., Result], shop: Workshop
) -> None:
    assert "尚未启用过模型" in run("models", "--history", "--target", "critical").stdout
    forced(shop)
    roll_back(shop.store, shop.home, "nonconforming")
    listed = run("models", "--history").stdout
    for words in ("启用历史 Promotions", "越过的门槛 forced past", "退回 rolled back", "强制启用 forced"):
        assert words in listed
    [line] = [line for line in listed.splitlines() if "recall (lower)" in line and "退回" not in line]
    assert line.startswith("!")
    assert "水壶 kettles" in line
    told = json.loads(run("models", "--history", "--json").stdout)
    assert [each["version"] for each in told] == ["nonconforming/1", "nonconforming/2", "nonconforming/1"]
    assert told[1]["closed"] == "recall (lower)"


def test_an_mlflow_that_fails_stops_neither_a_shadow_nor_a_report_of_drift(
    run: Callable[..., Result], shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError("no room")

    for name in ("alias", "drop_alias", "attach"):
        monkeypatch.setattr(Tracking, name, broken)
    assert run("shadow", "nonconforming/2").exit_code == 0
    chosen = challengers.challenger(shop.store.engine, "nonconforming")
    assert chosen is not None
    assert run("shadow", "--off").exit_code == 0
    assert challengers.challenger(shop.store.engine, "nonconforming") is None
    drifted = run("drift", "--until", "2020-10-31")
    assert drifted.exit_code in (0, 1), drifted.output
    assert (shop.home / "drift" / "nonconforming.json").exists()
