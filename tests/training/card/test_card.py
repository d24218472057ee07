"""Every registered version has a card: signed into its bundle, and as a page beside its run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from customs_risk import main
from models.bundle import bundles_folder, verified_contents
from models.keys import public_keys
from training.card import card_page
from training.promote import parse_version
from training.tracking import Tracking
from training.workshop import Workshop

pytestmark = pytest.mark.xdist_group("two-versions")


@pytest.fixture
def written(shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict, str]:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    html, told = tmp_path / "card.html", tmp_path / "card.json"
    result = CliRunner().invoke(main, ["card", "nonconforming/2", "--html", str(html), "--json", str(told)])
    assert result.exit_code == 0, result.output
    return json.loads(told.read_text(encoding="utf-8")), html.read_text(encoding="utf-8")


def test_the_card_tells_data_period_figures_slices_and_limits(written: tuple[dict, str]) -> None:
    card, _ = written
    assert card["data"]["rows"] > 1_000
    assert set(card["period"]) == {"first_line", "test_from", "learned_until", "known_until"}
    low, high = card["figures"]["intervals"]["average_precision"]
    assert low <= card["figures"]["average_precision"] <= high
    assert sum(month["lines"] for month in card["calibration_by_month"]) == card["figures"]["rows"]
    origins = [each for each in card["slices"]["slices"] if each["dimension"] == "origin"]
    assert sum(each["lines"] for each in origins) == card["figures"]["rows"]
    assert all(
        each["positives"] >= card["slices"]["minimum_positives"]
        for each in card["slices"]["slices"]
        if each["average_precision"]
    )
    assert len(card["limits"]) == len(card["limits_zh"]) > 3
    assert card["gates"]["passed"] in (True, False)
    assert sum(card["contributions"]["by_family"].values()) > 0


def test_the_page_says_it_in_both_languages_with_its_pictures(written: tuple[dict, str]) -> None:
    card, page = written
    for words in ("模型卡 nonconforming/2", "Limits", "局限", "平均精度", "average precision", "期间", "图"):
        assert words in page
    assert card["fingerprint"] in page
    for words in ("行中最大误差", "进口 一般商品", "斜线为两者相等"):
        assert words in page
    assert page.count("data:image/png;base64,") >= 5
    assert "http" not in page.replace("http-equiv", "")


def test_what_is_signed_is_what_the_run_shows(shop: Workshop, tmp_path: Path) -> None:
    tracking = Tracking(shop.home)
    version = parse_version("nonconforming/2", tracking)
    files = set(tracking.run(version).files)
    assert {f"card/{name}" for name in ("model_card.html", "model_card.json", "gates.json")} <= files
    folder = tracking.fetch(version, "card", tmp_path)
    contents = verified_contents(bundles_folder(shop.home) / version.fingerprint, public_keys(shop.home))
    assert json.loads((folder / "model_card.json").read_text()) == json.loads(contents["model_card.json"])


def test_a_code_that_a_card_names_cannot_write_into_its_page(written: tuple[dict, str]) -> None:
    card, _ = written
    slices = [
        {**each, "value": "<script>", "average_precision": [0.5, 0.4, 0.6]}
        for each in card["slices"]["slices"]
    ]
    evil = {**card, "slices": {**card["slices"], "slices": slices}}
    page = card_page(evil, card["gates"], "x/1", "f" * 64)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_figures_of_chosen_lines_say_what_their_calibration_is_no_measure_of(
    written: tuple[dict, str],
) -> None:
    card, _ = written
    said = [
        "for calibration see the gate"
        in card_page(
            {**card, "selection": {**card["selection"], "lift": lift}}, card["gates"], "x/1", "f" * 64
        )
        for lift in (0.0, 0.4)
    ]
    assert said == [False, True]
