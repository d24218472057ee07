"""Whether both models say the same for the same reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from features.facts import KnownHistory
from features.frame import build_frame
from features.lines import Lines
from models.risk_model import RiskModel
from training.contributions import Sample, families, sample_of
from training.policy.gates import ExplanationPolicy

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reasons:
    """How alike the reasons of two models are over some lines.

    `rank_correlation` is the mean over lines of Spearman's correlation of the families' contributions;
    `top_shared` the mean share of the strongest features that both name; `families` the mean absolute
    contribution in log-odds, challenger and champion.
    """

    lines: int
    rank_correlation: float
    top_shared: float
    families: dict[str, tuple[float, float]]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self)


def reasons(
    lines: Lines,
    as_of: NDArray[np.int64],
    history: KnownHistory,
    models: tuple[RiskModel, RiskModel],
    policy: ExplanationPolicy,
) -> Reasons:
    """Explain an even sample of lines by challenger and champion and compare what they say."""
    rows = np.unique(np.linspace(0, len(lines) - 1, min(policy.lines, len(lines))).astype(int))
    part, instants = lines.take(rows), as_of[rows]
    ours, theirs = (_sample(model, part, instants, history) for model in models)
    sizes = [families(sample) for sample in (ours, theirs)]
    names = list(dict.fromkeys([*sizes[0], *sizes[1]]))
    return Reasons(
        len(rows),
        _correlation(*(_by_family(sample, names) for sample in (ours, theirs))),
        _shared(ours, theirs, policy.top),
        {name: (sizes[0].get(name, 0.0), sizes[1].get(name, 0.0)) for name in names},
    )


def _sample(model: RiskModel, lines: Lines, as_of: NDArray[np.int64], history: KnownHistory) -> Sample:
    frame = build_frame(lines, history, as_of, model.feature_spec)
    return sample_of(model, model.check_frame(frame), [str(way) for way in lines["direction"]], as_of)


def _by_family(sample: Sample, names: list[str]) -> Floats:
    found = sample.by_family()
    nothing = np.zeros(len(sample.values))
    return np.array([found.get(name, nothing) for name in names]).T


def _correlation(ours: Floats, theirs: Floats) -> float:
    """Return the mean over rows of the rank correlation of two tables (n, k), without rows that are flat."""
    ranks = [rankdata(table, axis=1) for table in (ours, theirs)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    both = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    known = both > 0
    products = (centred[0] * centred[1]).sum(axis=1)
    return float((products[known] / both[known]).mean()) if known.any() else 1.0


def _shared(ours: Sample, theirs: Sample, top: int) -> float:
    named = [
        [
            {sample.names[at] for at in order[:top] if row[at] != 0.0}
            for row, order in zip(
                sample.contributions, np.argsort(-np.abs(sample.contributions), axis=1), strict=True
            )
        ]
        for sample in (ours, theirs)
    ]
    shares = [len(a & b) / max(len(a), len(b), 1) for a, b in zip(*named, strict=True)]
    return float(np.mean(shares))
