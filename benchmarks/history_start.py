"""How a history of many stored lines starts, shares memory, follows and is compacted; a part of `history`."""

from __future__ import annotations

from typing import Any
PARTS: dict[str, Any] = {}
