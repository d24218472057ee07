"""Exact path-dependent SHAP values of a LightGBM booster, by quadrature over its trees."""

from __future__ import annotations

from models.tree_shap.shap import TreeShap
from models.tree_shap.structure import AnyBooster, model_text

__all__ = ["AnyBooster", "TreeShap", "model_text"]
