"""Values to bins: tenths of the reference for numbers, the commonest codes for categories."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

TENTHS = 10
CODES = 15


def number_bins(reference: Floats, present: Floats) -> tuple[Places, Places, int]:
    """Return the bins of numbers and how many there are; the last is that of missing ones."""
    known = reference[np.isfinite(reference)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, TENTHS + 1)[1:-1])) if len(known) else np.array([])
    last = len(edges) + 1
    # A value on an edge stays below it, so that one common value has a bin of its own.
    told = [np.searchsorted(edges, values, side="left") for values in (reference, present)]
    for places, values in zip(told, (reference, present), strict=True):
        places[~np.isfinite(values)] = last
    return told[0], told[1], last + 1


def code_bins(reference: Floats, present: Floats) -> tuple[Places, Places, int]:
    """Return the bins of category numbers: unknown (0), missing (1), the commonest codes, and the rest."""
    codes, counts = np.unique(reference[reference > 1], return_counts=True)
    common = codes[np.argsort(-counts, kind="stable")][:CODES]
    place = {0.0: 0, 1.0: 1} | {float(code): 2 + at for at, code in enumerate(common)}
    rest = 2 + len(common)
    old, new = (
        np.array([place.get(value, rest) for value in values.tolist()], dtype=np.intp)
        for values in (reference, present)
    )
    return old, new, rest + 1


def by_cluster(bins: Places, clusters: Places, shape: tuple[int, int]) -> Floats:
    """Count rows by cluster and bin, float64 of the shape (clusters, bins)."""
    counts = np.bincount(clusters * shape[1] + bins, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.float64)
