from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from features.values import read_rates, use_rates


@pytest.fixture
def rates(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Put exchange rates in force for a test, as rows of their file."""

    def put(*rows: str) -> None:
        path = tmp_path / "rates.csv"
        path.write_text("\n".join(["currency,valid_from,cny_per_unit", *rows]), "utf-8")
        use_rates(read_rates(path))

    yield put
    use_rates(None)
