"""A new bundle is tried in a process of its own first: what is malformed can kill that one only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.bundle import read_bundle
from models.errors import BundleError, ModelsError
from models.hazards import HazardModel
from models.keys import public_keys
from models.risk_model import RiskModel

TOLERANCE = 1e-9
_ROWS = 64
_PACKAGES = Path(__file__).resolve().parent.parent


def try_bundle(folder: Path, home: Path, *, timeout: float = 120.0) -> dict[str, Any]:
    """Load and score a bundle in a subprocess, with the keys trusted under `home`; return what it found.

    The result names `fingerprint`, `rows` scored, the largest `additivity` error in log-odds, and the largest
    difference from LightGBM's own scores. Raises BundleError where the process fails, dies or takes too long.
    """
    command = [sys.executable, "-m", "models.trial", str(folder), str(home)]
    paths = os.pathsep.join([str(_PACKAGES), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BundleError(f"{folder} was not ready after {timeout:.0f} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"]
        raise BundleError(f"{folder} cannot be used: {said[-1]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def examine(model: RiskModel) -> dict[str, Any]:
    """Score rows drawn around the model's own thresholds and compare sum, leaves and LightGBM's scores.

    Raises ModelsError where base plus contributions miss LightGBM's score by more than 1e-9 log-odds.
    """
    from lightgbm import Booster

    X = _rows(model)
    margin = np.asarray(Booster(model_str=model.text).predict(X, raw_score=True, num_threads=1))
    sums = model.tree_shap.expected_value + model.tree_shap.values(X).sum(axis=1)
    additivity = float(np.max(np.abs(sums - margin), initial=0.0))
    if not additivity <= TOLERANCE * max(1.0, float(np.abs(margin).max(initial=0.0))):
        raise ModelsError(
            f"contributions miss the score by {additivity:.2g} log-odds; {TOLERANCE} is allowed"
        )
    _examine_hazards(model.hazards, X)
    return {"fingerprint": model.fingerprint, "rows": len(X), "additivity": additivity}


def _examine_hazards(hazards: HazardModel, X: NDArray[np.float64]) -> None:
    """Compare the hazards' trees, too, with LightGBM's own scores."""
    from lightgbm import Booster

    if hazards.tree_shap is None:
        return
    told = np.asarray(Booster(model_str=hazards.text).predict(X, raw_score=True, num_threads=1))
    error = float(np.max(np.abs(hazards.tree_shap.margins(X) - told), initial=0.0))
    if not error <= TOLERANCE * max(1.0, float(np.abs(told).max(initial=0.0))):
        raise ModelsError(f"the hazards' trees miss LightGBM's score by {error:.2g}; {TOLERANCE} is allowed")


def _rows(model: RiskModel) -> NDArray[np.float64]:
    random = np.random.default_rng(0)
    X = random.choice([0.0, 1.0, 2.0, 5.0, 30.0, -3.0, np.nan], size=(_ROWS, model.tree_shap.n_features))
    return X * random.lognormal(0.0, 2.0, size=X.shape).round(3)


def _main(folder: str, home: str) -> int:
    try:
        found = examine(read_bundle(Path(folder), public_keys(Path(home))))
    except ModelsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
