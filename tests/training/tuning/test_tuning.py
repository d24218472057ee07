"""Settings are searched before the test, go on where they were, and come to `train` as a file."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from optuna.trial import TrialState, create_trial

from customs_risk import main
from features.instants import DAY
from models.spec import ModelSpec, Target
from training.dataset import Dataset, build_dataset
from training.errors import TooFewResults
from training.fit import Table, boost
from training.period import Period
from training.pipeline import examined
from training.split import split_out_of_time
from training.tuning import BadSettings, CannotTune, read_parameters, tune
from training.tuning.folds import inner_folds
from training.tuning.search import _said
from training.workshop import Workshop

sys.path.insert(0, str(Path(__file__).parents[1]))

from named_port import END, Records
from named_port import port as named_port
from small_port import SPEC, UNTIL

pytestmark = pytest.mark.xdist_group("two-versions")
PERIOD = Period.of_days(UNTIL, dt.date(2020, 9, 1))


def test_every_fold_is_judged_later_and_none_sees_the_test(shop: Workshop) -> None:
    dataset = build_dataset(shop.store, Target.NONCONFORMING, PERIOD.until)
    folds = split_out_of_time(dataset, test_from=PERIOD.test_from)
    declared = dataset.lines["happened_at"]
    for fold in inner_folds(dataset, folds.before_test):
        assert declared[fold.fit].max() < declared[fold.stop].min()
        assert max(dataset.resolved_at[fold.fit | fold.stop]) < declared[fold.judge].min()
        assert not (fold.judge & folds.test).any()
        assert not (fold.fit & fold.judge).any()


def test_no_fold_learns_from_a_result_that_came_only_after_its_judging_began(shop: Workshop) -> None:
    """Some results are slower than usual by far, among them of lines that are old enough."""
    usual = build_dataset(shop.store, Target.NONCONFORMING, PERIOD.until)
    slow = np.arange(len(usual)) % 7 == 0
    dataset = replace(usual, resolved_at=usual.resolved_at + np.where(slow, 60 * DAY, 0))
    before = np.ones(len(dataset), dtype=bool)
    for fold in inner_folds(dataset, before):
        learnt, begin = fold.fit | fold.stop, dataset.lines["happened_at"][fold.judge].min()
        assert (dataset.resolved_at[learnt] < begin).all()
        assert slow[learnt].any(), "those that were known in time teach"
        old = dataset.as_of < begin - dataset.delay
        assert (old & ~learnt & slow).any(), "and some were not"


def test_a_search_goes_on_where_it_was_and_is_never_worse_than_the_defaults(shop: Workshop) -> None:
    spec = replace(SPEC, rounds=15)
    first = tune(shop, spec, PERIOD, seconds=60, trials=2)
    again = tune(shop, spec, PERIOD, seconds=60, trials=1)
    assert (first.trials, again.trials) == (2, 3)
    assert again.value >= first.value >= first.default > 0
    assert again.default == first.default


def test_trials_of_other_settings_are_no_part_of_a_search(shop: Workshop) -> None:
    spec = replace(SPEC, rounds=15, half_life_days=0)
    tune(shop, spec, PERIOD, seconds=60, trials=1)
    assert tune(shop, replace(spec, half_life_days=180), PERIOD, seconds=60, trials=1).trials == 1
    assert tune(shop, replace(spec, threads=1), PERIOD, seconds=60, trials=1).trials == 2


def test_trials_judged_before_another_test_are_no_part_of_a_search(shop: Workshop) -> None:
    spec, later = replace(SPEC, rounds=15, seed=7), Period.of_days(UNTIL, dt.date(2020, 10, 1))
    found = [tune(shop, spec, each, seconds=60, trials=1) for each in (later, PERIOD, later)]
    assert [each.trials for each in found] == [1, 1, 2]


def test_a_search_is_made_on_the_frame_that_is_trained_and_on_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that tell what fails, and labels that are not all trusted alike."""

    def doubted(*told: Any) -> Dataset:
        dataset = build_dataset(*told)
        return replace(dataset, trust=np.linspace(0.6, 1.0, len(dataset)))

    monkeypatch.setattr("training.preparation.build_dataset", doubted)
    seen: list[Table] = []

    def boosted(table: Table, *told: Any, **more: Any) -> Any:
        seen.append(table)
        return boost(table, *told, **more)

    records, period = Records(), Period(END)
    records.store.append(named_port(600), imported=True)
    workshop, spec = Workshop(records.store, tmp_path), replace(SPEC, rounds=10)
    trained = learned_table(workshop, spec, period, monkeypatch)
    monkeypatch.setattr("training.tuning.search.boost", boosted)
    assert tune(workshop, spec, period, seconds=60, trials=1).trials == 1
    [searched] = {id(table): table for table in seen}.values()
    assert searched.names == trained.names
    assert searched.signs == trained.signs
    assert np.array_equal(searched.values, trained.values, equal_nan=True)
    assert searched.weight is not None
    assert np.array_equal(searched.weight, trained.weight)  # type: ignore[arg-type]
    named = searched.values[:, list(searched.names).index("declared_name_risk")]
    assert np.isfinite(named).any(), "names are read"
    monkeypatch.setattr("training.preparation.build_dataset", build_dataset)
    assert tune(workshop, spec, period, seconds=60, trials=1).trials == 1, "other weights, another search"
    records.close()


