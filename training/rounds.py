"""How many trees: the fewest that tell a later fold as well as any number, but for chance, or rank it so.

The loss says how many may help: rankings of a hundred failures are mostly chance. The ranking then says
whether they did: a loss also falls where margins only widen, which calibration does without a tree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.figures import average_precision

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEP = 10
"""Numbers of trees are compared in such steps."""


def fewest_rounds(margins: Sequence[Floats], positive: Mask, weight: Floats | None, least: int) -> int:
    """Return the fewest trees, of `least` and more, whose log loss is the lowest within one standard error.

    `margins` are those of n rows after each `STEP` trees, `weight` (n,) is how much each row counts. The
    error is that of the difference between two losses of the same rows. Where no stage has so many trees the
    answer is `least`.
    """
    share = _shares(positive, weight)
    stages = range(_first_stage(least), len(margins) + 1)
    losses = [_losses(margins[at - 1], positive) for at in stages]
    if not losses:
        return least
    best = min(losses, key=lambda loss: float(share @ loss))
    within = (_within_chance(loss - best, share) for loss in losses)
    return next((at * STEP for at, fits in zip(stages, within, strict=True) if fits), least)


def advised_rounds(margins: Sequence[Floats], positive: Mask, weight: Floats | None, least: int) -> int:
    """Return the fewest trees, of `least` and more, that rank n rows no worse than `fewest_rounds` of them.

    `margins`, `weight` and `least` are as there.
    """
    most = fewest_rounds(margins, positive, weight, least)
    stages = range(_first_stage(least), min(most // STEP, len(margins)) + 1)
    ranked = [average_precision(positive, margins[at - 1], weight) for at in stages]
    return next((at * STEP for at, each in zip(stages, ranked, strict=True) if each >= ranked[-1]), most)


def mean_loss(margin: Floats, positive: Mask, weight: Floats | None) -> float:
    """Return the log loss of n rows by their margins (n,), each counted by its weight (n,)."""
    return float(_shares(positive, weight) @ _losses(margin, positive))


def has_waited(losses: Sequence[float], patience: int) -> bool:
    """Say whether losses after each `STEP` trees have not been lower for so many trees."""
    return (len(losses) - 1 - int(np.argmin(losses))) * STEP >= patience


def _first_stage(least: int) -> int:
    return max(1, -(-least // STEP))


def _shares(positive: Mask, weight: Floats | None) -> Floats:
    share = np.ones(len(positive)) if weight is None else weight
    return share / share.sum()


def _losses(margin: Floats, positive: Mask) -> Floats:
    return np.logaddexp(0.0, np.where(positive, -margin, margin))


def _within_chance(worse: Floats, share: Floats) -> bool:
    mean = float(share @ worse)
    return mean <= float(np.sqrt(np.square(share * (worse - mean)).sum()))
