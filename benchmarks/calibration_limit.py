"""What chance alone does to calibration: the simulator's own probabilities judged as a model's are.

A month holds some hundred failures. So even right probabilities miss a narrow range there, and how often they
do is what can be asked of any model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import row
from training.compare.months import months_of
from training.figures import figures
from training.judge import Scored

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ALLOWED = (0.95, 1.05)
"""The aim for slope and top 5 %, in every month."""
FIGURES = ("calibration_slope", "observed_over_expected_top_5pct")
REDRAWS, SEED = 100, 0


def control(scored: Scored, observable: Floats, latent: Floats, share: float) -> list[dict[str, Any]]:
    """Judge the true probabilities (n,) of defects and of findings, then right ones with outcomes redrawn.

    `share` of the defects is found by inspections: a right probability of a finding promises only these.
    Ours is held against the true chance of a finding too, `latent` times the share: that has no luck in it.
    """
    months = months_of(scored.declared_at)
    luckless = _without_luck(share * latent, scored.probability, months)
    right = {"p_observable": observable, f"p_observable x {share:.3f}": share * observable}
    told = [each for name, p in right.items() for each in _judged(name, scored.positive, p, months)]
    chances = {"p_observable": observable, "our own probability": scored.probability}
    return luckless + told + [each for name, p in chances.items() for each in _redrawn(name, p, months)]


def slope_and_top(positive: Mask, probability: Floats) -> Floats:
    """Return the calibration slope and the top 5 %'s observed over expected of n lines."""
    found = figures(positive, probability)
    return np.array([found[name] for name in FIGURES])


def monthly(positive: Mask, probability: Floats, months: NDArray[np.str_]) -> Floats:
    """Return both figures of each month's lines alone (months, 2)."""
    each = [months == month for month in np.unique(months)]
    return np.array([slope_and_top(positive[of], probability[of]) for of in each])


def within(values: Floats) -> Mask:
    """Say which figures lie in the range that is asked for."""
    return (values >= ALLOWED[0]) & (values <= ALLOWED[1])


def expected(chance: Floats, probability: Floats) -> Floats:
    """Return slope and top 5 % of n lines by their true chances of failing in the place of outcomes."""
    both = np.column_stack([chance, 1 - chance]).ravel()
    found = figures(np.tile([True, False], len(chance)), np.repeat(probability, 2), both)
    return np.array([found[name] for name in FIGURES])


def _without_luck(chance: Floats, probability: Floats, months: NDArray[np.str_]) -> list[dict[str, Any]]:
    each = [months == month for month in np.unique(months)]
    by_month = np.array([expected(chance[of], probability[of]) for of in each])
    return _figures("ours by the true chance of a finding", expected(chance, probability), by_month)


def _judged(name: str, positive: Mask, probability: Floats, months: NDArray[np.str_]) -> list[dict[str, Any]]:
    return _figures(
        f"{name}, all lines", slope_and_top(positive, probability), monthly(positive, probability, months)
    )


def _figures(name: str, whole: Floats, by_month: Floats) -> list[dict[str, Any]]:
    rows = []
    for at, figure in enumerate(FIGURES):
        values = by_month[np.isfinite(by_month[:, at]), at]  # a month without failures has no slope
        if not len(values):
            continue
        off = int((~within(values)).sum())
        told = f"{values.min():.2f} to {values.max():.2f} by month, {off} of {len(values)} months outside"
        rows.append(row(f"port: {said(figure)} of {name}", float(whole[at]), 1.0, f"{told} {_range()}"))
    return rows


def _redrawn(name: str, probability: Floats, months: NDArray[np.str_]) -> list[dict[str, Any]]:
    """Say how often months lie in the range when outcomes are drawn from the probabilities themselves."""
    random = np.random.default_rng(SEED)
    drawn = [random.random(len(probability)) < probability for _ in range(REDRAWS)]
    inside = np.array([within(monthly(positive, probability, months)) for positive in drawn])
    return [
        _chance(f"{said(figure)}, were {name} right", inside[:, :, at]) for at, figure in enumerate(FIGURES)
    ]


def _chance(name: str, inside: Mask) -> dict[str, Any]:
    whole = int(inside.all(axis=1).sum())
    told = f"months {_range()}, outcomes drawn {len(inside)} times (seed {SEED}), one by one"
    told += f"; every month of {inside.shape[1]} in {whole} draws; peer is the aim"
    return row(f"port: share of months within range, {name}", float(inside.mean()), 1.0, told)


def said(figure: str) -> str:
    """Return a figure's name in words."""
    return figure.replace("_", " ")


def _range() -> str:
    return "of {:.2f} to {:.2f}".format(*ALLOWED)
