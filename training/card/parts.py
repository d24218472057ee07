"""Parts of a model card: months, slices and features of the test fold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.candidate import Bench, Candidate
from training.compare.months import by_month, observed_over_expected
from training.contributions import Sample
from training.examination import Examination
from training.figures import resampled_pairs
from training.foretold import Foretold

_CONFIDENCE = 0.95
_RESAMPLES = 200
_STRONGEST = 15


def calibration_by_month(bench: Bench, candidate: Candidate) -> list[dict[str, Any]]:
    """Return found over expected failures of each month of the test, given why each line was inspected."""
    tested, declared = Foretold.of(bench, candidate), bench.dataset.lines["happened_at"][bench.folds.test]
    months = by_month(tested.positive, declared, {"model": tested.given}, _CONFIDENCE, tested.clusters)
    return [{"month": each.month, **asdict(each.models["model"])} for each in months]


def card_slices(bench: Bench, candidate: Candidate, examination: Examination) -> dict[str, Any]:
    """Return figures of the test's slices; average precision only where there are positives enough."""
    whole, least = Foretold.of(bench, candidate), examination.policy.slices.minimum_positives
    told = [
        _slice((dimension, value), whole.take(rows), least)
        for dimension, labels in examination.slice_labels.items()
        for value, rows in _parts(labels)
    ]
    return {"minimum_positives": least, "slices": told}


def strongest(sample: Sample) -> list[dict[str, Any]]:
    """Return the features with the largest mean absolute contribution, in log-odds."""
    size = np.abs(sample.contributions).mean(axis=0)
    order = np.argsort(-size, kind="stable")[:_STRONGEST]
    return [{"feature": sample.names[at], "log_odds": float(size[at])} for at in order if size[at] > 0]


def _parts(labels: NDArray[np.object_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for value in sorted(set(labels.tolist())):
        yield str(value), labels == value


def _slice(named: tuple[str, str], part: Foretold, least: int) -> dict[str, Any]:
    found = observed_over_expected(part.positive, part.given, _CONFIDENCE, part.clusters)
    ratio = [found.ratio, found.low, found.high] if found.expected else None
    judged = least <= found.observed < found.lines
    return {
        "dimension": named[0], "value": named[1], "lines": found.lines, "positives": found.observed,
        "observed_over_expected": ratio, "average_precision": _precision(part) if judged else None,
    }  # fmt: skip


def _precision(part: Foretold) -> list[float | None]:
    """Return average precision with its interval, None where there is none."""
    both = part.told, part.told
    told = resampled_pairs(part.positive, both, shares=(), clusters=part.clusters, resamples=_RESAMPLES)
    drawn = told["average_precision"][:, 0]
    finite = drawn[1:][np.isfinite(drawn[1:])]
    low, high = np.quantile(finite, (0.025, 0.975)).tolist() if len(finite) else (None, None)
    return [float(drawn[0]), low, high]
