from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from benchmarks.calibration_sample import DRAWS, by_chance, margins_behind, redrawn
from features.terms import Direction
from models.calibration import Platt
from models.spec import ModelSpec
from training.calibrate import calibrate_to, probabilities
from training.candidate import Bench, calibrated
from training.judge import Scored
from training.progress import SILENT
from training.selection import Observed, Propensity

sys.path.insert(0, str(Path(__file__).parents[1] / "training" / "selection"))

from made_up import World, world


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What calibration asks of inspected lines."""

    positive: np.ndarray
    trust: np.ndarray
    lines: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.positive)

    def take(self, rows: np.ndarray) -> Rows:
        ways = {name: column[rows] for name, column in self.lines.items()}
        return Rows(self.positive[rows], self.trust[rows], ways)


def calibrating(made: World) -> tuple[Bench, np.ndarray]:
    """A bench on a made-up port and right margins, known of the later half."""
    population = made.population()
    order = np.concatenate([np.flatnonzero(made.reasons != ""), np.flatnonzero(made.reasons == "")])
    looked = order[: population.inspected]
    chances = made.chance[order]
    observed = Observed(population, Propensity(chances, chances))
    rows = Rows(
        made.positive[looked], np.ones(len(looked)), {"direction": population.directions[: len(looked)]}
    )
    known = np.where(order > len(order) / 2, made.log_odds[order], np.nan)
    anything = cast("Any", rows), cast("Any", None), cast("Any", SimpleNamespace(stop=None))
    return Bench(*anything, ModelSpec(), SILENT, observed), known


def spread(lines: int) -> float:
    bench, known = calibrating(world(lines))
    random = np.random.default_rng(0)
    return float(np.std([redrawn(bench, known, random)[Direction.IMPORT].slope for _ in range(25)]))


def test_lines_drawn_again_scatter_about_the_calibration_and_less_where_they_are_more() -> None:
    bench, known = calibrating(world(16_000))
    slope = calibrated(bench, known)[0][Direction.IMPORT].slope
    random = np.random.default_rng(0)
    slopes = np.array([redrawn(bench, known, random)[Direction.IMPORT].slope for _ in range(25)])
    assert abs(slopes.mean() - slope) < 3 * slopes.std() / 5
    assert 0 < 1.4 * slopes.std() < spread(4_000)


def test_margins_are_read_back_from_what_was_shown() -> None:
    random = np.random.default_rng(0)
    margin, way = random.normal(-2, 1.5, 500), random.choice([str(each) for each in Direction], 500)
    lines = {Direction.IMPORT: Platt(1.2, -0.3), Direction.EXPORT: Platt(0.8, 0.1)}
    shown = probabilities(lines, margin, way.tolist())
    assert margins_behind(lines, shown, way.tolist()) == pytest.approx(margin)


def test_figures_of_later_lines_stand_with_their_spread_and_draws_are_repeatable() -> None:
    bench, known = calibrating(world(6_000))
    later = world(6_000, seed=2)
    lines = calibrate_to(later.log_odds, later.positive.astype(float), ["import"] * 6_000, np.ones(6_000))
    shown, nothing = probabilities(lines, later.log_odds, ["import"] * 6_000), np.zeros(6_000, bool)
    ids = np.arange(6_000).astype(str).astype(object)
    scored = Scored(ids, np.zeros(6_000, np.int64), later.positive, nothing, shown, Counter())
    candidate = cast("Any", SimpleNamespace(known=known, model=SimpleNamespace(calibrations=lines)))
    slope, top = by_chance(bench, candidate, scored, ["import"] * 6_000, 0.9)
    assert 0.7 < slope["ours"] < 1.3
    assert 0.5 < top["ours"] < 1.3
    assert f"95 % of {DRAWS} draws in [" in slope["note"]
    assert by_chance(bench, candidate, scored, ["import"] * 6_000, 0.9) == [slope, top]
