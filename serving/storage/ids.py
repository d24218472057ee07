"""Ids that grow with time: UUID version 7 in hexadecimal, in order within a process."""

from __future__ import annotations

import os
import threading

from features.instants import Instant

_lock = threading.Lock()
_last = 0
_LOW = (1 << 62) - 1


def new_id(at: Instant) -> str:
    """Return a new id for an instant; later ids of this process are greater."""
    global _last  # noqa: PLW0603 - the one memory that keeps ids in order
    random = int.from_bytes(os.urandom(10))
    drawn = at // 1_000 << 80 | 7 << 76 | (random >> 68) << 64 | 2 << 62 | random & _LOW
    with _lock:
        _last = max(drawn, _last + 1)
        return f"{_last:032x}"
