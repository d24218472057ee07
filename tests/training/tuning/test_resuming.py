"""A search that was killed, ended by hand or short of time goes on as if it had not been, and says so."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from click.testing import CliRunner

from customs_risk import main
from features.store.database import Store
from models.spec import ModelSpec, Target
from training.fit import Table, boost
from training.period import Period
from training.tracking import Tracking
from training.tuning import CannotTune, Found, Interrupted, tune
from training.tuning.folds import InnerFold
from training.tuning.search import _Objective
from training.tuning.space import searched_settings, suggested
from training.workshop import Workshop

sys.path.insert(0, str(Path(__file__).parents[1]))

from small_port import SPEC, UNTIL

pytestmark = pytest.mark.xdist_group("two-versions")
PERIOD = Period.of_days(UNTIL, dt.date(2020, 9, 1))
QUICK = replace(SPEC, rounds=10)


class Killed(BaseException):
    """The process ends: nothing that a search does can see it."""


def ending(after: int, way: Callable[[], BaseException]) -> Callable[..., Any]:
    """Fit so many times, and then end by what `way` makes."""
    fitted: list[int] = []

    def boosted(table: Table, *told: Any, **more: Any) -> Any:
        fitted.append(1)
        if len(fitted) > after:
            raise way()
        return boost(table, *told, **more)

    return boosted


def settings_of(found: Found) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in searched_settings(found.spec)) for row in found.table]


def searched(shop: Workshop, home: Path, trials: int) -> Found:
    home.mkdir(exist_ok=True)
    return tune(Workshop(shop.store, home), QUICK, PERIOD, seconds=600, trials=trials)


def test_a_search_killed_in_its_first_trial_tries_the_defaults_all_the_same(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr("training.tuning.search.boost", ending(1, Killed))
        with pytest.raises(Killed):
            searched(shop, tmp_path / "killed", 1)
    found = searched(shop, tmp_path / "killed", 2)
    whole = searched(shop, tmp_path / "whole", 1)
    assert [row["state"] for row in found.table] == ["fail", "complete", "complete"]
    assert found.trials == 2, "one that died is no trial"
    assert found.default == whole.default == found.table[1]["mean_average_precision"]
    assert settings_of(found)[1] == settings_of(whole)[0]


def test_defaults_that_died_after_others_were_tried_are_told_from_their_own_trial(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a search of before left them: it had taken the first trial that came to its end for the defaults."""
    home = tmp_path / "before"
    with monkeypatch.context() as dying:
        dying.setattr("training.tuning.search.boost", ending(0, Killed))
        with pytest.raises(Killed):
            searched(shop, home, 1)
    storage = f"sqlite:///{home / 'tuning' / 'studies.db'}"
    [name] = optuna.get_all_study_names(storage)
    study = optuna.load_study(study_name=name, storage=storage)
    study.enqueue_trial(searched_settings(QUICK) | {"num_leaves": 5})
    trial = study.ask()
    suggested(trial)
    study.tell(trial, 0.99)
    found = searched(shop, home, 1)
    assert (found.default, found.value) == (searched(shop, tmp_path / "whole", 1).default, 0.99)


def test_a_search_in_four_runs_finds_what_one_run_of_four_finds_and_repeats_nothing(
    shop: Workshop, tmp_path: Path
) -> None:
    at_once = searched(shop, tmp_path / "once", 4)
    for _ in range(4):
        found = searched(shop, tmp_path / "by-and-by", 1)
    assert settings_of(found) == settings_of(at_once)
    assert len(set(settings_of(found))) == 4


def test_the_defaults_are_never_cut_short() -> None:
    class Behind(optuna.trial.FixedTrial):
        def should_prune(self) -> bool:
            return True

    random = np.random.default_rng(1)
    rows = np.arange(300)
    table = Table(random.normal(size=(300, 2)), random.random(300) < 0.3, ["a", "b"], [])
    folds = [InnerFold(rows < 100, (rows >= 100) & (rows < 200), rows >= 200)] * 2
    objective = _Objective(table, folds, QUICK)
    assert 0 < objective(Behind(searched_settings(QUICK))) < 1  # type: ignore[arg-type]
    with pytest.raises(optuna.TrialPruned):
        objective(Behind(searched_settings(QUICK) | {"num_leaves": 5}))  # type: ignore[arg-type]


