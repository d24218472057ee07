"""Settings of the server, read from variables that begin with CUSTOMS_RISK_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from features.settings import Settings
from models.spec import Target
from serving.errors import InvalidSetting
from serving.parameters import rule_zh


def _known(target: str) -> str:
    if target not in set(Target):
        raise PydanticCustomError("enum", "must be one of {expected}", {"expected": ", ".join(Target)})
    return target


class ServingSettings(Settings):
    """What an operator may set; `home` and `database_url` are the store's.

    Sizes are bytes, times seconds unless the name says days.
    """

    target: Annotated[str, AfterValidator(_known)] = "nonconforming"
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

    @classmethod
    def read(cls, **given: Any) -> Self:
        """Return what the environment sets, or an option `given`; raises InvalidSetting."""
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0])
            shown = f"--{name.replace('_', '-')}" if name in given else f"CUSTOMS_RISK_{name.upper()}"
            value = repr(first["input"])[:100]
            message, message_zh = f"{shown} {value}: {first['msg']}", f"{shown} {value}：{rule_zh(first)}"
            raise InvalidSetting(message, message_zh) from None
