"""The members of a mixture: three views of the same rows, from the declared codes to all that is known.

Each is held back as its columns need. Codes alone may be split finely, as goods of one code and origin
repeat. Everything together is held back most: hundreds of columns and few failures find chance, and
inspected lines were chosen, so that a code tells whom officers looked at.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from features.catalog import CATALOG
from features.declaration import declared_features
from features.schema import FeatureSpec
from training.fit import Member

DECLARED = frozenset(feature.name for feature in declared_features())
"""Features that need nothing but the declaration itself."""

CODES = frozenset(
    {name for name in DECLARED if CATALOG[name].dtype is str} - {"hs2", "regime"}
    | {"duty_rate", "log_value", "log_net_weight", "log_value_per_kg"}
)
"""What was declared, as codes and amounts; what only repeats these gives chance one more try."""

GOODS = frozenset(
    {"hs4", "hs6", "hs10", "origin", "hs4_origin", "hs10_origin", "route", "hs10_unit", "hs10_origin_unit"}
)
"""Entities that are goods and ways, not enterprises."""

FINE = MappingProxyType(
    {
        "seeds": 1,
        "stop_by_loss": False,
        "rounds": 600,
        "early_stopping_rounds": 200,
        "least_rounds": 1,
        "learning_rate": 0.05,
        "num_leaves": 64,
        "max_depth": -1,
        "min_data_in_leaf": 10,
        "lambda_l2": 0.0,
        "feature_fraction": 1.0,
        "feature_fraction_bynode": 0.6,
        "bagging_fraction": 1.0,
        "cat_smooth": 10.0,
        "cat_l2": 10.0,
        "min_data_per_group": 100,
        "max_cat_threshold": 32,
        "max_bin": 1023,
        "extra_trees": False,
    }
)
"""Settings for codes and amounts: unpenalised leaves and fine bins, so that a few like lines may speak."""

MIDDLE = MappingProxyType(
    {
        "seeds": 1,
        "stop_by_loss": False,
        "rounds": 600,
        "early_stopping_rounds": 80,
        "least_rounds": 40,
        "learning_rate": 0.05,
        "num_leaves": 31,
        "max_depth": 8,
        "min_data_in_leaf": 40,
        "lambda_l2": 0.0,
        "feature_fraction": 0.7,
        "cat_smooth": 20.0,
        "cat_l2": 10.0,
        "min_data_per_group": 100,
        "max_cat_threshold": 32,
        "extra_trees": False,
    }
)
"""Settings for codes and what became of such goods before."""


def members(spec: FeatureSpec) -> tuple[Member, ...]:
    """Return the views of a frame of this spec; the last, everything, has the model's own settings."""
    codes = np.array([name in CODES for name in spec.names])
    goods = np.array([name in DECLARED for name in spec.names]) | np.array(
        [_of_goods(name) for name in spec.names]
    )
    everything = Member("all features", np.arange(len(spec.names)))
    views = [("codes and amounts", codes, FINE), ("goods and ways", goods, MIDDLE)]
    return (*(Member(name, _at(mask), settings) for name, mask, settings in views if mask.any()), everything)


def _of_goods(name: str) -> bool:
    counted = CATALOG[name].counted
    return counted is not None and counted.entity in GOODS


def _at(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.flatnonzero(mask)
