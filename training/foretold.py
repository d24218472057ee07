"""The test lines beside their results: what a candidate says of them, and what is expected once it is known
who was chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.candidate import Bench, Candidate
from training.clusters import Clusters

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """Lines (n,) with results: outcomes, probabilities told and given why they were inspected, consignees.

    Rankings are of the probabilities told; results are held against those given.
    """

    positive: Mask
    told: Floats
    given: Floats
    clusters: Clusters

    @classmethod
    def of(cls, bench: Bench, candidate: Candidate) -> Foretold:
        """Return a candidate's test fold, as a model that never saw it tells it."""
        test = bench.folds.test
        clusters = Clusters.by_consignee(bench.dataset.lines.take(test))
        return cls(bench.dataset.positive[test], candidate.tested, candidate.given, clusters)

    def take(self, rows: Mask | NDArray[np.intp]) -> Foretold:
        """Return the lines of a mask, or at some places."""
        return Foretold(self.positive[rows], self.told[rows], self.given[rows], self.clusters.take(rows))
