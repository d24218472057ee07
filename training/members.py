"""The members of a mixture: what was declared, and all that is known."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from features.declaration import declared_features
from features.schema import FeatureSpec
from training.fit import Member

DECLARED = frozenset(feature.name for feature in declared_features())
"""Features that need nothing but the declaration itself."""

FINE = MappingProxyType(
    {
        "rounds": 400,
        "min_data_in_leaf": 5,
        "min_data_per_group": 5,
        "cat_smooth": 1.0,
        "cat_l2": 1.0,
        "lambda_l2": 1.0,
        "max_cat_threshold": 256,
        "max_depth": 8,
    }
)
"""Settings for codes alone: goods of one code and origin repeat, and small groups carry what is known."""


def members(spec: FeatureSpec) -> tuple[Member, ...]:
    """Return the views of a frame of this spec: declared fields in fine detail, and everything."""
    declared = np.flatnonzero([name in DECLARED for name in spec.names])
    everything = Member("all features", np.arange(len(spec.names)))
    return (Member("declared fields", declared, FINE), everything) if len(declared) else (everything,)