def learned_table(
    workshop: Workshop, spec: ModelSpec, period: Period, monkeypatch: pytest.MonkeyPatch
) -> Table:
    """Return the table that a training would fit its members to."""
    seen: list[Table] = []

    def stop(table: Table, *_: object) -> None:
        seen.append(table)
        raise TooFewResults("enough seen")

    with monkeypatch.context() as patched:
        patched.setattr("training.candidate.learn", stop)
        with pytest.raises(TooFewResults, match="enough seen"):
            examined(workshop, spec, period)
    return seen[0]


def test_a_trial_cut_short_is_told_with_the_folds_that_it_saw() -> None:
    cut = create_trial(state=TrialState.PRUNED, value=0.5, intermediate_values={0: 0.4, 1: 0.5})
    assert _said(cut) == "cut short, 0.5000 on the first 2"
    assert _said(create_trial(value=0.25)) == "0.2500"
    assert _said(create_trial(state=TrialState.FAIL)) == "fail"


def test_only_one_search_writes_at_a_time(shop: Workshop) -> None:
    folder = shop.home / "tuning"
    folder.mkdir()
    with (folder / "nonconforming.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(CannotTune, match="another search holds"):
            tune(shop, SPEC, PERIOD, seconds=1, trials=1)


def test_what_tune_writes_train_takes(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(shop.home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    out = tmp_path / "params.json"
    days = ["--until", str(UNTIL), "--test-from", "2020-09-01"]
    searched = CliRunner().invoke(main, ["tune", *days, "--trials", "1", "--out", str(out)])
    assert searched.exit_code == 0, searched.output
    told = json.loads(out.read_text())
    assert told["mean_average_precision"] == told["of_defaults"]
    told["parameters"] |= {"num_leaves": 5, "rounds": 20}
    out.write_text(json.dumps(told))
    asked: list[ModelSpec] = []

    def refuse(workshop: Workshop, spec: ModelSpec, *more: object) -> None:
        asked.append(spec)
        raise TooFewResults("enough seen")

    monkeypatch.setattr("training.cli.retrain", refuse)
    assert CliRunner().invoke(main, ["train", *days, "--params", str(out)]).exit_code == 2
    assert (asked[0].num_leaves, asked[0].rounds) == (5, 20)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not what"),
        ('{"parameters": {"depth": 3}}', "depth"),
        ('{"parameters": {"num_leaves": "many"}}', "many"),
        ('{"parameters": []}', "no object `parameters`"),
        ('{"num_leaves": 5}', "no object `parameters`"),
        ("[1]", "no object `parameters`"),
    ],
)
def test_a_file_that_tune_did_not_write_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "params.json"
    file.write_text(text)
    with pytest.raises(BadSettings, match=said):
        read_parameters(file, ModelSpec())


def test_a_file_of_settings_that_is_not_there_is_named_and_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"nofile\.json cannot be read: No such file"):
        read_parameters(tmp_path / "nofile.json", ModelSpec())
    assert "tune --out" in BadSettings.remedy


@pytest.mark.parametrize("budget", [("--minutes", "-5"), ("--minutes", "0"), ("--trials", "0")])
def test_a_search_without_time_or_trials_is_refused(budget: tuple[str, str]) -> None:
    refused = CliRunner().invoke(main, ["tune", *budget])
    assert refused.exit_code == 2
    assert budget[0] in refused.stderr


def test_settings_keep_their_types(tmp_path: Path) -> None:
    file = tmp_path / "params.json"
    file.write_text(json.dumps({"parameters": {"num_leaves": 9.0, "learning_rate": 1, "extra_trees": False}}))
    spec = read_parameters(file, ModelSpec()).spec
    assert spec.extra_trees is False
    assert isinstance(spec.num_leaves, int)
    assert isinstance(spec.learning_rate, float)
    assert np.isclose(spec.learning_rate, 1.0)
