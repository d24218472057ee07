"""Drift is told from noise: nothing where nothing changed, and what changed where it did."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from prometheus_client.parser import text_string_to_metric_families
from scipy.spatial.distance import jensenshannon

from customs_risk import main
from training.drift.bins import by_cluster, code_bins, number_bins
from training.drift.distance import Distance, Draws, distance, jensen_shannon, psi
from training.drift.texts import unknown_words, word_distance
from training.tracking import Tracking
from training.workshop import Workshop

COUNTS = hnp.arrays(np.float64, 6, elements=st.integers(0, 500).map(float))


@given(COUNTS, COUNTS)
def test_distances_are_symmetric_bounded_and_nothing_between_equals(old: np.ndarray, new: np.ndarray) -> None:
    assert psi(old, old) == pytest.approx(0)
    assert psi(old, new) == pytest.approx(psi(new, old))
    assert psi(old, new) >= 0
    assert 0 <= jensen_shannon(old, new) <= 1
    slow = jensenshannon(old + 0.5, new + 0.5, base=2) ** 2
    assert jensen_shannon(old, new) == pytest.approx(slow, abs=1e-9)


@given(hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-5, 5) | st.just(np.nan)))
def test_every_value_has_a_bin_and_missing_ones_their_own(values: np.ndarray) -> None:
    first, second, bins = number_bins(values, values[::-1].copy())
    assert first.max() < bins
    assert second.min() >= 0
    assert (first == bins - 1).sum() == np.isnan(values).sum()


def test_codes_keep_unknown_and_missing_apart() -> None:
    old, new, bins = code_bins(np.array([2.0, 2, 3, 1]), np.array([0.0, 1, 2, 9]))
    assert old.tolist() == [2, 2, 3, 1]
    assert new.tolist() == [0, 1, 2, bins - 1]


def port(seed: int, shift: float = 0.0, enterprises: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Lines of enterprises that each have a level of their own."""
    random = np.random.default_rng(seed)
    owners = random.integers(0, enterprises, 3_000)
    levels = random.normal(0, 1, enterprises)[owners]
    return levels + random.normal(0, 0.3, 3_000) + shift, owners


def found(shift: float, seed: int) -> Distance:
    before, owners = port(seed)
    after, _ = port(seed + 1_000, shift)
    first, second, bins = number_bins(before, after)
    counts = by_cluster(first, owners, (120, bins))
    present = np.bincount(second, minlength=bins).astype(float)
    return distance(("feature", "x"), counts, present, Draws.of(120, 1.0, seed), 0.0)


def test_other_enterprises_of_the_same_trade_are_noise_and_a_shift_is_not() -> None:
    calm = [found(0.0, seed) for seed in range(20)]
    assert sum(each.drifted for each in calm) <= 2
    assert all(each.psi_floor > 0.05 for each in calm)
    moved = [found(1.0, seed) for seed in range(5)]
    assert all(each.drifted for each in moved)
    assert all(each.js > each.js_floor for each in moved)


def naive(seed: int) -> Distance:
    """The distance whose floor takes each line for an enterprise of its own."""
    before, after = port(seed)[0], port(seed + 1_000)[0]
    first, second, bins = number_bins(before, after)
    counts = by_cluster(first, np.arange(3_000), (3_000, bins))
    present = np.bincount(second, minlength=bins).astype(float)
    return distance(("feature", "x"), counts, present, Draws.of(3_000, 1.0, seed), 0.0)


def test_a_floor_from_single_lines_would_call_the_same_trade_drifted() -> None:
    assert all(naive(seed).drifted for seed in range(4))
    assert sum(found(0.0, seed).drifted for seed in range(4)) <= 1


def test_new_words_drift_and_old_ones_do_not() -> None:
    random = np.random.default_rng(5)
    words = [[f"w{n}" for n in random.integers(0, 60, 8)] for _ in range(400)]
    owners = random.integers(0, 40, 400), 40
    same = unknown_words(words[:300], words[300:], (owners[0][:300], 40), 0.02)
    assert not same.drifted
    other = [["新词", *line[:4]] for line in words[300:]]
    moved = unknown_words(words[:300], other, (owners[0][:300], 40), 0.02)
    assert moved.drifted
    assert moved.commonest[0] == "新词"
    assert word_distance(words[:300], other, (owners[0][:300], 40), 0.1).drifted


@pytest.mark.xdist_group("two-versions")
def test_the_command_writes_report_page_and_metrics_and_the_run_shows_them(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    out = tmp_path / "drift.json"
    result = CliRunner().invoke(main, ["drift", "--json", str(out)])
    assert result.exit_code == 0, result.output
    assert "噪声下限 noise floor" in result.stdout
    told = json.loads(out.read_text(encoding="utf-8"))
    assert {each["kind"] for each in told["distances"]} == {"feature", "score", "contribution", "text"}
    assert told["calibration_by_month"]
    page = (shop.home / "drift" / "nonconforming.html").read_text(encoding="utf-8")
    assert "Drift report" in page
    metrics = (shop.home / "drift" / "nonconforming.prom").read_text(encoding="utf-8")
    names = {family.name for family in text_string_to_metric_families(metrics)}
    assert {
        "customs_risk_drift_psi",
        "customs_risk_drift_beyond",
        "customs_risk_drift_unknown_words",
    } <= names
    version = Tracking(shop.home).version("nonconforming", 1)
    assert "drift/nonconforming.html" in Tracking(shop.home).run(version).files
    few = CliRunner().invoke(main, ["drift", "--from", "2020-10-25"])
    assert few.exit_code == 2
    assert "200 are needed" in few.stderr
