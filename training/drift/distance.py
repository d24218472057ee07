"""How far two samples lie apart, and how far they would if nothing had changed.

The noise floor draws whole enterprises (`training.clusters`): with lines drawn one by one every feature would
seem to drift.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.clusters import drawn

Floats = NDArray[np.float64]
Counts = NDArray[np.float64]

RESAMPLES = 200
FLOOR = 0.99
"""The quantile of distances without any change that is the floor."""
_SMOOTHED = 0.5


@dataclass(frozen=True, slots=True)
class Distance:
    """Population stability index and Jensen-Shannon divergence (bits), each with its noise floor.

    `drifted`: the index lies above its floor and above what is worth speaking of.
    """

    kind: str
    name: str
    psi: float
    psi_floor: float
    js: float
    js_floor: float
    drifted: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the distance as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Weights of enterprises in each resample: of the reference (r, c), and as many as make the present."""

    reference: Floats
    present: Floats

    @classmethod
    def of(cls, clusters: int, share: float, seed: int = 0) -> Draws:
        """Draw enterprises with replacement; `share` is present over reference lines."""
        random = np.random.default_rng(seed)
        return cls(
            drawn(random, (RESAMPLES, clusters)),
            drawn(random, (RESAMPLES, clusters), share),
        )


def psi(reference: Counts, present: Counts) -> Floats:
    """Return the population stability index of counts by bin in the last axis."""
    old, new = _shares(reference), _shares(present)
    return np.asarray(((new - old) * np.log(new / old)).sum(axis=-1))


def jensen_shannon(reference: Counts, present: Counts) -> Floats:
    """Return the Jensen-Shannon divergence of counts by bin in the last axis, in bits: 0 to 1."""
    old, new = _shares(reference), _shares(present)
    middle = (old + new) / 2
    return np.asarray(((old * np.log2(old / middle) + new * np.log2(new / middle)) / 2).sum(axis=-1))


def distance(
    named: tuple[str, str], reference: Counts, present: Counts, draws: Draws, worth: float
) -> Distance:
    """Compare counts by bin: reference by enterprise (c, b), present (b,); `worth` is the least told."""
    total = reference.sum(axis=0)
    pairs = draws.reference @ reference, draws.present @ reference
    found = float(psi(total, present))
    floor = float(np.quantile(psi(*pairs), FLOOR))
    return Distance(
        *named,
        psi=found,
        psi_floor=floor,
        js=float(jensen_shannon(total, present)),
        js_floor=float(np.quantile(jensen_shannon(*pairs), FLOOR)),
        drifted=found > max(floor, worth),
    )


def _shares(counts: Counts) -> Floats:
    smooth = counts + _SMOOTHED
    return np.asarray(smooth / smooth.sum(axis=-1, keepdims=True))
