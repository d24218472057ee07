"""How well hazards are foretold of goods found nonconforming later, beside what is simply usual."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.hazards import HAZARDS, HazardModel

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

RESAMPLES = 500


def row_losses(model: HazardModel, X: Floats, codes: Sequence[str], hazard: Places) -> Floats:
    """Return the log loss of each row (n,) whose hazard turned out."""
    return _losses(model.probabilities(X, codes), hazard)


def hazard_figures(model: HazardModel, X: Floats, codes: Sequence[str], hazard: Places) -> dict[str, float]:
    """Return log loss and macro figures of n later findings, beside the base rate and the heading's shares.

    `hazard_gain` is the log loss saved against the base rate, with its 95 % interval over resampled lines.
    NaN where there are no findings.
    """
    if not len(hazard):
        return {"hazard_findings": 0.0, "hazard_log_loss": np.nan}
    ways = {
        "": model.probabilities(X, codes),
        "_base": np.tile(model.counts.shares(""), (len(hazard), 1)),
        "_heading": np.array([model.counts.shares(code) for code in codes]),
    }
    figures = {"hazard_findings": float(len(hazard))}
    for name, shares in ways.items():
        losses = _losses(shares, hazard)
        figures[f"hazard_log_loss{name}"] = float(losses.mean())
        figures[f"hazard_macro_log_loss{name}"] = float(np.mean(_by_hazard(losses, hazard)))
        figures[f"hazard_macro_recall{name}"] = float(np.mean(_by_hazard(_hits(shares, hazard, 1), hazard)))
        figures[f"hazard_top3{name}"] = float(_hits(shares, hazard, 3).mean())
    gains = _losses(ways["_base"], hazard) - _losses(ways[""], hazard)
    low, high = _interval(gains)
    return figures | {"hazard_gain": float(gains.mean()), "hazard_gain_low": low, "hazard_gain_high": high}


def _losses(shares: Floats, hazard: Places) -> Floats:
    return np.asarray(-np.log(shares[np.arange(len(hazard)), hazard]))


def _hits(shares: Floats, hazard: Places, most: int) -> Floats:
    named = np.argsort(-shares, axis=1, kind="stable")[:, :most]
    return np.asarray((named == hazard[:, np.newaxis]).any(axis=1), dtype=np.float64)


def _by_hazard(values: Floats, hazard: Places) -> Floats:
    counts = np.bincount(hazard, minlength=len(HAZARDS))
    sums = np.bincount(hazard, weights=values, minlength=len(HAZARDS))
    return np.asarray(sums[counts > 0] / counts[counts > 0])


def _interval(values: Floats) -> tuple[float, float]:
    random = np.random.default_rng(0)
    means = values[random.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
