"""A made-up population: who is chosen depends on a visible risk and on a reason that knows of the outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from features.instants import DAY
from training.selection import Population

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """n lines in time: log-odds, outcomes, chances of being chosen, and reasons, '' for the passed over."""

    log_odds: Floats
    positive: NDArray[np.bool_]
    chance: Floats
    reasons: NDArray[np.object_]
    values: Floats

    def population(self) -> Population:
        """Return the lines as training sees them: the inspected first."""
        looked = self.reasons != ""
        order = np.concatenate([np.flatnonzero(looked), np.flatnonzero(~looked)])
        count = int(looked.sum())
        food = self.values[:, 1] > 0.9
        strata = np.where(food[:, None], ["import", "food", "04"], ["import", "general", "85"]).astype(object)
        return Population(
            inspected=count,
            values=self.values[order],
            as_of=order.astype(np.int64) * DAY // 50,
            weight=np.ones(len(order)),
            reasons=self.reasons[order[:count]],
            recorded=np.where(self.reasons[order[:count]] == "random", 0.05, np.nan),
            strata=strata[order],
            categorical=(),
        )


def world(lines: int, *, hint: float = 0.8, seed: int = 1, draw: float = 0.05) -> World:
    """Draw a world in which `hint` is what the unrecorded reason adds for a line that would fail."""
    random = np.random.default_rng(seed)
    values = np.column_stack([random.normal(0, 1, lines), random.random(lines)])
    log_odds = -3.0 + 1.2 * values[:, 0]
    positive = random.random(lines) < expit(log_odds)
    standing = -1.6 + 0.7 * values[:, 0]
    chosen = standing + hint * positive + random.normal(0, 1, lines) > 0
    lawful = values[:, 1] > 0.97
    reasons = np.where(chosen, "targeting", "").astype(object)
    reasons[random.random(lines) < draw] = "random"
    reasons[lawful] = "statutory"
    return World(log_odds, positive, ndtr(standing), reasons, values)
