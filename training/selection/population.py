"""Every line that could have been inspected: those with a result, and samples of those without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.facts import KnownHistory
from features.frame import build_frame
from features.lines import Lines
from features.schema import FeatureSpec
from features.store.database import Store
from features.terms import Selection
from training.dataset import Dataset, first_revisions

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST = 50
"""Lines passed over below which everything counts as inspected: nothing was selected."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """n inspected lines, then m without a result, each as of the instant it became visible.

    Of the m, the last `untold` were inspected in vain: their papers only, or without a result so far. The
    others were passed over. `values` (n + m, k) is their frame. `reasons` and `recorded` are of the
    inspected; `weight` (n + m,) is how many lines each stands for. `strata` (n + m, 3) are direction, regime
    and HS chapter.
    """

    inspected: int
    values: Floats
    as_of: NDArray[np.int64]
    weight: Floats
    reasons: NDArray[np.object_]
    recorded: Floats
    strata: NDArray[np.object_]
    categorical: tuple[int, ...]
    untold: int = 0

    @property
    def directions(self) -> NDArray[np.str_]:
        """Each line's direction (n + m,)."""
        return self.strata[:, 0].astype(str)

    def grouped(self, columns: int) -> NDArray[np.intp]:
        """Return the number of each line's stratum (n + m,) by the first so many columns, in their order."""
        by = list(range(columns))
        numbers = pd.DataFrame(self.strata[:, by]).groupby(by).ngroup()
        return np.asarray(numbers, dtype=np.intp)

    @property
    def statutory(self) -> Mask:
        """Inspected lines (n,) that the law has inspected, whatever they look like."""
        return np.asarray(self.reasons == str(Selection.STATUTORY))

    @property
    def drawn(self) -> Mask:
        """Inspected lines (n,) that the plan drew at random."""
        return np.asarray(self.reasons == str(Selection.RANDOM))

    @property
    def chosen(self) -> Mask:
        """Inspected lines (n,) that somebody, or something, judged worth a look."""
        return np.asarray(~(self.statutory | self.drawn))

    @property
    def selected(self) -> bool:
        """Whether there are lines that were passed over; else everything was inspected."""
        return len(self.values) - self.inspected - self.untold >= FEWEST


def population_of(
    store: Store, history: KnownHistory, dataset: Dataset, values: Floats, spec: FeatureSpec
) -> Population:
    """Set the lines without a result beside the dataset's, whose frame (n, k) is `values`.

    Where hardly any was passed over nothing was selected, and those of which nothing was told are left out.
    """
    over = first_revisions(store, dataset.passed_over.ids)
    untold = first_revisions(store, dataset.untold.ids) if len(over) >= FEWEST else []
    filed = [*over, *untold]
    lines = Lines.of([line.record for line in filed])
    as_of = np.array([line.as_of for line in filed], dtype=np.int64)
    if filed:  # else a frame of everything inspected would be copied for nothing
        values = np.concatenate([values, build_frame(lines, history, as_of, spec).values])
    stands_for = (1.0, dataset.passed_over.weight, dataset.untold.weight)
    return Population(
        inspected=len(dataset),
        values=values,
        as_of=np.concatenate([dataset.as_of, as_of]),
        weight=np.repeat(stands_for, (len(dataset), len(over), len(untold))),
        reasons=dataset.reasons,
        recorded=dataset.recorded,
        strata=np.concatenate([_strata(dataset.lines), _strata(lines)]),
        categorical=tuple(spec.categorical),
        untold=len(untold),
    )


def _strata(lines: Lines) -> NDArray[np.object_]:
    chapters = np.array([str(code)[:2] for code in lines["hs_code"]], dtype=object)
    return np.column_stack([lines["direction"], lines["regime"], chapters])
