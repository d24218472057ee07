"""Settings of the records: where the product's state lives and which database holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from features.values import read_rates, use_rates


class Settings(BaseSettings):
    """Read from variables that begin with CUSTOMS_RISK_, by commands and `create_app()` only."""

    model_config = SettingsConfigDict(env_prefix="CUSTOMS_RISK_", frozen=True, extra="ignore")

    home: Path = Path("var")
    """Folder of everything the product keeps: database, history segments, bundles, keys, runs."""

    database_url: str = ""
    """SQLAlchemy URL; a SQLite file in `home` unless given."""

    exchange_rates: Path | None = None
    """CSV of rates in place of the shipped ones: currency, valid_from, cny_per_unit."""

    def prepare(self) -> Self:
        """Make the home folder and put the exchange rates in force; once, when a command begins.

        Raises UnreadableFile when the rates cannot be read.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        if self.exchange_rates is not None:
            use_rates(read_rates(self.exchange_rates))
        return self

    @model_validator(mode="before")
    @classmethod
    def _default_database(cls, values: dict[str, object]) -> dict[str, object]:
        if not values.get("database_url"):
            home = Path(str(values.get("home") or "var"))
            values = {**values, "database_url": f"sqlite:///{home / 'customs-risk.db'}"}
        return values
