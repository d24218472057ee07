"""Judging a model: figures with intervals over given lines, be they a test fold or a later period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.clusters import Clusters
from training.figures import NO_INTERVAL, figures, intervals

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


PARTS = {
    "random_part": "drawn at random",
    "weighted": "all lines, estimated by inverse chances of inspection",
    "corrected": "all lines, estimated with unrecorded reasons of inspection",
}
BESIDE = (
    "average_precision", "precision_at_5pct", "calibration_slope", "observed_over_expected_top_5pct",
)  # fmt: skip
"""Figures said of each further estimate."""


@dataclass(frozen=True, slots=True)
class Report:
    """Figures under stable names, their 95 % intervals, and of how many lines and failures they speak."""

    figures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    rows: int
    positives: int
    parts: Mapping[str, Report] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        return self.figures[name]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values, figures at the top level; what has no meaning is null."""
        plain: dict[str, Any] = {"rows": self.rows, "positives": self.positives}
        plain |= {name: _plain(value) for name, value in self.figures.items()}
        plain["intervals"] = {
            name: [_plain(low), _plain(high)] for name, (low, high) in self.intervals.items()
        }
        return plain | {name: part.to_dict() for name, part in self.parts.items()}


def evaluate(
    positive: Mask,
    probability: Floats,
    random: Mask | None = None,
    weights: Mapping[str, Floats] | None = None,
    clusters: Clusters | None = None,
) -> Report:
    """Judge probabilities (n,) by outcomes (n,); lines drawn at random are also judged apart.

    `weights` (n,) name further parts: the same lines, each standing for so many. Figures of such a part
    speak of the lines stood for, its counts of the lines there are. Intervals draw `clusters` of lines again;
    without them each line by itself.
    """
    parts = {}
    if random is not None and random.any():
        among = None if clusters is None else clusters.take(random)
        parts["random_part"] = evaluate(positive[random], probability[random], clusters=among)
    for name, weight in (weights or {}).items():
        parts[name] = _judged((positive, probability, weight), clusters, {})
    return _judged((positive, probability, None), clusters, parts)


def _judged(
    told: tuple[Mask, Floats, Floats | None], clusters: Clusters | None, parts: Mapping[str, Report]
) -> Report:
    positive = told[0]
    return Report(
        figures=figures(*told),
        intervals=intervals(*told, clusters=clusters),
        rows=len(positive),
        positives=int(positive.sum()),
        parts=parts,
    )


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def summary(report: Report) -> list[str]:
    """Say a report in a few lines for a terminal."""
    lines = _shown(report, report.figures, f"{report.rows} lines, {report.positives} positive")
    inspected = report.parts.get("inspected", report)
    if inspected is not report:
        lines += _beside(inspected, "inspected")
    for part, words in PARTS.items():
        if part in inspected.parts:
            lines += _beside(inspected.parts[part], words)
    return lines


def _beside(part: Report, words: str) -> list[str]:
    """Say an estimate's main figures, to stand beside those of the inspected lines."""
    return _shown(part, BESIDE, f"{words}: {part.rows} lines, {part.positives} positive")


def _shown(report: Report, names: Iterable[str], title: str) -> list[str]:
    """Show some figures with their intervals, a line each, or why there are none."""
    if not any(np.isfinite(report.intervals.get(name, np.nan)).all() for name in names):
        return [f"{title}; {NO_INTERVAL[1]}", *(f"  {name:32s} {_figure(report[name])}" for name in names)]
    lines = [title]
    for name in names:
        low, high = report.intervals.get(name, (np.nan, np.nan))
        lines.append(f"  {name:32s} {_figure(report[name])}   [{low:.4f}, {high:.4f}]")
    return lines


def _figure(value: float) -> str:
    return f"{value:8.4f}" if np.isfinite(value) else f"{'–':>8}"
