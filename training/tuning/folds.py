"""Folds within what a model may learn from: each is judged by what was declared after it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from training.dataset import Dataset
from training.errors import TooFewResults

Mask = NDArray[np.bool_]

STARTS = (0.55, 0.70, 0.85)
"""Where the lines to judge by begin, as shares of the rows before the test."""
STOP = 0.2
"""The newest share of a fold's rows, on which boosting stops."""
LEAST = 5


@dataclass(frozen=True, slots=True, eq=False)
class InnerFold:
    """Masks over a dataset's rows: to fit on, to stop on, and the later ones to judge by."""

    fit: Mask
    stop: Mask
    judge: Mask


def inner_folds(dataset: Dataset, before_test: Mask) -> list[InnerFold]:
    """Cut the rows before the test in time, each fold longer than the last.

    No fold learns from a result that was known only after its judging begins, or from a line that was
    younger then than results usually take. Raises TooFewResults where a part has too few failures.
    """
    declared = dataset.lines["happened_at"]
    ends = [int(np.quantile(declared[before_test], at, method="lower")) for at in (*STARTS, 1.0)]
    return [_fold(dataset, before_test, begin, end + (end == ends[-1])) for begin, end in pairwise(ends)]


def _fold(dataset: Dataset, before_test: Mask, begin: int, end: int) -> InnerFold:
    declared = dataset.lines["happened_at"]
    known = before_test & (dataset.as_of < begin - dataset.delay) & (dataset.resolved_at < begin)
    judge = before_test & (declared >= begin) & (declared < end)
    _require(dataset.positive[known], "learn from")
    turn = int(np.quantile(declared[known], 1 - STOP, method="lower"))
    fold = InnerFold(known & (declared < turn), known & (declared >= turn), judge)
    for rows, use in ((fold.fit, "fit on"), (fold.stop, "stop on"), (fold.judge, "judge by")):
        _require(dataset.positive[rows], use)
    return fold


def _require(positive: Mask, use: str) -> None:
    if positive.sum() < LEAST or (~positive).sum() < LEAST:
        raise TooFewResults(
            f"an inner fold has {int(positive.sum())} failures among {len(positive)} lines to {use}; "
            f"it needs at least {LEAST} of each outcome"
        )
