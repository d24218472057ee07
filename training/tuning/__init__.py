"""Searching the settings of a model on folds in time that lie before its test."""

from __future__ import annotations

from training.tuning.errors import CannotTune, Interrupted
from training.tuning.found import Found
from training.tuning.parameters import BadSettings, OtherTarget, Parameters, read_parameters
from training.tuning.search import tune

__all__ = [
    "BadSettings", "CannotTune", "Found", "Interrupted", "OtherTarget", "Parameters", "read_parameters",
    "tune",
]  # fmt: skip
