"""What results of inspected lines tell of any line's chance of failing, whoever looks.

A chosen line is unlike a line passed over that has the same margin. Whoever chooses reads in the records what
the margin leaves out, and sees what nobody recorded. So results are explained by the margin and by the chance
of being chosen together; the fit says what any line's chance is (it is standardised over all lines, those
passed over too), and, apart from that, what being chosen adds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr

from features.terms import Direction
from models.calibration import sigmoid
from training.selection.hint import LARGEST, SPREAD, Hint, lift, standing

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST = 5
"""Failures among the chosen lines, and among the others, below which unrecorded reasons cannot be told."""
PRIOR = np.array([[0.0, np.inf], [1.0, 0.25], [0.0, 0.25], [0.0, 0.5], [0.0, 1.0]])
"""Mean and standard deviation, before anything is seen, of the coefficients of `Screened.columns`."""


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """n lines: margin of a model that did not learn from them, chance of being chosen, direction, whether the
    law has them inspected, and whether they were chosen."""

    margin: Floats
    chance: Floats
    direction: NDArray[np.str_]
    lawful: Mask
    chosen: Mask

    def columns(self) -> Floats:
        """Return what explains a result (n, 5): 1, margin, log-odds of being chosen, exported, by law."""
        chance = np.clip(self.chance, 1e-9, 1 - 1e-9)
        exported = self.direction == str(Direction.EXPORT)
        read = np.log(chance / (1 - chance))
        return np.column_stack([np.ones(len(chance)), self.margin, read, exported, self.lawful])

    def take(self, rows: Mask | NDArray[np.intp]) -> Screened:
        """Return some of the lines."""
        return Screened(
            self.margin[rows], self.chance[rows], self.direction[rows], self.lawful[rows], self.chosen[rows]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """How log-odds of failing go with a line's columns, and what being chosen adds."""

    hint: Hint
    coefficients: Floats

    def whoever_looks(self, lines: Screened) -> Floats:
        """Return log-odds (n,) of failing for lines of which it is not known whether they were chosen."""
        return np.asarray(lines.columns() @ self.coefficients)

    def as_chosen(self, lines: Screened) -> Floats:
        """Return log-odds (n,) of failing once it is known which lines were chosen."""
        return self.whoever_looks(lines) + np.where(lines.chosen, lift(lines.chance, self.hint.size), 0.0)


def fit_outcomes(lines: Screened, positive: Mask, weight: Floats | None = None) -> Outcomes:
    """Explain the results (n,) of inspected lines, each counted by its weight, by penalised likelihood.

    The size of unrecorded reasons is 0 where too few failures were chosen, or too few were not.
    """
    told, columns = np.asarray(positive, dtype=np.float64), lines.columns()
    weights = np.ones(len(told)) if weight is None else weight
    fewest = min(told[lines.chosen].sum(), told[~lines.chosen].sum())
    measured = bool(fewest >= FEWEST and (told == 0).any())
    stands = standing(lines.chance)
    before = log_ndtr(stands)
    mean, pull = np.append(PRIOR[:, 0], 0.0), 1.0 / np.append(PRIOR[:, 1], SPREAD) ** 2

    def loss(parameters: Floats) -> tuple[float, Floats]:
        *coefficients, size = parameters
        after = log_ndtr(stands + size)
        z = columns @ np.array(coefficients) + np.where(lines.chosen, after - before, 0.0)
        steep = np.where(lines.chosen, np.exp(-0.5 * (stands + size) ** 2 - after) / np.sqrt(2 * np.pi), 0.0)
        excess, off = weights * (sigmoid(z) - told), parameters - mean
        value = weights @ (np.logaddexp(0.0, z) - told * z) + 0.5 * pull @ off**2
        return float(value), np.append(excess @ columns, excess @ steep) + pull * off

    sizes = (-LARGEST, LARGEST) if measured else (0.0, 0.0)
    bounds = [(-30.0, 30.0), *[(None, None)] * (len(PRIOR) - 1), sizes]
    found = minimize(loss, mean, jac=True, method="L-BFGS-B", bounds=bounds)
    return Outcomes(Hint(float(found.x[-1]), measured), found.x[:-1])
