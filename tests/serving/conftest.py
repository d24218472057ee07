"""Fixtures of a small port and the real application over it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.settings import ServingSettings

sys.path.insert(0, str(Path(__file__).parent))

from serving_port import client_of, declared, fill, settings_of, train_champion


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The home of a small port, made once; tests work on copies."""
    home = tmp_path_factory.mktemp("port")
    return home, fill(f"sqlite:///{home / 'customs-risk.db'}", home)


@pytest.fixture
def home(filled: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    """A small port of the test's own."""
    return Path(shutil.copytree(filled[0], tmp_path / "home"))


@pytest.fixture(scope="session")
def tokens(filled: tuple[Path, dict[str, str]]) -> dict[str, str]:
    """Tokens of the port by name."""
    return filled[1]


@pytest.fixture(scope="session", autouse=True)
def _tried_in_process() -> Iterator[None]:
    """Spare each start the process that tries a bundle; the test of taking up a model asks for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.champions.try_bundle", lambda folder, home: {})
        yield


@pytest.fixture
def settings(home: Path) -> ServingSettings:
    """Settings of a server on the test's port."""
    return settings_of(home)


@pytest.fixture
def start(settings: ServingSettings, tokens: dict[str, str]) -> Iterator[Callable[..., TestClient]]:
    """Start the application, again if asked twice; clients carry a token with every scope but admin."""
    with ExitStack() as running:
        yield lambda **changes: running.enter_context(client_of(settings.model_copy(update=changes), tokens))


@pytest.fixture(scope="module")
def client(
    filled: tuple[Path, dict[str, str]], tokens: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """The application on a port that the tests of one file share."""
    home = Path(shutil.copytree(filled[0], tmp_path_factory.mktemp("shared") / "home"))
    with client_of(settings_of(home), tokens) as shared:
        yield shared


@pytest.fixture
def line() -> Callable[..., dict[str, Any]]:
    """Make declaration lines as a caller sends them."""
    return declared


@pytest.fixture
def train() -> Callable[..., str]:
    """Train and promote another model on a port."""
    return train_champion
