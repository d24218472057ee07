"""Folds in time: fit | gap | stop | calibrate | gap | test, so that every choice is judged on later lines.

A gap is as long as results usually take: of younger lines mostly passes are known, as failures take longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.instants import DAY, Instant, show_instant
from training.dataset import Dataset
from training.errors import TooFewResults

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shares:
    """Parts of the rows, in time, that each fold after `fit` takes."""

    stop: float = 0.15
    calibrate: float = 0.15
    test: float = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """Boolean masks over a dataset's rows; `starts` says when each fold, and the last gap, begins.

    `before_test` is every row that a model may learn from before it is tested: the gap after the fit belongs
    to it, the gap before the test does not. `late` are the other rows since the stop fold began.
    """

    fit: Mask
    stop: Mask
    calibrate: Mask
    test: Mask
    before_test: Mask
    late: Mask
    starts: dict[str, Instant]

    def during(self, fold: str, as_of: NDArray[np.int64]) -> Mask:
        """Say which instants (m,) fall into the time of a fold."""
        ends = [start for start in self.starts.values() if start > self.starts[fold]]
        return (as_of >= self.starts[fold]) & (as_of < min(ends, default=np.iinfo(np.int64).max))


MINIMUM = {"fit": 20, "stop": 5, "calibrate": 5, "test": 1}
"""Fewest failures, and fewest passes, with which a fold is any use."""


def split_out_of_time(
    dataset: Dataset, *, test_from: Instant | None = None, shares: Shares | None = None
) -> Folds:
    """Cut the rows in time.

    The test fold is the lines declared from `test_from` on, or the last share. No earlier fold holds a row
    whose label became known only after the test began, or that was younger then than results usually take;
    the fit fold ends as long before the next begins. Raises TooFewResults where a fold would be no use.
    """
    if not len(dataset):
        raise TooFewResults(
            f"no line has an inspection result; left out: {_counted(dataset)}{_known_later(dataset)}"
        )
    shares, declared = shares or Shares(), dataset.lines["happened_at"]
    starts = {"test": test_from if test_from is not None else _instant_at(declared, 1 - shares.test)}
    starts["gap"] = starts["test"] - dataset.delay
    before = (dataset.as_of < starts["gap"]) & (dataset.resolved_at < starts["test"])
    if not before.any():
        raise TooFewResults(
            f"no line has a known result, and is old enough, when the test begins at "
            f"{show_instant(starts['test'])}: it counts from the age of {dataset.delay / DAY:.0f} days on, "
            f"by which most results are known{_known_later(dataset)}"
        )
    left = 1 - shares.test
    early = declared[before]
    starts["calibrate"] = _instant_at(early, 1 - shares.calibrate / left)
    starts["stop"] = _instant_at(early, 1 - (shares.calibrate + shares.stop) / left)
    starts["fit"] = int(early.min())
    folds = Folds(
        fit=before & (dataset.as_of < starts["stop"] - dataset.delay) & (declared < starts["stop"]),
        stop=before & (declared >= starts["stop"]) & (declared < starts["calibrate"]),
        calibrate=before & (declared >= starts["calibrate"]),
        test=declared >= starts["test"],
        before_test=before,
        late=~before & (declared >= starts["stop"]),
        starts=starts,
    )
    _require_enough(folds, dataset)
    return folds


def _instant_at(instants: NDArray[np.int64], share: float) -> Instant:
    return int(np.quantile(instants, share, method="lower"))


def _require_enough(folds: Folds, dataset: Dataset) -> None:
    parts = folds.fit | folds.stop | folds.calibrate | folds.test
    gaps = f"{int((~parts).sum())} lines lie in the gaps, each {dataset.delay / DAY:.0f} days long"
    for name, least in MINIMUM.items():
        fold: Mask = getattr(folds, name)
        failures = int(dataset.positive[fold].sum())
        passes = int(fold.sum()) - failures
        if min(failures, passes) < least:
            raise TooFewResults(
                f"the {name} fold (from {show_instant(folds.starts[name])}) has {failures} {dataset.target} "
                f"lines and {passes} others; it needs at least {least} of each. {gaps}. "
                f"Left out: {_counted(dataset)}"
            )


def _known_later(dataset: Dataset) -> str:
    """Say how many results training does not see because of when they became known."""
    if not dataset.known_later:
        return ""
    return (
        f"; {dataset.known_later:,} results are known only after --until: see known_at in docs/importing.md"
    )


def _counted(dataset: Dataset) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in dataset.dropped.items() if count) or "none"


def sizes(folds: Folds, positive: Mask) -> dict[str, int]:
    """Count rows and positives of each fold, under stable names."""
    masks = {name: getattr(folds, name) for name in MINIMUM}
    rows = {f"rows_{name}": int(mask.sum()) for name, mask in masks.items()}
    return rows | {f"positives_{name}": int(positive[mask].sum()) for name, mask in masks.items()}
