"""The gap's rows: shares of it, changes beside ours, and an experiment that cannot be run is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.gap import change, levels, removed
from benchmarks.unveiled import as_recorded
from training.errors import TooFewResults
from training.figures import average_precision


def judged() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Outcomes of two thousand lines, and four scores, each with more noise than the next."""
    random = np.random.default_rng(6)
    chance = random.random(2_000) ** 8
    positive = random.random(2_000) < chance
    noise = {"plain": 1.0, "ours": 0.5, "p_observable": 0.3, "p_latent": 0.0}
    return positive, {name: chance + random.normal(0, 1, 2_000) * width for name, width in noise.items()}


def test_shares_of_the_gap_lie_in_the_order_of_the_scores() -> None:
    positive, scores = judged()
    best, ours, observable = levels("port", positive, scores)
    assert 0 < ours["ours"] < best["ours"] < 1
    assert observable["ours"] == pytest.approx(ours["ours"] / best["ours"])
    ap = {name: average_precision(positive, score) for name, score in scores.items()}
    assert ours["ours"] == pytest.approx((ap["ours"] - ap["plain"]) / (ap["p_latent"] - ap["plain"]))


def test_a_change_is_told_against_ours_and_as_part_of_the_gap() -> None:
    positive, scores = judged()
    told = change("without it", positive, scores["p_latent"], scores, "why")
    assert told["ours"] > told["peer"] == average_precision(positive, scores["ours"])
    same = change("without nothing", positive, scores["ours"], scores, "why")
    assert same["note"].startswith("+0.0000, 95 % interval [+0.0000, +0.0000], +0% of the gap")


def test_an_experiment_with_too_few_failures_is_said_and_stops_nothing() -> None:
    class Bare:
        def store(self, _: Any) -> Any:
            raise TooFewResults("12 nonconforming lines; it needs at least 20")

    world: Any = Bare()
    told = removed("without bias", world, as_recorded, judged(), "drawn alike")
    assert "not run: 12 nonconforming lines" in told["note"]
    assert told["ours"] is None
