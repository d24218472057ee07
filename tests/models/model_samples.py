"""A small trained model over real catalogue features, and a home to keep it in."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from features.schema import FeatureSpec
from features.terms import Direction
from models.bundle import store_bundle
from models.calibration import Platt
from models.keys import signing_key
from models.reference import Reference
from models.risk_model import RiskModel

NAMES = ("origin", "duty_rate", "log_value", "log_net_weight", "weekday", "net_to_gross")
CALIBRATIONS = {Direction.IMPORT: Platt(0.9, -0.3), Direction.EXPORT: Platt(1.2, 0.1)}


def rows(count: int, seed: int = 0) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(count, len(NAMES)))
    X[:, 0] = random.integers(0, 6, count)
    X[random.random(X.shape) < 0.1] = np.nan
    return X


@lru_cache(maxsize=8)
def model(seed: int = 0) -> RiskModel:
    X = rows(800, seed)
    y = np.nan_to_num(X[:, 2]) + (X[:, 0] == 3) > 0.3
    data = lgb.Dataset(X, y, categorical_feature=[0], params={"verbose": -1})
    booster = lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 8}, data, 6)
    reference = Reference.fit(
        np.linspace(0.01, 0.5, 200), ["import"] * 200, ["general"] * 150 + ["food"] * 50
    )
    spec = FeatureSpec(NAMES, {"origin": ("CN", "DE", "US", "JP")})
    return RiskModel("nonconforming", spec, booster, CALIBRATIONS, reference)


def kept(home: Path, seed: int = 0, *, passed: bool = True) -> str:
    """Keep a model in a home and return its fingerprint."""
    card = {"until": "2024-12-31", "seed": seed}
    return store_bundle(model(seed), home, {}, signing_key(home), gates={"passed": passed}, model_card=card)
