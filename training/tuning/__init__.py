"""Searching the settings of a model on folds in time that lie before its test."""

from __future__ import annotations

from training.tuning.search import Found, read_parameters, tune

__all__ = ["Found", "read_parameters", "tune"]
