"""Settings of the server, read from variables that begin with CUSTOMS_RISK_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from features.settings import Settings


class ServingSettings(Settings):
    """What an operator may set; `home` and `database_url` are the store's.

    Sizes are bytes, times seconds unless the name says days.
    """

    target: str = "nonconforming"
    grading_policy: Path | None = None
    """An authority's own grading policy (TOML) in place of the shipped one."""
    body_limit: int = Field(default=5_000_000, ge=1_000)
    batch_limit: int = Field(default=1_000, ge=1)
    champion_poll_seconds: float = Field(default=1.0, gt=0)
    token_memory_seconds: float = Field(default=2.0, ge=0)
    stale_model_days: int = Field(default=180, ge=1)
    percentile_days: int = Field(default=90, ge=1)
    percentile_enough: int = Field(default=1_000, ge=1)
    answers_kept_days: int = Field(default=7, ge=1)
    workers: int = Field(default=1, ge=1)
