"""Choosing who is scored in the champion's shadow, and comparing by what was said there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from customs_risk import main
from features.instants import now
from models.challengers import Shadowed, ShadowScore, add_shadow_scores, challenger
from models.spec import Target
from training.compare import Named, compare
from training.compare.shadows import _labelled
from training.dataset import build_dataset
from training.policy import gate_policy
from training.promote import parse_version, promote_version, read_version, roll_back
from training.shadow import listing
from training.tracking import Tracking, Version
from training.workshop import Workshop

pytestmark = pytest.mark.xdist_group("two-versions")


@pytest.fixture(autouse=True)
def _home(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["shadow", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def second(shop: Workshop) -> Version:
    """The version that the tests put into shadow."""
    return Tracking(shop.home).version("nonconforming", 2)


def test_a_version_goes_into_shadow_with_the_alias_and_out_of_it(shop: Workshop) -> None:
    assert "nobody is scored in shadow" in run()
    assert "nonconforming/2 is scored in the shadow" in run("nonconforming/2", "--reason", "autumn")
    row = challenger(shop.store.engine, "nonconforming")
    assert row is not None
    assert (row.version, row.reason) == ("nonconforming/2", "autumn")
    assert "challenger" in Tracking(shop.home).version("nonconforming", 2).aliases
    assert "who was right" in run()
    promote_version(shop.store, shop.home, second(shop), reason="better", forced=True, gates=())
    assert "has become the champion" in run()
    run("--off")
    assert challenger(shop.store.engine, "nonconforming") is None
    assert "challenger" not in Tracking(shop.home).version("nonconforming", 2).aliases


def test_the_champion_is_not_put_into_its_own_shadow(shop: Workshop) -> None:
    refused = CliRunner().invoke(main, ["shadow", "nonconforming/1"])
    assert refused.exit_code == 2
    assert "nonconforming/1 is the champion of nonconforming" in refused.stderr
    assert challenger(shop.store.engine, "nonconforming") is None


def test_what_was_said_in_shadow_is_listed_and_compared_with_results(shop: Workshop, tmp_path: Path) -> None:
    run("nonconforming/2")
    tracking = Tracking(shop.home)
    ours, theirs = (
        Named(name, read_version(shop.home, parse_version(name, tracking)))
        for name in ("nonconforming/2", "nonconforming/1")
    )
    random = np.random.default_rng(1)
    said = [
        ShadowScore(f"{n:032x}", ours.model.fingerprint, "nonconforming", f"L{1250 + n}",
                    theirs.model.fingerprint, 10**15 + n, *random.random(2).tolist())
        for n in range(200)
    ]  # fmt: skip
    with shop.store.engine.begin() as connection:
        add_shadow_scores(connection, said)
    assert "200" in run()
    found = compare(shop, ours, theirs, gate_policy()).shadow
    assert found is not None
    assert (found.lines, found.labelled) == (200, 200)
    assert found.positives > 20
    assert found.ranking[0].figure == "average_precision"
    assert found.higher == sum(each.challenger_probability > each.champion_probability for each in said)


def test_lines_stand_beside_the_champion_under_which_they_were_scored(shop: Workshop) -> None:
    run("nonconforming/2")
    tracking = Tracking(shop.home)
    ours, theirs = (tracking.version("nonconforming", number).fingerprint for number in (2, 1))
    with shop.store.engine.begin() as connection:
        add_shadow_scores(connection, [
            ShadowScore(f"{n:032x}", ours, "nonconforming", f"L{n}", champion, 10**15 + n, 0.1, 0.1 + apart)
            for n, (champion, apart) in enumerate([(theirs, 0.25)] * 200 + [("f" * 64, 0.5)] * 7)
        ])  # fmt: skip
    assert [row[1:3] for row in listing(shop, "nonconforming").rows] == [
        ("nonconforming/1", 200), (("ffffffffffff（曾为现行）", "ffffffffffff (former)"), 7)
    ]  # fmt: skip
    assert [row[4] for row in listing(shop, "nonconforming").rows] == ["0.2500", "0.5000"]
    promote_version(shop.store, shop.home, second(shop), reason="better", forced=True, gates=())
    told = listing(shop, "nonconforming")
    former = ("nonconforming/1（曾为现行）", "nonconforming/1 (former)")
    assert (former, 200) in [row[1:3] for row in told.rows]
    assert all(row[1] != "nonconforming/2" for row in told.rows), "a champion is not in its own shadow"
    roll_back(shop.store, shop.home, "nonconforming")
    assert next(row[1:3] for row in listing(shop, "nonconforming").rows) == ("nonconforming/1", 200)


def test_a_champion_beside_which_nothing_was_scored_yet_has_no_lines_of_another(shop: Workshop) -> None:
    run("nonconforming/2")
    with shop.store.engine.begin() as connection:
        add_shadow_scores(connection, [
            ShadowScore("0" * 32, second(shop).fingerprint, "nonconforming", "L1", "f" * 64, 10**15, 0.1, 0.2)
        ])  # fmt: skip
    rows = listing(shop, "nonconforming").rows
    assert next(row[1:4] for row in rows) == ("nonconforming/1", 0, 0)


def test_each_line_is_judged_by_the_last_score_before_its_result(shop: Workshop) -> None:
    dataset = build_dataset(shop.store, Target.NONCONFORMING, now()).take(np.arange(40))
    ids, resolved = dataset.lines["id"].tolist(), dataset.resolved_at
    said = 0.1 + np.arange(120) / 1000
    when = np.concatenate([resolved - 9, resolved, resolved + 1])
    found = Shadowed(tuple(ids * 3), ("champion",) * 120, when, said, said / 2)
    pair = _labelled(found, np.ones(120, dtype=bool), dataset)
    assert pair is not None
    assert pair.theirs.tolist() == said[40:80].tolist()
    assert pair.ours.tolist() == (said[40:80] / 2).tolist()
    assert _labelled(found, np.arange(120) >= 80, dataset) is None
