"""A small port with two registered versions, of which the first is champion; made once, copied by tests."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.store.database import Store
from training.period import Period
from training.pipeline import retrain
from training.promote import promote_first
from training.workshop import Workshop

sys.path.insert(0, str(Path(__file__).parent))

from small_port import SPEC, UNTIL, port


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a port with nonconforming/1, champion, and nonconforming/2; neither saw September on."""
    home = tmp_path_factory.mktemp("two-versions")
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    store.migrate()
    store.append(list(port()), imported=True)
    workshop = Workshop(store, home)
    for period in (
        Period.of_days(dt.date(2020, 6, 30)),
        Period.of_days(UNTIL, dt.date(2020, 9, 1)),
    ):
        promote_first(store, home, retrain(workshop, SPEC, period).version)
    store.close()
    return home


@pytest.fixture
def shop(two_versions: Path, tmp_path: Path) -> Iterator[Workshop]:
    """A workshop of the test's own, with both versions."""
    home = Path(shutil.copytree(two_versions, tmp_path / "home"))
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    yield Workshop(store, home)
    store.close()
