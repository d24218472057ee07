"""Lines that neither of two models learned from, and what each would have said of them when declared."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.facts import KnownHistory
from features.instants import show_instant
from features.lines import Lines
from models.risk_model import RiskModel
from training.champion import learned_until
from training.clusters import Clusters
from training.dataset import Dataset
from training.errors import TrainingError
from training.judge import probability_of

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NO_CLUSTERS = Clusters.alone(0)


class NothingLater(TrainingError):
    """Two models without a single line with a result that is later than both trainings."""

    title = "Nothing to compare on"
    title_zh = "没有可供比较的后续数据"
    remedy = (
        "Where only the challenger learned too late, train it with --test-from. Where the champion did, let "
        "the challenger run in shadow (customs-risk shadow NAME/VERSION) until later results are known."
    )
    remedy_zh = (
        "仅候选模型学习过晚时，请用 --test-from 重新训练；现行模型如此时，请先用 customs-risk shadow "
        "NAME/VERSION 影子运行候选模型，待后续结果产生后再比较。"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """n lines with their outcomes, and both models' probabilities of them as of each line's own instant.

    `ours` is the challenger's, `theirs` the champion's; `random` marks the lines drawn at random, and
    `reasons`, where known, say why each line was inspected. `clusters` are the lines' consignees unless told.
    """

    lines: Lines
    as_of: NDArray[np.int64]
    positive: Mask
    random: Mask
    ours: Floats
    theirs: Floats
    reasons: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    clusters: Clusters = NO_CLUSTERS

    def __post_init__(self) -> None:
        """Number the lines' consignees, once for all parts that are taken."""
        if self.clusters is NO_CLUSTERS:
            object.__setattr__(self, "clusters", Clusters.by_consignee(self.lines))

    def __len__(self) -> int:
        return len(self.as_of)

    def take(self, rows: Mask) -> Pair:
        """Return the lines of a mask."""
        return Pair(
            self.lines.take(rows), self.as_of[rows], self.positive[rows], self.random[rows], self.ours[rows],
            self.theirs[rows], self.reasons[rows] if len(self.reasons) else self.reasons,
            self.clusters.take(rows),
        )  # fmt: skip


def later_pair(dataset: Dataset, history: KnownHistory, challenger: RiskModel, champion: RiskModel) -> Pair:
    """Score by both models the labelled lines declared after both had finished learning.

    Raises NothingLater where there is none.
    """
    learned = {"the challenger": learned_until(challenger), "the champion": learned_until(champion)}
    last = max(learned.values())
    rows = dataset.take(dataset.lines["happened_at"] > last)
    if not len(rows):
        who = " and ".join(role for role, until in learned.items() if until == last)
        day = show_instant(last)[:10]
        raise NothingLater(f"{who} learned until {day}: {dataset.nothing_since(last)}")
    ours, theirs = (
        probability_of(model, rows.lines, history, rows.as_of) for model in (challenger, champion)
    )
    return Pair(
        rows.lines, rows.as_of, rows.positive, rows.random, ours, theirs, rows.reasons,
    )  # fmt: skip
