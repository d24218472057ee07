"""Calibration by a line in log-odds, so that contributions scaled by its slope still add up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.errors import CalibrationError

Floats = NDArray[np.float64]

NEARLY = 1e-12
"""How far from 0 and 1 a probability is held where its log-odds are asked for."""

FEW_POSITIVES = 50
"""Below this many positives (or negatives) only the intercept is fitted: a slope would be noise."""
_SLOPE_SPREAD = 0.25
_SMALLEST_SLOPE = 0.05
_LARGEST_SLOPE = 20.0


@dataclass(frozen=True, slots=True)
class Platt:
    """Calibrated log-odds = intercept + slope x margin; the slope is positive, so that ranking is kept."""

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and np.isfinite(self.intercept) and self.slope > 0):
            raise CalibrationError(f"calibration {self} must be finite with a positive slope")

    def log_odds(self, margin: Floats) -> Floats:
        """Calibrate raw margins (n,) to log-odds (n,)."""
        return self.intercept + self.slope * margin


def sigmoid(log_odds: Floats) -> Floats:
    """Turn log-odds into probabilities without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(log_odds, dtype=np.float64))))


def log_odds_of(probability: Floats) -> Floats:
    """Turn probabilities into log-odds, the inverse of `sigmoid`; the nearly sure ones are held finite."""
    inside = np.clip(probability, NEARLY, 1 - NEARLY)
    return np.asarray(np.log(inside / (1 - inside)))


def probability_of(log_odds: float) -> float:
    """Turn the log-odds of one line into its probability: `sigmoid` without an array around it."""
    return 0.5 * (1.0 + math.tanh(0.5 * log_odds))


def fit_platt(
    margin: Floats,
    y: NDArray[np.generic],
    weight: Floats | None = None,
) -> Platt:
    """Fit slope and intercept to outcomes `y` (0 or 1), by penalised maximum likelihood.

    The slope is shrunk to 1 (a normal prior of spread 0.25), and is 1 where there are fewer than 50
    positives or negatives. Outcomes are smoothed as Platt did, so that a fold without positives gives a
    finite intercept. No rows at all give the identity. Raises CalibrationError for lengths that differ or
    values that are not finite.
    """
    outcome = np.asarray(y, dtype=np.float64)
    weights = np.ones(len(outcome)) if weight is None else np.asarray(weight, dtype=np.float64)
    _check(np.asarray(margin, dtype=np.float64), outcome, weights)
    if not len(outcome):
        return Platt()
    positives = int(outcome.sum())
    targets = np.where(outcome > 0, (positives + 1) / (positives + 2), 1 / (len(outcome) - positives + 2))
    fixed = min(positives, len(outcome) - positives) < FEW_POSITIVES
    return _fit(np.asarray(margin, dtype=np.float64), targets, weights, fixed_slope=fixed)


def _fit(margin: Floats, targets: Floats, weights: Floats, *, fixed_slope: bool) -> Platt:
    from scipy.optimize import minimize

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slope, intercept = parameters
        z = intercept + slope * margin
        residual = weights * (sigmoid(z) - targets)
        nll = float(np.dot(weights, np.logaddexp(0.0, z) - targets * z))
        pull = (slope - 1.0) / _SLOPE_SPREAD**2
        gradient = np.array([np.dot(residual, margin) + pull, residual.sum()])
        return nll + 0.5 * pull * (slope - 1.0), gradient

    share = float(np.average(targets, weights=weights))
    start = np.array([1.0, np.log(share / (1 - share)) - np.average(margin, weights=weights)])
    slopes = (1.0, 1.0) if fixed_slope else (_SMALLEST_SLOPE, _LARGEST_SLOPE)
    options = {"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[slopes, (None, None)], options=options)
    return Platt(slope=float(found.x[0]), intercept=float(found.x[1]))


def _check(margin: Floats, outcome: Floats, weights: Floats) -> None:
    if not margin.shape == outcome.shape == weights.shape or margin.ndim != 1:
        raise CalibrationError(
            f"margins {margin.shape}, outcomes {outcome.shape}, weights {weights.shape} must be equally long"
        )
    if not (np.isfinite(margin).all() and np.isfinite(weights).all() and (weights >= 0).all()):
        raise CalibrationError("margins and weights must be finite, and weights not negative")
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise CalibrationError("outcomes must be 0 or 1")
    if len(outcome) and not weights.sum() > 0:
        raise CalibrationError("the weights of the calibration fold must not all be 0")
