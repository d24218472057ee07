"""A version that did not pass is not said to be ready: which gate is closed, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from customs_risk import main
from training.compare.words import GATES
from training.gates import Gate, gate_report
from training.policy import SHIPPED
from training.remedies import REMEDIES, refused
from training.workshop import Workshop


def test_every_gate_has_a_remedy() -> None:
    assert REMEDIES.keys() == GATES.keys()


def test_open_gates_need_none() -> None:
    assert list(refused("nonconforming/2", gate_report([Gate("no source lies", True, "")]))) == []


def test_closed_gates_are_named_with_what_to_do() -> None:
    worse = Gate("no slice is worse", False, "origin TH: -0.3")
    unseen = Gate("calibration holds by month", False, "not judged: 0 months", judged=False)
    said = list(refused("nonconforming/2", gate_report([worse, unseen, Gate("loads elsewhere", True, "")])))
    assert said[0].endswith("will refuse it: 2 of 3 gates closed")
    assert said[1] == "  no slice is worse: it is worse than the champion beyond doubt: keep the champion"
    assert "train again once there is more" in said[2]
    assert "--force" in said[3]


@pytest.mark.xdist_group("two-versions")
def test_a_training_behind_a_closed_gate_does_not_say_to_promote_it(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    strict = tmp_path / "strict.toml"
    text = SHIPPED.read_text(encoding="utf-8")
    strict.write_text(text.replace("[0.5, 2.0]", "[0.001, 0.002]"), encoding="utf-8")
    period = ("--until", "2020-10-31", "--test-from", "2020-09-01")
    for policy, said in ((strict, "calibration holds by month: train with later lessons"), (None, "")):
        more = ("--policy", str(policy)) if policy else ()
        done = CliRunner().invoke(main, ["train", *period, *more])
        assert done.exit_code == 0, done.output
        shut = "CLOSED" in done.stdout
        assert said in done.stdout
        assert ("will refuse it" in done.stdout) == shut
        assert ("take it into use with" in done.stdout) != shut
        assert policy is None or shut
