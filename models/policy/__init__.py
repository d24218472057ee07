"""Policy as data: what an authority decides, and may replace without touching the code."""

from __future__ import annotations

from models.policy.changes import Change, ChangePolicy, change_policy

__all__ = ["Change", "ChangePolicy", "change_policy"]
