"""Whether a new model may replace the old one, by evidence from lines that neither learned from."""

from __future__ import annotations

from training.compare.comparison import Comparison, Named, compare, compare_pair
from training.compare.pair import Pair

__all__ = ["Comparison", "Named", "Pair", "compare", "compare_pair"]
