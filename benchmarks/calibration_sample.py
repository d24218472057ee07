"""How much of a calibration is the chance of its sample: fitted again to its folds' lines drawn again.

Margins stay, and so do the chances of being chosen: only who is in the sample changes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration_limit import FIGURES, said, slope_and_top
from benchmarks.rows import row
from models.calibration import Platt, log_odds_of
from training.calibrate import PlattLines, probabilities
from training.candidate import Bench, Candidate, calibrated
from training.judge import Scored
from training.selection import Observed
from training.selection.propensity import Propensity

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

DRAWS, SEED = 40, 0


def redrawn(bench: Bench, known: Floats, random: np.random.Generator) -> PlattLines:
    """Calibrate on as many inspected lines, and lines passed over, drawn with replacement.

    `known` are the margins (n + m,) of `Candidate`. Only a calibration for selection is drawn again.
    """
    told, inspected = np.flatnonzero(np.isfinite(known)), len(bench.dataset)
    looked, over = told[told < inspected], told[told >= inspected]
    rows = random.choice(looked, len(looked))
    every = np.concatenate([rows, random.choice(over, len(over))])
    again = replace(bench, dataset=bench.dataset.take(rows), observed=_taken(bench, rows, every))
    return calibrated(again, known[every])[0]


def _taken(bench: Bench, rows: Rows, every: Rows) -> Observed:
    """Return who was inspected among the lines drawn; features are not asked for again."""
    assert bench.observed is not None
    population, propensity = bench.observed.population, bench.observed.propensity
    drawn = replace(
        population,
        inspected=len(rows),
        values=population.values[every, :1],
        as_of=population.as_of[every],
        weight=population.weight[every],
        reasons=population.reasons[rows],
        recorded=population.recorded[rows],
        strata=population.strata[every],
        untold=0,
    )
    return Observed(drawn, Propensity(propensity.chosen[every], propensity.inspected[every]))


def by_chance(
    bench: Bench, candidate: Candidate, scored: Scored, directions: list[str], share: float
) -> list[dict[str, Any]]:
    """Judge later lines, each of a direction, by calibrations that only the chance of their sample parts."""
    if bench.observed is None or not bench.observed.population.selected:
        return []
    random = np.random.default_rng(SEED)
    margin = margins_behind(candidate.model.calibrations, scored.probability, directions)
    lines = [redrawn(bench, candidate.known, random) for _ in range(DRAWS)]
    figures = [slope_and_top(scored.positive, probabilities(each, margin, directions)) for each in lines]
    slopes, tops = np.array(figures).T
    return [_spread(FIGURES[0], slopes), _spread(f"{FIGURES[1]} of findings", share * tops)]


def margins_behind(lines: PlattLines, probability: Floats, directions: list[str]) -> Floats:
    """Return the margins (n,) that calibration lines turned into probabilities."""
    ways = {str(way): line for way, line in lines.items()}
    back = {way: Platt(1 / line.slope, -line.intercept / line.slope) for way, line in ways.items()}
    log_odds = log_odds_of(probability)
    way, margin = np.asarray(directions, dtype=str), np.empty(len(probability))
    for name, line in back.items():
        margin[way == name] = line.log_odds(log_odds[way == name])
    return margin


def _spread(figure: str, values: Floats) -> dict[str, Any]:
    low, high = np.quantile(values, (0.025, 0.975))
    told = (
        f"standard deviation {values.std(ddof=1):.3f}, 95 % of {len(values)} draws in [{low:.2f}, {high:.2f}]"
    )
    name = f"port: {said(figure)}, calibration's lines drawn again (seed {SEED})"
    return row(name, float(values.mean()), 1.0, told)
