"""What a model expects of inspected lines, once it is known that somebody chose them.

Probabilities of a model corrected for selection speak of any line. Chosen lines fail more often than that,
as whoever chose them saw more; results can be held only against what is expected of lines so chosen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.terms import Selection
from models.calibration import log_odds_of, sigmoid
from models.risk_model import RiskModel

Floats = NDArray[np.float64]

UNCHOSEN = (str(Selection.RANDOM), str(Selection.STATUTORY))


def lift_of(model: RiskModel) -> float:
    """Return by how much being chosen raised log-odds on average where the model was calibrated."""
    return float(model.card.get("selection", {}).get("lift", 0.0))


def given_chosen(model: RiskModel, probability: Floats, reasons: NDArray[np.object_]) -> Floats:
    """Return probabilities (n,) given why each line was inspected; as they are where that is not known."""
    lift = lift_of(model)
    if not lift or len(reasons) != len(probability):
        return probability
    chosen = ~np.isin(reasons, UNCHOSEN)
    return np.where(chosen, sigmoid(log_odds_of(probability) + lift), probability)
