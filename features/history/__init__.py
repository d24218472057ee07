"""The as-of history: counts of what was known before any instant, as sorted numbers (see docs/time.md)."""

from features.history.errors import HistoryError, KeyCollision, UnusableSegment
from features.history.history import History
from features.history.state import Counts

__all__ = ["Counts", "History", "HistoryError", "KeyCollision", "UnusableSegment"]
