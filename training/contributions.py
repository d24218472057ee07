"""What scores are made of: contributions of a sample of lines, by family and by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.catalog import CATALOG
from features.instants import to_datetime
from models.risk_model import RiskModel

_SAMPLE = 1_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Some lines explained: feature values and contributions (n, k) in log-odds, base and instants (n,)."""

    names: tuple[str, ...]
    values: Floats
    contributions: Floats
    base: Floats
    as_of: NDArray[np.int64]

    def by_family(self) -> dict[str, Floats]:
        """Return each family's contribution to each line, float64 (n,) in log-odds."""
        found: dict[str, Floats] = {}
        for family in dict.fromkeys(CATALOG[name].family for name in self.names):
            members = [at for at, name in enumerate(self.names) if CATALOG[name].family is family]
            found[str(family)] = self.contributions[:, members].sum(axis=1)
        return found

    def months(self) -> list[str]:
        """Return the month of each line, in Shanghai."""
        return [to_datetime(instant).strftime("%Y-%m") for instant in self.as_of.tolist()]


def sample_of(
    model: RiskModel, values: Floats, directions: Sequence[str], as_of: NDArray[np.int64]
) -> Sample:
    """Explain an even sample of lines (n, k), at most 1,000 of them."""
    rows = np.unique(np.linspace(0, len(values) - 1, min(_SAMPLE, len(values))).astype(int))
    explained = model.explain(values[rows], [directions[row] for row in rows])
    names = tuple(model.feature_spec.names)
    return Sample(names, values[rows], explained.contributions, explained.base, as_of[rows])


def families(sample: Sample) -> dict[str, float]:
    """Return each family's mean absolute contribution in log-odds."""
    return {family: float(np.abs(added).mean()) for family, added in sample.by_family().items()}


def monthly(sample: Sample) -> tuple[list[str], dict[str, list[float]]]:
    """Return the months of a sample, and each family's mean contribution in each of them, in log-odds."""
    of_line = np.array(sample.months(), dtype=object)
    months = sorted(set(of_line.tolist()))
    means = {
        family: [float(added[of_line == month].mean()) for month in months]
        for family, added in sample.by_family().items()
    }
    return months, means
