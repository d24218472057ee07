"""What calibration must know of selection: reasons nobody recorded, and lines that stand for many others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.selection.hint import Hint, fit_hint, lift
from training.selection.population import Population
from training.selection.propensity import Propensity
from training.selection.support import CAP, effective_size

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

POWER = 0.5
"""The power of inverse chances by which calibration weighs lines: 1 lets a few lines decide, 0 none stand."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Who was inspected and who was passed over, with each line's chances."""

    population: Population
    propensity: Propensity

    def weights(self, power: float = POWER) -> Floats:
        """Return weights (n,) of the inspected lines: inverse chances, clipped, to a power."""
        return self.propensity.weights(CAP)[: self.population.inspected] ** power


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """How calibration treats inspected lines: `weight` (n,) and `offset` (n,) in log-odds.

    The offset is what being inspected for its reason adds to a line's log-odds of failing.
    """

    hint: Hint
    weight: Floats
    offset: Floats

    def to_card(self, setting: str) -> dict[str, Any]:
        """Return what a model card says of the correction."""
        lifted = self.offset[self.offset != 0]
        return {
            "setting": setting,
            "hint": round(self.hint.size, 4),
            "hint_measured": self.hint.measured,
            "lift": round(float(lifted.mean()), 4) if len(lifted) else 0.0,
        }


def uncorrected(rows: int) -> Correction:
    """Return the correction that changes nothing, for n rows."""
    return Correction(Hint(), np.ones(rows), np.zeros(rows))


def correction_of(observed: Observed, margins: Floats, positive: Mask) -> Correction:
    """Measure from out-of-sample margins (n,), NaN where there is none, what selection did to labels."""
    population, rows = observed.population, np.flatnonzero(np.isfinite(margins))
    chosen, chance = population.chosen, observed.propensity.chosen[: population.inspected]
    hint = fit_hint(margins[rows], positive[rows], chosen[rows], chance[rows])
    weight = observed.weights()
    # As many lines as tell as much: a weight of many lines is no evidence of many lines.
    weight *= effective_size(weight[rows]) / weight[rows].sum()
    return Correction(hint, weight, np.where(chosen, lift(chance, hint.size), 0.0))
