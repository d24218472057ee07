"""How many trees: the fewest by which a later fold is told as well as by any other number, but for chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import log_odds_of

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEP = 10
"""Numbers of trees are compared in such steps."""


@dataclass(slots=True)
class Watch:
    """Several fits' margins of one fold, added up after each `STEP` trees: LightGBM's `feval`."""

    totals: list[Floats] = field(default_factory=list)
    fits: int = 1
    rounds: int = 0

    def __call__(self, probability: Floats, _: Any) -> list[tuple[str, float, bool]]:
        """Take in the probabilities (n,) after a round; there is no figure to report."""
        self.rounds += 1
        if self.rounds % STEP == 0:
            self._add(self.rounds // STEP - 1, log_odds_of(probability))
        return []

    def next_fit(self) -> None:
        """Watch one more fit, of as many rounds."""
        self.fits, self.rounds = self.fits + 1, 0

    def forget(self) -> None:
        """Begin anew."""
        self.totals, self.fits, self.rounds = [], 1, 0

    def means(self) -> list[Floats]:
        """Return the mean margins (n,) of the fits after each `STEP` trees."""
        return [total / self.fits for total in self.totals]

    def _add(self, stage: int, margin: Floats) -> None:
        if stage == len(self.totals):
            self.totals.append(margin)
        else:
            self.totals[stage] += margin


def fewest_rounds(margins: Sequence[Floats], positive: Mask, weight: Floats | None, least: int) -> int:
    """Return the fewest trees, of `least` and more, whose log loss is the lowest within one standard error.

    `margins` are those of n rows after each `STEP` trees, `weight` (n,) is how much each row counts. The
    error is that of the difference between two losses of the same rows. Where no stage has so many trees the
    answer is `least`.
    """
    share = np.ones(len(positive)) if weight is None else weight
    share = share / share.sum()
    stages = range(max(1, -(-least // STEP)), len(margins) + 1)
    losses = [np.logaddexp(0.0, np.where(positive, -margins[at - 1], margins[at - 1])) for at in stages]
    if not losses:
        return least
    best = min(losses, key=lambda loss: float(share @ loss))
    within = (_within_chance(loss - best, share) for loss in losses)
    return next((at * STEP for at, fits in zip(stages, within, strict=True) if fits), least)


def _within_chance(worse: Floats, share: Floats) -> bool:
    mean = float(share @ worse)
    return mean <= float(np.sqrt(np.square(share * (worse - mean)).sum()))
