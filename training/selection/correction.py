"""What calibration must know of selection: any line's chance of failing, and what being chosen adds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.instants import DAY
from models.calibration import log_odds_of, sigmoid
from training.calibrate import added_to_expect
from training.selection.hint import Hint
from training.selection.outcomes import PRIOR, Outcomes, Screened, fit_outcomes
from training.selection.population import Population
from training.selection.propensity import Propensity
from training.selection.support import CAP, effective_size

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

POWER = 0.5
"""The power of inverse chances by which trees are weighted, where they are."""
HALF_LIFE = 180 * DAY
"""A result counts half as much in calibration for each half year that it is older than the newest."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Who was inspected and who was passed over, with each line's chances."""

    population: Population
    propensity: Propensity

    def weights(self, power: float = POWER) -> Floats:
        """Return weights (n,) of the inspected lines: inverse chances, clipped, to a power."""
        return self.propensity.weights(CAP)[: self.population.inspected] ** power

    def lines(self, margins: Floats) -> Screened:
        """Return every line with its margin (n + m,); nobody chose those passed over."""
        population = self.population
        over = np.zeros(len(population.values) - population.inspected, dtype=bool)
        lawful, chosen = (np.append(some, over) for some in (population.statutory, population.chosen))
        return Screened(margins, self.propensity.chosen, population.directions, lawful, chosen)

    def chances(self, outcomes: Outcomes, margins: Floats) -> Floats:
        """Return every line's chance (n + m,) of failing, whoever looks; NaN where it has no margin."""
        return sigmoid(outcomes.whoever_looks(self.lines(margins)))


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """What results told of selection; `lift` is what being chosen adds to shown log-odds on average.

    Without `observed` nothing is corrected.
    """

    outcomes: Outcomes
    observed: Observed | None = None
    lift: float = 0.0

    @property
    def hint(self) -> Hint:
        """How much unrecorded reasons know."""
        return self.outcomes.hint

    def given(self, margins: Floats, rows: Mask, shown: Floats) -> Floats:
        """Return what is expected of inspected lines, some `rows` (n,), once it is known who was chosen.

        `margins` and `shown` (r,) are the rows' margins and their probabilities, which hold for the others.
        """
        if self.observed is None:
            return shown
        whole = np.full(len(self.observed.population.values), np.nan)
        whole[: len(rows)][rows] = margins
        lines = self.observed.lines(whole).take(np.flatnonzero(rows))
        return np.where(lines.chosen, sigmoid(self.outcomes.as_chosen(lines)), shown)

    def with_lift(self, margins: Floats, rows: Mask, shown: Floats) -> Correction:
        """Return the correction with its lift, by which as many failures are expected of the chosen rows."""
        if self.observed is None:
            return self
        chosen = self.observed.population.chosen[rows]
        if not chosen.any():
            return self
        log_odds, once = log_odds_of(shown[chosen]), np.ones(int(chosen.sum()))
        given = self.given(margins, rows, shown)[chosen]
        return replace(self, lift=added_to_expect(log_odds, float(given.sum()), once))

    def to_card(self, setting: str) -> dict[str, Any]:
        """Return what a model card says of the correction."""
        read = float(self.outcomes.coefficients[2]) if self.observed is not None else 0.0
        return {
            "setting": setting,
            "hint": round(self.hint.size, 4),
            "hint_measured": self.hint.measured,
            "read": round(read, 4),
            "lift": round(self.lift, 4),
        }


def uncorrected() -> Correction:
    """Return the correction that changes nothing."""
    return Correction(Outcomes(Hint(), PRIOR[:, 0].copy()))


def correction_of(observed: Observed, margins: Floats, positive: Mask, trust: Floats) -> Correction:
    """Learn from out-of-sample margins (n + m,), NaN where there is none, what selection did to labels.

    `positive` and `trust` (n,) are the labels of the inspected lines and the chance that they are right.
    """
    rows = np.flatnonzero(np.isfinite(margins[: len(positive)]))
    as_of = observed.population.as_of[rows]
    weight = trust[rows] * np.exp2((as_of - as_of.max(initial=0)) / HALF_LIFE)
    # As many results as tell as much: those that count more are no evidence of more.
    weight *= effective_size(weight) / max(weight.sum(), 1e-12)
    return Correction(fit_outcomes(observed.lines(margins).take(rows), positive[rows], weight), observed)
