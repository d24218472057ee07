"""Settings of the records: where the product's state lives and which database holds it."""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from CUSTOMS_RISK_HOME and CUSTOMS_RISK_DATABASE_URL, by commands and `create_app()` only."""

    model_config = SettingsConfigDict(env_prefix="CUSTOMS_RISK_", frozen=True, extra="ignore")

    home: Path = Path("var")
    """Folder of everything the product keeps: database, history segments, bundles, keys, runs."""

    database_url: str = ""
    """SQLAlchemy URL; a SQLite file in `home` unless given."""

    @model_validator(mode="before")
    @classmethod
    def _default_database(cls, values: dict[str, object]) -> dict[str, object]:
        if not values.get("database_url"):
            home = Path(str(values.get("home") or "var"))
            values = {**values, "database_url": f"sqlite:///{home / 'customs-risk.db'}"}
        return values
