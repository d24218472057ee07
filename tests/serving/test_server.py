"""The command `serve`: what it refuses, and what it never loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from features.store.database import Store
from models.bundle import bundles_folder
from serving.errors import CannotStart
from serving.server import prepare
from serving.settings import ServingSettings

PROGRAM = """
import sys
import customs_risk
for name in ("serve", "score", "replay", "tokens"):
    assert customs_risk.main.get_command(None, name)
import serving.app, serving.server, serving.scoring_command, serving.replay
serving.app.create_app()
loaded = {name.split(".")[0] for name in sys.modules}
print(*sorted(loaded & {"training", "mlflow", "sklearn", "shap", "matplotlib", "httpx"}))
"""


def test_serving_loads_neither_training_nor_mlflow(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (ran.returncode, ran.stdout.split()) == (0, []), ran.stderr


def test_a_server_without_a_model_does_not_start_unless_told_to(tmp_path: Path) -> None:
    settings = ServingSettings(home=tmp_path)
    with pytest.raises(CannotStart, match="no model is in use"):
        prepare(settings, without_model=False)
    prepare(settings, without_model=True)


def test_the_first_start_declares_the_store_live_once(settings: ServingSettings) -> None:
    since = []
    for _ in range(2):
        prepare(settings, without_model=False)
        store = Store.open(settings.database_url)
        since.append(store.head().live_since)
        store.close()
    assert since[0] is not None
    assert since[0] == since[1]


def test_several_workers_do_not_share_a_file(settings: ServingSettings) -> None:
    with pytest.raises(CannotStart, match="2 workers"):
        prepare(settings.model_copy(update={"workers": 2}), without_model=False)


def test_a_server_whose_model_was_altered_does_not_start(settings: ServingSettings) -> None:
    card = next(bundles_folder(settings.home).glob("*/model_card.json"))
    card.write_text("{}")
    with pytest.raises(CannotStart, match="altered"):
        prepare(settings, without_model=False)
