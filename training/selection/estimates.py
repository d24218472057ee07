"""A model judged beyond the lines that were inspected: weights by which inspected lines stand for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from training.selection.hint import Hint
from training.selection.population import Population
from training.selection.propensity import LEAST, Propensity
from training.selection.support import CAP, effective_size, support_of

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Weights (n,) of inspected lines by the name of the estimate, and the support they rest on."""

    weights: Mapping[str, Floats]
    support: Mapping[str, Any]


def selection_estimates(
    population: Population, propensity: Propensity, positive: Mask, hint: Hint, rows: Mask | None = None
) -> Estimates:
    """Weigh a population's inspected lines (n,), or some of them, for what was passed over.

    `weighted` stands each line for the inverse of its chance; `corrected` lets the chance depend on the
    outcome as far as unrecorded reasons knew of it. Both are clipped, and empty where nothing was selected.
    """
    taken = np.ones(population.inspected, dtype=bool) if rows is None else rows
    told = support_of(population, propensity)
    if not population.selected:
        return Estimates({}, told)
    weights = {"weighted": propensity.weights(CAP)[: population.inspected]}
    if hint.measured:
        weights["corrected"] = corrected_weights(population, propensity, positive, hint)
    told["effective_of"] = {name: round(effective_size(weight[taken]), 1) for name, weight in weights.items()}
    return Estimates({name: weight[taken] for name, weight in weights.items()}, told)


def corrected_weights(population: Population, propensity: Propensity, positive: Mask, hint: Hint) -> Floats:
    """Return inverse chances (n,) of inspection given the outcome too, clipped."""
    count = population.inspected
    chosen, inspected = propensity.chosen[:count], propensity.inspected[:count]
    drawn = 1.0 - (1.0 - inspected) / np.maximum(1.0 - chosen, LEAST)
    standing = ndtri(np.clip(chosen, 1e-9, 1 - 1e-9)) + hint.size * positive
    given = 1.0 - (1.0 - np.clip(drawn, 0.0, 1.0)) * (1.0 - ndtr(standing))
    given[population.statutory] = 1.0
    return np.asarray(np.minimum(1.0 / np.maximum(given, LEAST), CAP))
