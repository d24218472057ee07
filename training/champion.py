"""What the champion would have said of the lines that a candidate is tested on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.facts import KnownHistory
from features.frame import build_frame
from features.store.database import Store
from features.text import TEXT_VERSION
from models import promotions
from models.risk_model import RiskModel
from training.dataset import Dataset

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ChampionScores:
    """The champion, and its probabilities of the lines at `rows` (a mask over the dataset) it never saw."""

    rows: Mask
    probability: Floats
    model: RiskModel
    version: str


def champion_scores(
    store: Store, home: Path, dataset: Dataset, history: KnownHistory, test: Mask
) -> ChampionScores | None:
    """Score the test lines declared after the champion's training; None without champion or such lines.

    A champion of another text version can no longer be asked.
    """
    promotion = promotions.champion(store.engine, dataset.target)
    if promotion is None:
        return None
    model = promotions.load_promoted(home, promotion)
    rows = test & (dataset.lines["happened_at"] > learned_until(model))
    if not rows.any() or model.feature_spec.text_version != TEXT_VERSION:
        return None
    lines = dataset.lines.take(rows)
    frame = build_frame(lines, history, dataset.as_of[rows], model.feature_spec)
    probability = model.probability(model.check_frame(frame), [str(way) for way in lines["direction"]])
    return ChampionScores(rows, probability, model, promotion.version)


def learned_until(model: RiskModel) -> int:
    """Return the last declaration that taught or calibrated a model, from its card."""
    return int(model.card["period"]["learned_until"])
