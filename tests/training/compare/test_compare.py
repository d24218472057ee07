"""Two versions compared on later lines, by the commands that a data scientist runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from customs_risk import main
from features.instants import show_instant
from models import promotions
from models.bundle import bundles_folder
from training.champion import learned_until
from training.compare import Named, compare
from training.compare.comparison import DifferentTargets
from training.compare.golden import golden_file
from training.compare.pair import NothingLater
from training.compare.tables import page, text_report
from training.policy import SHIPPED, gate_policy
from training.promote import parse_version, read_version
from training.tracking import Tracking
from training.workshop import Workshop

pytestmark = pytest.mark.xdist_group("two-versions")
NAMES = ("nonconforming/2", "nonconforming/1")


def named(shop: Workshop, name: str) -> Named:
    return Named(name, read_version(shop.home, parse_version(name, Tracking(shop.home))))


@pytest.fixture
def run(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments])


def test_the_command_writes_a_table_json_and_a_page(run: Callable[..., Result], tmp_path: Path) -> None:
    out, html = tmp_path / "found.json", tmp_path / "found.html"
    result = run("compare", *NAMES, "--json", out, "--html", html)
    assert result.exit_code in (0, 1), result.output
    for heading in ("门槛 Gates", "逐月校准 Calibration by month", "基准样本 Golden set", "分组 Slices"):
        assert heading in result.stdout
    found = json.loads(out.read_text(encoding="utf-8"))
    assert (found["challenger"], found["champion"]) == NAMES
    assert 280 <= found["lines"] <= 290
    assert {each["figure"] for each in found["ranking"]} >= {"average_precision", "recall_at_5pct"}
    assert {each["dimension"] for each in found["slices"]} == {
        "origin", "supervision_mode", "office", "enterprise_size", "new_enterprise"
    }  # fmt: skip
    assert {"2020-09", "2020-10"} <= {each["month"] for each in found["calibration_by_month"]}
    assert {gate["name"] for gate in found["gates"]} >= {"not worse than the champion", "golden set holds"}
    assert result.exit_code == (0 if found["passed"] else 1)
    written = html.read_text(encoding="utf-8")
    assert "平均精度" in written
    assert "average precision" in written
    assert "<script" not in written


def test_only_lines_later_than_both_trainings_are_compared(shop: Workshop) -> None:
    ours, theirs = (named(shop, name) for name in NAMES)
    found = compare(shop, ours, theirs, gate_policy())
    last = max(learned_until(each.model) for each in (ours, theirs))
    assert found.declared[0] >= show_instant(last)[:10] > "2020-08-25"
    card = {**theirs.model.card, "period": {"learned_until": last + 10**15}}
    with pytest.raises(NothingLater, match=r"^the champion learned until .*no line declared later"):
        compare(shop, ours, replace(theirs, model=replace(theirs.model, card=card)), gate_policy())


def test_models_of_different_targets_are_not_compared(shop: Workshop) -> None:
    ours, theirs = (named(shop, name) for name in NAMES)
    other = replace(theirs, model=replace(theirs.model, target="critical"))
    with pytest.raises(DifferentTargets, match="critical"):
        compare(shop, ours, other, gate_policy())


def test_a_model_against_itself_differs_in_nothing(shop: Workshop) -> None:
    both = named(shop, NAMES[0])
    found = compare(shop, both, both, gate_policy())
    assert all(each.gain == 0 for each in found.ranking if np.isfinite(each.gain))
    assert found.reasons is not None
    assert found.reasons.rank_correlation == pytest.approx(1)
    assert found.golden is not None
    assert found.golden.moved == ()
    assert "every gate is open" in text_report(found) or "could not be judged" in text_report(found)
    assert "verdict" in page(found)


def test_a_champion_that_no_longer_says_what_it_said_closes_the_golden_set(shop: Workshop) -> None:
    ours, theirs = (named(shop, name) for name in NAMES)
    first = compare(shop, ours, theirs, gate_policy())
    again = compare(shop, ours, theirs, gate_policy())
    assert first.golden is not None
    assert again.golden is not None
    assert again.golden.reproduced == 0.0
    file = golden_file(shop.home, "nonconforming")
    told = json.loads(file.read_text())
    told["scores"][theirs.model.fingerprint] = {
        id: score + 0.01 for id, score in told["scores"][theirs.model.fingerprint].items()
    }
    file.write_text(json.dumps(told))
    gate = {gate.name: gate for gate in compare(shop, ours, theirs, gate_policy()).gates}["golden set holds"]
    assert not gate.passed
    assert "1.0e-02" in gate.seen


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """A policy under which any month is miscalibrated."""
    text = SHIPPED.read_text(encoding="utf-8")
    file = tmp_path / "strict.toml"
    file.write_text(text.replace("[0.5, 2.0]", "[0.001, 0.002]"), encoding="utf-8")
    return file


def test_promote_refuses_a_challenger_behind_a_closed_gate_and_says_which(
    run: Callable[..., Result], strict: Path
) -> None:
    refused = run("promote", NAMES[0], "--policy", strict)
    assert refused.exit_code == 2
    assert "later: calibration holds by month" in refused.stderr
    assert "expected" in refused.stderr
    assert run("promote", NAMES[0], "--policy", strict, "--force").exit_code == 2


def test_force_needs_a_reason_which_is_recorded_with_the_gates_it_went_past(
    run: Callable[..., Result], strict: Path, shop: Workshop
) -> None:
    forced = run("promote", NAMES[0], "--policy", strict, "--force", "--reason", "recall of kettles")
    assert forced.exit_code == 0, forced.output
    row = promotions.champion(shop.store.engine, "nonconforming")
    assert row is not None
    assert (row.version, row.forced, row.reason) == (NAMES[0], True, "recall of kettles")
    assert "calibration holds by month" in row.closed
    assert (
        promotions.load_champion(shop.store.engine, shop.home, "nonconforming").fingerprint == row.fingerprint
    )
    back = run("rollback")
    assert back.exit_code == 0
    assert NAMES[1] in back.stdout


def test_promote_takes_a_challenger_whose_gates_are_open(run: Callable[..., Result], shop: Workshop) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("gate = true", "gate = false")
    lenient = shop.home / "lenient.toml"
    lenient.write_text(text, encoding="utf-8")
    assert run("promote", NAMES[0], "--policy", lenient, "--force", "--reason", "drill").exit_code == 0
    row = promotions.champion(shop.store.engine, "nonconforming")
    assert row is not None
    assert row.version == NAMES[0]


def test_one_version_twice_is_not_compared(run: Callable[..., Result]) -> None:
    refused = run("compare", NAMES[0], NAMES[0])
    assert refused.exit_code == 2
    assert "one model" in refused.stderr


def test_the_present_champion_is_not_promoted_again(run: Callable[..., Result], shop: Workshop) -> None:
    before = promotions.history(shop.store.engine)
    again = run("promote", NAMES[1], "--force", "--reason", "once more")
    assert again.exit_code == 0, again.output
    assert "already; nothing was changed" in again.stdout
    assert promotions.history(shop.store.engine) == before


def test_one_unreadable_bundle_leaves_the_list_of_versions_standing(
    run: Callable[..., Result], shop: Workshop
) -> None:
    version = Tracking(shop.home).version("nonconforming", 2)
    (bundles_folder(shop.home) / version.fingerprint / "gates.json").write_text("{}", encoding="utf-8")
    listed = run("models")
    assert listed.exit_code == 0, listed.output
    assert "nonconforming/2 is unreadable" in listed.stdout
    assert "gates.json was altered" in listed.stdout
    told = {each["version"]: each for each in json.loads(run("models", "--json").stdout)}
    assert told["nonconforming/1"]["unreadable"] is None
    assert told["nonconforming/1"]["champion"]
    assert told["nonconforming/1"]["average_precision"] > 0
    assert not told["nonconforming/2"]["gates_passed"]
    assert "altered" in told["nonconforming/2"]["unreadable"]


def test_without_its_keys_an_installation_is_told_to_restore_them(
    run: Callable[..., Result], shop: Workshop
) -> None:
    shutil.rmtree(shop.home / "keys")
    listed = run("models")
    assert listed.exit_code == 0, listed.output
    assert "signed by none of the 0 keys trusted here. Restore the folder keys/" in listed.stdout
    refused = run("compare", *NAMES)
    assert refused.exit_code == 2
    assert "Restore the folder keys/" in refused.stderr


def test_drift_of_a_target_without_champion_says_to_train_that_target(run: Callable[..., Result]) -> None:
    refused = run("drift", "--target", "critical")
    assert refused.exit_code == 2
    assert "critical" in refused.stderr
    assert "train --target" in refused.stderr
