"""Whether results have moved: found over expected failures, and the share found in random draws, by month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from training.clusters import Clusters
from training.compare.months import Expected, design_effect, months_of, widened
from training.dataset import Dataset

Mask = NDArray[np.bool_]

CONFIDENCE = 0.95
"""How sure all intervals of a report are together, so that one report in twenty errs and not one month."""
WORTH_RATIO = 1.25
"""Less than a quarter more, or a fifth less, is not worth speaking of, however sure it is."""
CALIBRATION, LABELS = "calibration", "labels"
ALL = "all"
"""The month of all months together."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Failures found in a month, over those that there would be if nothing had moved.

    `kind` is "calibration", where the champion expects so many of lines so chosen, or "labels", where the
    lines were drawn at random and as many are expected as among those that it learned from last. The interval
    is widened for all that the report looks at.
    """

    kind: str
    month: str
    lines: int
    observed: int
    expected: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        """Return found over expected; infinite where none was expected, NaN where none was found either."""
        if not self.expected:
            return np.inf if self.observed else np.nan
        return self.observed / self.expected

    @property
    def drifted(self) -> bool:
        """Say whether the ratio is both beyond its interval and worth speaking of."""
        more, less = self.ratio >= WORTH_RATIO, self.ratio <= 1 / WORTH_RATIO
        return bool((more and self.low > 1) or (less and self.high < 1))

    def to_dict(self) -> dict[str, Any]:
        """Return the shift as JSON values; what is infinite or unknown is null."""
        values = {"expected": self.expected, "ratio": self.ratio, "low": self.low, "high": self.high}
        return {
            "kind": self.kind, "month": self.month, "lines": self.lines, "observed": self.observed,
            **{name: float(value) if np.isfinite(value) else None for name, value in values.items()},
            "drifted": self.drifted,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """Lines drawn at random and the failures among them, that come so many times together."""

    lines: int
    positives: int
    design_effect: float

    @property
    def share(self) -> float:
        """Return the share of failures; 0 without lines."""
        return self.positives / max(self.lines, 1)


def drawn_by_month(dataset: Dataset, rows: Mask) -> dict[str, Drawn]:
    """Count the random draws among some rows by month of declaration, and all of them together."""
    rows = rows & dataset.random
    if not rows.any():
        return {}
    months = months_of(dataset.lines["happened_at"][rows])
    some = dataset.take(rows)
    clusters = Clusters.by_consignee(some.lines)
    parts = {str(month): months == month for month in np.unique(months)}
    parts[ALL] = np.ones(len(months), dtype=bool)
    return {name: _drawn(some.positive[part], clusters.take(part)) for name, part in parts.items()}


def _drawn(positive: Mask, clusters: Clusters) -> Drawn:
    level = np.full(len(positive), max(float(positive.mean()), 1e-9))
    return Drawn(len(positive), int(positive.sum()), design_effect(positive, level, clusters))


def shifts_of(
    calibration: Mapping[str, Expected], before: Drawn | None, drawn: Mapping[str, Drawn]
) -> list[Shift]:
    """Return the shifts of every month and of all together, each interval widened for the number of all.

    `before` counts the random draws among the champion's last lessons; without them labels are not compared.
    """
    later = drawn if before is not None and before.lines else {}
    confidence = widened(CONFIDENCE, len(calibration) + len(later))
    found = [_calibrated(month, each, confidence) for month, each in calibration.items()]
    if before is not None:
        found += [_labelled(month, each, before, confidence) for month, each in later.items()]
    return found


def drifted(shifts: Sequence[Shift]) -> Iterator[Shift]:
    """Yield the shifts beyond doubt, all months together before single ones."""
    yield from sorted((each for each in shifts if each.drifted), key=lambda each: each.month != ALL)


def _calibrated(month: str, found: Expected, confidence: float) -> Shift:
    ends = found.interval(confidence)
    return Shift(CALIBRATION, month, found.lines, found.observed, found.expected, *ends)


def _labelled(month: str, now: Drawn, before: Drawn, confidence: float) -> Shift:
    ends = share_ratio(now, before, confidence)
    return Shift(LABELS, month, now.lines, now.positives, now.lines * before.share, *ends)


def share_ratio(now: Drawn, before: Drawn, confidence: float) -> tuple[float, float]:
    """Return the interval of the ratio of two shares, from counts as many times fewer as they come together.

    Of all failures of both, how many are of now is binomial; its exact interval is that of the ratio.
    """
    a, b = (each.positives / each.design_effect for each in (now, before))
    times = (before.lines / before.design_effect) / (now.lines / now.design_effect)
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, a, b + 1)) if a else 0.0
    high = float(beta.ppf(1 - tail, a + 1, b)) if b else 1.0
    return times * low / (1 - low), times * high / (1 - high) if high < 1 else np.inf
