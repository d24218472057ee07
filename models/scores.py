"""What a score is: a calibrated probability and the contributions that add up to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


class RiskGrade(StrEnum):
    """Grades of risk, the gravest first; what they mean is the grading policy's to say."""

    I = "I"  # noqa: E741
    II = "II"
    III = "III"
    IV = "IV"


class Colour(StrEnum):
    """The colours that grades are shown in, the gravest first."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"


class Contribution(msgspec.Struct, frozen=True, gc=False):
    """What one feature adds to a line's calibrated log-odds; `value` is the feature's, None where missing."""

    feature: str
    family: str
    value: float | None
    log_odds: float


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """Scores of n lines over k features, with their exact explanation.

    base: float64 (n,) log-odds before any feature; contributions: float64 (n, k) in log-odds; log_odds:
    float64 (n,) calibrated, base + contributions.sum(axis=1) by construction; probability: its sigmoid.
    """

    base: NDArray[np.float64]
    contributions: NDArray[np.float64]
    log_odds: NDArray[np.float64]
    probability: NDArray[np.float64]

    def row(self, index: int) -> tuple[float, NDArray[Any], float, float]:
        """Return base, contributions, log-odds and probability of one line."""
        return (
            float(self.base[index]),
            self.contributions[index],
            float(self.log_odds[index]),
            float(self.probability[index]),
        )
