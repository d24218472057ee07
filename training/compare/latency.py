"""What a score costs: CPU time of one line at a time, both models by turns."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.facts import KnownHistory
from features.frame import build_frame
from features.lines import Lines
from models.risk_model import RiskModel
from training.policy.gates import LatencyPolicy

_WARM = 3
_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Latency:
    """Median CPU microseconds of a line's frame and explained score, and their ratio with its interval."""

    lines: int
    ours: float
    theirs: float
    ratio: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self)


def latency(
    lines: Lines,
    as_of: NDArray[np.int64],
    history: KnownHistory,
    models: tuple[RiskModel, RiskModel],
    policy: LatencyPolicy,
) -> Latency:
    """Measure single-line scores of challenger and champion, one after the other on each line.

    Each is first on every other line: what the first reads the second finds at hand.
    """
    rows = np.unique(np.linspace(0, len(lines) - 1, min(policy.lines, len(lines))).astype(int))
    parts = [(lines.take(np.array([row])), as_of[row : row + 1]) for row in rows]
    for part, at in parts[:_WARM]:
        for model in models:
            _score(model, part, at, history)
    taken = np.empty((len(parts), len(models)))
    for turn, (part, at) in enumerate(parts):
        for place in (0, 1) if turn % 2 else (1, 0):
            taken[turn, place] = _timed(models[place], part, at, history)
    draws = np.random.default_rng(0).integers(0, len(taken), (_RESAMPLES, len(taken)))
    medians = np.median(taken[draws], axis=1)
    low, high = np.quantile(medians[:, 0] / medians[:, 1], (0.025, 0.975))
    ours, theirs = np.median(taken, axis=0)
    return Latency(len(rows), float(ours), float(theirs), float(ours / theirs), float(low), float(high))


def _score(model: RiskModel, line: Lines, as_of: NDArray[np.int64], history: KnownHistory) -> None:
    frame = build_frame(line, history, as_of, model.feature_spec)
    model.explain(model.check_frame(frame), [str(line["direction"][0])])


def _timed(model: RiskModel, line: Lines, as_of: NDArray[np.int64], history: KnownHistory) -> float:
    began = time.thread_time_ns()
    _score(model, line, as_of, history)
    return max(time.thread_time_ns() - began, 1) / 1_000
