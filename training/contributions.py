"""What scores are made of: mean absolute contributions by family of features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.catalog import CATALOG
from models.risk_model import RiskModel

_SAMPLE = 1_000


def families(model: RiskModel, values: NDArray[np.float64], directions: Sequence[str]) -> dict[str, float]:
    """Return each family's mean absolute contribution in log-odds, over an even sample of lines (n, k)."""
    rows = np.unique(np.linspace(0, len(values) - 1, min(_SAMPLE, len(values))).astype(int))
    contributions = model.explain(values[rows], [directions[row] for row in rows]).contributions
    found: dict[str, float] = {}
    names = model.feature_spec.names
    for family in dict.fromkeys(CATALOG[name].family for name in names):
        members = [at for at, name in enumerate(names) if CATALOG[name].family is family]
        found[str(family)] = float(np.abs(contributions[:, members].sum(axis=1)).mean())
    return found
