"""The gate "loads elsewhere" closes for a bundle that a process of its own cannot use."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from models.keys import signing_key
from models.risk_model import RiskModel
from training.gates import closed, gate_report, loading_gate
from training.promote import read_version
from training.tracking import Tracking
from training.workshop import Workshop

pytestmark = pytest.mark.xdist_group("two-versions")


@pytest.fixture
def model(shop: Workshop) -> RiskModel:
    return read_version(shop.home, Tracking(shop.home).version("nonconforming", 1))


def test_a_bundle_that_loads_and_scores_passes(shop: Workshop, model: RiskModel) -> None:
    gate = loading_gate(model, shop.home, signing_key(shop.home))
    assert (gate.passed, gate.judged) == (True, True)
    assert "lines scored in a process of its own" in gate.seen


def test_a_bundle_signed_by_a_key_that_is_not_trusted_there_closes_it(
    shop: Workshop, model: RiskModel, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    signing_key(elsewhere)
    gate = loading_gate(model, elsewhere, signing_key(shop.home))
    assert not gate.passed
    assert "cannot be used" in gate.seen
    report = gate_report([gate])
    assert not report["passed"]
    assert closed(report) == [f"loads elsewhere ({gate.seen})"]


def test_a_process_that_dies_closes_it(
    shop: Workshop, model: RiskModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.trial.sys.executable", shutil.which("false"))
    gate = loading_gate(model, shop.home, signing_key(shop.home))
    assert not gate.passed
    assert "its process ended with 1" in gate.seen


def test_a_process_that_does_not_end_closes_it(
    shop: Workshop, model: RiskModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(command: list[str], **more: Any) -> None:
        raise subprocess.TimeoutExpired(command, more["timeout"])

    monkeypatch.setattr("models.trial.subprocess.run", hangs)
    gate = loading_gate(model, shop.home, signing_key(shop.home))
    assert not gate.passed
    assert "was not ready after 120 s" in gate.seen
