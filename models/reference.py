"""Where a probability stands among recent lines of the same direction and regime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 50
"""Lines of its own that a regime needs in a direction, to be ranked among."""
_POINTS = 401
_POOLED = "*"
"""What earlier bundles name their grid over all regimes of a direction; it is left out when they are read."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Quantile grids of the probability by (direction, regime), from the last 90 days of training.

    Regimes are never pooled: each has laws of its own, and a rank among another's lines would say nothing.
    One with fewer than FEWEST lines has no grid.
    """

    grids: Mapping[tuple[str, str], Floats] = field(default_factory=dict)

    @classmethod
    def fit(cls, probability: Floats, directions: Sequence[str], regimes: Sequence[str]) -> Reference:
        """Take the quantiles of probabilities (n,) by direction and regime (n each)."""
        values = np.asarray(probability, dtype=np.float64)
        ways, kinds = np.asarray(directions, dtype=str), np.asarray(regimes, dtype=str)
        grids: dict[tuple[str, str], Floats] = {}
        for way, kind in sorted(set(zip(ways.tolist(), kinds.tolist(), strict=True))):
            chosen = values[(ways == way) & (kinds == kind)]
            if len(chosen) >= FEWEST:
                grids[way, kind] = _quantiles(chosen)
        return cls(grids)

    def percentile(self, probability: float, direction: str, regime: str) -> float | None:
        """Return the share of reference lines below, 0 to 100 (ties count half); None without a grid."""
        grid = self.grids.get((str(direction), str(regime)))
        return None if grid is None else _percentile(grid, probability)

    def to_dict(self) -> dict[str, Any]:
        """Return the grids as JSON values."""
        return {
            "grids": [
                {"direction": direction, "regime": regime, "quantiles": grid.tolist()}
                for (direction, regime), grid in sorted(self.grids.items())
            ]
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Reference:
        """Read back what `to_dict` wrote, without what an earlier one pooled over regimes."""
        return cls(
            {
                (str(grid["direction"]), str(grid["regime"])): np.array(grid["quantiles"], dtype=np.float64)
                for grid in values["grids"]
                if grid["regime"] != _POOLED
            }
        )


def _quantiles(values: Floats) -> Floats:
    return np.asarray(np.quantile(values, np.linspace(0.0, 1.0, _POINTS)), dtype=np.float64)


def _percentile(grid: Floats, probability: float) -> float:
    below, upto = np.searchsorted(grid, probability, "left"), np.searchsorted(grid, probability, "right")
    if below < upto:
        return float(50.0 * (below + upto - 1) / (len(grid) - 1))
    if below in (0, len(grid)):
        return 0.0 if below == 0 else 100.0
    step = (probability - grid[below - 1]) / (grid[below] - grid[below - 1])
    return float(100.0 * (below - 1 + step) / (len(grid) - 1))
