"""What each setting of a model may be, and where within that a search looks: said once for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.spec import ModelSpec

LARGEST = 2**31 - 1
"""The largest whole number that LightGBM reads."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the largest that a setting may be; `above` leaves the least itself out.

    `searched` is the part that a search draws from, evenly or, where `log`, evenly in logarithms.
    """

    least: float
    largest: float = LARGEST
    above: bool = False
    searched: tuple[float, float] | None = None
    log: bool = False

    def hold(self, value: float) -> bool:
        """Say whether a value lies within; infinity and what is no number never do."""
        above = value > self.least if self.above else value >= self.least
        return above and value <= self.largest

    def __str__(self) -> str:
        beginning = "above" if self.above else "at least"
        return f"{beginning} {self.least:,} and at most {self.largest:,}"


LIMITS: dict[str, Limits] = {
    "learning_rate": Limits(0, 1, above=True, searched=(0.02, 0.15), log=True),
    "num_leaves": Limits(2, 131_072, searched=(4, 32)),
    "max_depth": Limits(-1, searched=(3, 8)),
    "min_data_in_leaf": Limits(0, searched=(10, 200), log=True),
    "lambda_l2": Limits(0, searched=(0.1, 20.0), log=True),
    "feature_fraction": Limits(0, 1, above=True, searched=(0.15, 1.0)),
    "bagging_fraction": Limits(0.1, 1, searched=(0.5, 1.0)),  # less leaves few records without a row
    "cat_smooth": Limits(0, searched=(5.0, 300.0), log=True),
    "cat_l2": Limits(0, searched=(1.0, 200.0), log=True),
    "max_cat_threshold": Limits(1, searched=(4, 32)),
    "feature_fraction_bynode": Limits(0, 1, above=True),
    "min_data_per_group": Limits(1),
    "max_bin": Limits(2, 65_535),
    "rounds": Limits(1),
    "early_stopping_rounds": Limits(1),
    "least_rounds": Limits(0),
    "half_life_days": Limits(0),
    "seeds": Limits(1),
}
"""Limits of every number of a spec that a file may set: LightGBM's where the setting is LightGBM's. The parts
searched are those in which small, held-back trees lie; their order is that in which a trial draws them.
"""


def suggested(trial: Any) -> dict[str, Any]:
    """Return the settings of a trial."""
    return {
        name: _drawn(trial, name, limits, limits.searched)
        for name, limits in LIMITS.items()
        if limits.searched is not None
    }


def _drawn(trial: Any, name: str, limits: Limits, searched: tuple[float, float]) -> int | float:
    low, high = searched
    if isinstance(getattr(ModelSpec(), name), int):
        return int(trial.suggest_int(name, int(low), int(high), log=limits.log))
    return float(trial.suggest_float(name, low, high, log=limits.log))


def searched_settings(spec: ModelSpec) -> dict[str, Any]:
    """Return what a spec says of the settings that are searched."""
    told = spec.to_dict()
    return {name: told[name] for name, limits in LIMITS.items() if limits.searched is not None}
