from collections.abc import Iterator
from pathlib import Path

import pytest

from features.errors import UnreadableFile
from features.instants import parse_instant
from features.records import Declaration
from features.settings import Settings
from features.terms import Direction
from features.values import use_rates, value_cny

LINE = Declaration(
    id="l-1",
    happened_at=parse_instant("2026-03-04"),
    direction=Direction.IMPORT,
    hs_code="8516600000",
    currency="USD",
    total_price=100.0,
    terms="1",
)


@pytest.fixture(autouse=True)
def _shipped_rates_again() -> Iterator[None]:
    yield
    use_rates(None)


def test_an_authoritys_rates_replace_the_shipped_ones(tmp_path: Path) -> None:
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,valid_from,cny_per_unit\nUSD,2026-03-01,5.5\n", encoding="utf-8")
    Settings(home=tmp_path, exchange_rates=rates).prepare()
    assert value_cny(LINE) == pytest.approx(550.0)


def test_rates_that_cannot_be_read_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"no-such\.csv"):
        Settings(home=tmp_path, exchange_rates=tmp_path / "no-such.csv").prepare()


def test_the_database_stands_in_home_unless_named(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).database_url == f"sqlite:///{tmp_path / 'customs-risk.db'}"
    assert Settings(home=tmp_path, database_url="sqlite:///other.db").database_url == "sqlite:///other.db"