def test_a_second_search_is_refused_before_it_prepares_anything(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepared(*_: object) -> None:
        with pytest.raises(CannotTune, match="another search holds"):
            tune(shop, QUICK, PERIOD, seconds=60, trials=1)
        raise CannotTune("the first prepares while it holds the lock")

    monkeypatch.setattr("training.tuning.search.prepare", prepared)
    with pytest.raises(CannotTune, match="the first prepares"):
        tune(shop, QUICK, PERIOD, seconds=60, trials=1)


def test_time_counts_from_the_start_and_is_said_to_be_over(shop: Workshop) -> None:
    with pytest.raises(CannotTune, match=r"preparations took \d.* of 0\.0 minutes .*no time is left"):
        tune(shop, QUICK, PERIOD, seconds=1e-6, trials=1)
    tune(shop, QUICK, PERIOD, seconds=600, trials=1)
    assert tune(shop, QUICK, PERIOD, seconds=1e-6, trials=1).trials == 1, "what was found before is told"


@pytest.fixture
def asked(shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Path]:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    out = tmp_path / "params.json"
    days = ["--until", str(UNTIL), "--test-from", "2020-09-01"]
    return ["tune", *days, "--trials", "4", "--out", str(out)], out


def test_a_search_ended_by_hand_writes_what_it_found_and_says_how_to_go_on(
    asked: tuple[list[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, out = asked
    monkeypatch.setattr("training.tuning.search.boost", ending(4, KeyboardInterrupt))
    ended = CliRunner().invoke(main, command)
    assert ended.exit_code == 130, ended.output
    assert "the trials are kept, and the same command goes on" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert json.loads(out.read_text())["trials"] == 1


def test_a_search_ended_before_its_defaults_were_tried_says_how_to_go_on(
    asked: tuple[list[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, out = asked
    monkeypatch.setattr("training.tuning.search.boost", ending(1, KeyboardInterrupt))
    ended = CliRunner().invoke(main, command)
    assert ended.exit_code == 2
    assert "ended by hand" in ended.stderr
    assert Interrupted.remedy in ended.stderr
    assert not out.exists()


def test_a_search_is_shown_as_a_run_with_its_trials_and_a_failing_mlflow_takes_nothing_from_it(
    asked: tuple[list[str], Path], shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, out = asked
    command[command.index("4")] = "1"
    assert CliRunner().invoke(main, command).exit_code == 0
    told = json.loads(out.read_text())
    [run] = Tracking(shop.home).runs("nonconforming", "tuning")
    assert run.metrics["mean_average_precision"] == told["mean_average_precision"]
    assert run.params["num_leaves"] == str(told["parameters"]["num_leaves"])
    assert run.tags["study"] == told["study"]
    assert set(run.files) == {"tuning/params.json", "tuning/trials.csv"}
    out.unlink()
    monkeypatch.setattr(Tracking, "log", ending(0, lambda: OSError("no room")))
    assert CliRunner().invoke(main, command).exit_code == 0
    assert out.exists()


@pytest.mark.parametrize(
    "command",
    [
        ["tune", "--out"], ["train", "--json"], ["drift", "--json"], ["drift", "--html"],
        ["evaluate", "--from", "2020-01-01", "--json"], ["compare", "a/1", "b/1", "--html"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["nowhere/x.json", "."])
def test_a_file_that_cannot_be_written_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], place: str
) -> None:
    monkeypatch.setattr(Store, "open", ending(0, Killed))
    refused = CliRunner().invoke(main, [*command, str(tmp_path / place)])
    assert refused.exit_code == 2, refused.output
    assert f"{command[-1]} {tmp_path}" in refused.stderr
    assert "Name a file that may be written to" in refused.stderr


def test_a_file_of_another_owner_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "drift.html"
    file.write_text("theirs")
    monkeypatch.setattr("training.commands.os.access", lambda path, _: path != file)
    monkeypatch.setattr(Store, "open", ending(0, Killed))
    refused = CliRunner().invoke(main, ["drift", "--html", str(file)])
    assert "it may not be written to" in refused.stderr
    assert file.read_text() == "theirs"


def test_settings_of_another_spec_begin_with_its_own_defaults(shop: Workshop) -> None:
    first = tune(shop, QUICK, PERIOD, seconds=600, trials=1)
    other = tune(shop, replace(QUICK, num_leaves=6), PERIOD, seconds=600, trials=1)
    assert other.study == first.study
    assert settings_of(other)[1] == tuple(searched_settings(replace(QUICK, num_leaves=6)).values())
    assert other.default == other.table[1]["mean_average_precision"]


def test_the_target_of_a_search_is_told_to_train(
    asked: tuple[list[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ModelSpec(target=Target.CRITICAL)
    found = Found(spec, 0.5, 0.4, 1, 0, "critical …", [{"trial": 0}])
    monkeypatch.setattr("training.tuning.command.tune", lambda *_, **__: found)
    said = CliRunner().invoke(main, [*asked[0], "--target", "critical"])
    assert "customs-risk train --target critical --params" in said.output
