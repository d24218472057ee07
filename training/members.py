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
from features.feature import Aggregate
from features.schema import FeatureSpec
from training.fit import Member

DECLARED = frozenset(feature.name for feature in declared_features())
"""Features that need nothing but the declaration itself."""

GOODS = frozenset({"hs4", "hs6", "hs10", "origin", "hs4_origin", "hs10_origin", "route"})
"""Entities that are goods and ways, not enterprises."""

FINE = MappingProxyType(
    {
        "rounds": 600,
        "learning_rate": 0.05,
        "num_leaves": 31,
        "max_depth": 8,
        "min_data_in_leaf": 5,
        "lambda_l2": 1.0,
        "feature_fraction": 0.7,
        "cat_smooth": 1.0,
        "cat_l2": 1.0,
        "min_data_per_group": 5,
        "max_cat_threshold": 256,
    }
)
"""Settings for codes alone."""

MIDDLE = MappingProxyType(
    {
        "learning_rate": 0.05,
        "num_leaves": 31,
        "max_depth": 8,
        "min_data_in_leaf": 40,
        "feature_fraction": 0.7,
        "cat_smooth": 20.0,
        "cat_l2": 10.0,
        "min_data_per_group": 100,
        "max_cat_threshold": 32,
    }
)
"""Settings for codes and what became of such goods before."""


def members(spec: FeatureSpec) -> tuple[Member, ...]:
    """Return the views of a frame of this spec; the last, everything, has the model's own settings."""
    declared = np.array([name in DECLARED for name in spec.names])
    goods = declared | np.array([_of_goods(name) for name in spec.names])
    everything = Member("all features", np.arange(len(spec.names)))
    views = [("declared fields", declared, FINE), ("goods and ways", goods, MIDDLE)]
    return (*(Member(name, _at(mask), settings) for name, mask, settings in views if mask.any()), everything)


def _of_goods(name: str) -> bool:
    source = CATALOG[name].source
    return isinstance(source, Aggregate) and source.entity in GOODS


def _at(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.flatnonzero(mask)
