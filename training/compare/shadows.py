"""What the challenger said in shadow beside the champion, and who was right where results are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from features.store.database import Store
from models.challengers import Shadowed, shadowed
from models.risk_model import RiskModel
from training.compare.pair import Pair
from training.compare.ranking import Difference, differences
from training.dataset import Dataset
from training.policy import GatePolicy


@dataclass(frozen=True, slots=True)
class Shadows:
    """Scores given side by side: how many, how alike, and who ranked better where results are known."""

    lines: int
    rank_correlation: float | None
    higher: int
    labelled: int
    positives: int
    ranking: Sequence[Difference]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return {
            "lines": self.lines, "rank_correlation": self.rank_correlation, "higher": self.higher,
            "labelled": self.labelled, "positives": self.positives,
            "ranking": [each.to_dict() for each in self.ranking],
        }  # fmt: skip


def shadows(
    store: Store, models: tuple[RiskModel, RiskModel], dataset: Dataset, policy: GatePolicy
) -> Shadows | None:
    """Compare the stored shadow scores of challenger and champion; None where there are none."""
    found = shadowed(store.engine, models[0].fingerprint) if models[0].fingerprint else None
    if found is None:
        return None
    rows = np.array([champion == models[1].fingerprint for champion in found.champions], dtype=bool)
    if not rows.any():
        return None
    ours, theirs = found.challenger[rows], found.champion[rows]
    alike = float(spearmanr(ours, theirs).statistic) if rows.sum() > 2 else np.nan
    pair = _labelled(found, rows, dataset)
    positives = 0 if pair is None else int(pair.positive.sum())
    enough = pair is not None and policy.minimum_positives <= positives < len(pair)
    return Shadows(
        lines=int(rows.sum()),
        rank_correlation=alike if np.isfinite(alike) else None,
        higher=int((ours > theirs).sum()),
        labelled=0 if pair is None else len(pair),
        positives=positives,
        ranking=differences(pair, policy) if pair is not None and enough else (),
    )


def _labelled(found: Shadowed, rows: np.ndarray[Any, np.dtype[np.bool_]], dataset: Dataset) -> Pair | None:
    """Return the shadow scores of lines that have a result by now: of each line the last one before it.

    What was said once the result was known foretold nothing.
    """
    resolved = dict(zip(dataset.lines["id"].tolist(), dataset.resolved_at.tolist(), strict=True))
    last = {
        found.line_ids[at]: int(at)
        for at in np.flatnonzero(rows)
        if found.as_of[at] <= resolved.get(found.line_ids[at], -1)
    }
    places = np.array([last.get(str(id), -1) for id in dataset.lines["id"]], dtype=np.int64)
    known = dataset.take(places >= 0)
    if not len(known):
        return None
    at = places[places >= 0]
    return Pair(
        known.lines, known.as_of, known.positive, known.random, found.challenger[at], found.champion[at]
    )
