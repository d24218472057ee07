"""What a model is trained to: its target and the LightGBM settings of its booster."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Target(StrEnum):
    """What is predicted of a line, given that it is inspected at the usual depth."""

    NONCONFORMING = "nonconforming"
    CRITICAL = "critical"


class Handling(StrEnum):
    """What training does about inspected lines not being like the others."""

    AS_FOUND = "as_found"
    """Nothing: probabilities speak of inspected lines."""
    CALIBRATED = "calibrated"
    """Calibration speaks of every line, by the chance of being chosen and reasons nobody recorded."""
    WEIGHTED = "weighted"
    """Besides, trees are fitted to lines weighted alike."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Target and settings of one model; immutable, so that a run is told by its spec and its data."""

    target: Target = Target.NONCONFORMING
    selection: Handling = Handling.CALIBRATED
    rounds: int = 400
    early_stopping_rounds: int = 40
    """Trees after the best number, as the stop fold tells it, until a fit is not continued."""
    least_rounds: int = 80
    """Fewest trees, whatever the stop fold says: with few failures chance stops a fit after a handful."""
    stop_by_loss: bool = True
    """The stop fold asks, by the mean margins of the first two fits, for the fewest trees whose log loss is
    the lowest within one standard error, or that rank it no worse; else for as many as rank it best in the
    first."""
    learning_rate: float = 0.04
    num_leaves: int = 8
    max_depth: int = 4
    min_data_in_leaf: int = 50
    lambda_l2: float = 5.0
    feature_fraction: float = 1.0
    feature_fraction_bynode: float = 1.0
    bagging_fraction: float = 0.8
    cat_smooth: float = 200.0
    cat_l2: float = 100.0
    min_data_per_group: int = 200
    max_cat_threshold: int = 8
    max_bin: int = 255
    extra_trees: bool = True
    """A split tries one threshold of each column, drawn, so that the one that fits chance best is rare: so in
    the first of a member's fits and every other one after it."""
    half_life_days: int = 365
    """A row teaches half as much for each so many days that it is older than the newest; 0: all alike."""
    seed: int = 1
    seeds: int = 4
    """Fits of a member, each with its own draw of rows and thresholds, whose margins are averaged."""
    threads: int = 0
    """0 leaves the number of threads to OpenMP."""

    def parameters(self) -> dict[str, Any]:
        """Return LightGBM's parameters; deterministic for a number of threads and a seed."""
        settings = asdict(self)
        for ours in (
            "target",
            "selection",
            "rounds",
            "early_stopping_rounds",
            "least_rounds",
            "stop_by_loss",
            "seeds",
            "threads",
            "half_life_days",
        ):
            settings.pop(ours)
        return {
            "objective": "binary",
            "metric": "binary_logloss" if self.stop_by_loss else "average_precision",
            "bagging_freq": 1,
            "num_threads": self.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            **settings,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return every setting as JSON values."""
        return {**asdict(self), "target": str(self.target), "selection": str(self.selection)}
