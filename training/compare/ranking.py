"""Paired bootstrap by enterprise: how much better one model ranks the same lines, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from training.compare.pair import Pair
from training.figures import resampled_pairs
from training.policy import GatePolicy

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both models over the same lines; `error` is the standard error of its difference.

    Both and the interval are NaN where chance cannot be told (`training.figures`).
    """

    figure: str
    ours: float
    theirs: float
    low: float
    high: float
    error: float

    @property
    def gain(self) -> float:
        """Return by how much the challenger is better."""
        return self.ours - self.theirs

    @property
    def told(self) -> bool:
        """Say whether the difference has an interval."""
        return bool(np.isfinite(self.low))

    def upper(self, confidence: float, times: int = 1) -> float:
        """Return the upper end of the difference's interval when `times` figures are judged together."""
        return self.gain + float(norm.ppf(1 - (1 - confidence) / (2 * max(times, 1)))) * self.error

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as JSON values; what has no meaning is null."""
        values = {"ours": self.ours, "theirs": self.theirs, "gain": self.gain, "error": self.error}
        plain = {name: value if np.isfinite(value) else None for name, value in values.items()}
        interval = [self.low, self.high] if self.told else None
        return {"figure": self.figure, **plain, "interval": interval}


def differences(pair: Pair, policy: GatePolicy, shares: Sequence[float] | None = None) -> list[Difference]:
    """Compare average precision, and precision and recall at the policy's shares, over a pair's lines."""
    drawn = resampled_pairs(
        pair.positive,
        (pair.ours, pair.theirs),
        clusters=pair.clusters,
        shares=policy.capacity if shares is None else shares,
        resamples=policy.resamples,
        seed=policy.seed,
    )
    return [_difference(name, values, policy.confidence) for name, values in drawn.items()]


def _difference(name: str, drawn: Floats, confidence: float) -> Difference:
    gains = drawn[1:, 0] - drawn[1:, 1]
    known = gains[np.isfinite(gains)]
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, (tail, 1 - tail)) if len(known) else (np.nan, np.nan)
    error = float(known.std(ddof=1)) if len(known) > 1 else float("nan")
    return Difference(name, float(drawn[0, 0]), float(drawn[0, 1]), float(low), float(high), error)
