"""Which way a value goes at a split, as LightGBM decides it."""

from __future__ import annotations

import numpy as np

from features.kernel import compiled
from models.tree_shap.program import NAN_LEFT, ZERO_LEFT, ZERO_MISSING

ZERO = float(np.float32(1e-35))
"""What LightGBM takes for zero, either side of it."""
LARGEST_CATEGORY = float(2**31)


@compiled(error_model="numpy", forceinline=True)
def in_categories(value, words, at, length):  # type: ignore[no-untyped-def]
    """Say whether a category is in the bit set words[at : at + length]; NaN, negative and unseen are not."""
    if not (-1.0 < value < LARGEST_CATEGORY):
        return False
    category = np.int64(value)
    word = category >> 5
    return word < length and (words[at + word] >> (category & 31)) & 1 == 1


@compiled(error_model="numpy", forceinline=True)
def number_goes_left(value, threshold, flags):  # type: ignore[no-untyped-def]
    """Decide a split on a number: zero may be missing, and NaN goes to the side it was learnt to take."""
    if flags & ZERO_MISSING and -ZERO <= value <= ZERO:
        return flags & ZERO_LEFT != 0
    return (value <= threshold) | (np.isnan(value) & (flags & NAN_LEFT != 0))
