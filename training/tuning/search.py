"""The search itself: one writer, resumable, pruned fold by fold, within a time budget."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.spec import ModelSpec
from training.candidate import weighted_table
from training.errors import TrainingError
from training.figures import average_precision
from training.fit import Member, Table, boost
from training.period import Period
from training.preparation import prepare
from training.tuning.folds import InnerFold, inner_folds
from training.workshop import Workshop

if TYPE_CHECKING:
    import optuna

STARTUP = 5
"""Trials drawn at random before the search learns from them, and before any is cut short."""
KEPT = ("target", "selection", "threads", "seed")
"""Settings that are not searched."""


class CannotTune(TrainingError):
    """A search that cannot be made."""

    title = "Cannot tune"
    title_zh = "无法调参"
    remedy = "Install the extra `tune`; let one search run at a time, and give it time for a trial."
    remedy_zh = "请安装可选依赖 tune；同一时间只运行一次调参，并留足至少一次试验的时间。"


class BadSettings(TrainingError):
    """A file of settings that cannot be used."""

    title = "Unusable settings"
    title_zh = "参数文件不可用"
    remedy = "Give --params the file that `customs-risk tune --out FILE` wrote: JSON with its `parameters`."
    remedy_zh = "--params 须为 `customs-risk tune --out FILE` 写出的 JSON 文件（含 parameters）。"


@dataclass(frozen=True, slots=True)
class Found:
    """The best settings of a study: mean average precision on the inner folds, and that of the defaults."""

    spec: ModelSpec
    value: float
    default: float
    trials: int
    pruned: int

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as the JSON values that `train --params` reads."""
        return {
            "target": str(self.spec.target), "mean_average_precision": self.value,
            "of_defaults": self.default, "trials": self.trials, "pruned": self.pruned,
            "parameters": {
                name: value for name, value in self.spec.to_dict().items() if name not in KEPT
            },
        }  # fmt: skip


def tune(workshop: Workshop, spec: ModelSpec, period: Period, *, seconds: float, trials: int | None) -> Found:
    """Search settings until time or trials are used up.

    The frame is the one that a model is trained on. With the same records, frame and folds a search goes on
    where it was. The test fold and what lies after it are
    never looked at. Raises TooFewResults and CannotTune.
    """
    optuna = _optuna()
    bench = prepare(workshop, spec, period).bench
    dataset, table = bench.dataset, weighted_table(bench)
    folds = inner_folds(dataset, bench.folds.before_test)
    folder = workshop.home / "tuning"
    folder.mkdir(exist_ok=True)
    with _alone(folder / f"{spec.target}.lock"):
        study = _study(optuna, folder, f"{dataset.fingerprint[:16]} {_named(folds)} {_framed(table)}", spec)
        if not study.trials:
            study.enqueue_trial(_searched(spec))
        objective = _Objective(table, folds, spec)
        study.optimize(objective, n_trials=trials, timeout=seconds, callbacks=[_Telling(workshop)])
        return _found(study, spec)


def read_parameters(file: Path, spec: ModelSpec) -> ModelSpec:
    """Return a spec with the settings that a search wrote; raises BadSettings."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(told, dict) or not isinstance(told.get("parameters"), dict):
            raise ValueError("it holds no object `parameters`")
        known = {field.name for field in fields(ModelSpec)} - set(KEPT)
        given = {name: value for name, value in told["parameters"].items() if name in known}
        settings: dict[str, Any] = {name: _like(getattr(spec, name), value) for name, value in given.items()}
        unknown = sorted(set(told["parameters"]) - known)
    except OSError as error:
        raise BadSettings(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadSettings(f"{file} is not what `customs-risk tune` writes: {error}") from error
    if unknown:
        raise BadSettings(f"{file} sets {', '.join(unknown)}, which no model has")
    return replace(spec, **settings)


def _like(present: object, value: Any) -> Any:
    if isinstance(present, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is neither true nor false")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    return int(value) if isinstance(present, int) else float(value)


@dataclass(frozen=True, slots=True)
class _Objective:
    """Mean average precision of the member that sees everything, over the inner folds."""

    table: Table
    folds: list[InnerFold]
    spec: ModelSpec

    def __call__(self, trial: optuna.Trial) -> float:
        """Fit on each fold; a trial that is behind the others after a fold is cut short."""
        import optuna

        spec = replace(self.spec, seeds=1, **suggested(trial))
        everything = Member("all features", np.arange(len(self.table.names)))
        found: list[float] = []
        for step, fold in enumerate(self.folds):
            booster = boost(self.table, fold.fit, spec, everything, stop=fold.stop)
            margins = np.asarray(booster.predict(self.table.values[fold.judge], raw_score=True))
            found.append(average_precision(self.table.positive[fold.judge], margins))
            trial.report(float(np.mean(found)), step)
            if step + 1 < len(self.folds) and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(found))


def suggested(trial: Any) -> dict[str, Any]:
    """Return the settings of a trial; the ranges are those in which small, held-back trees lie."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.15, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 32),
        "max_depth": trial.suggest_int("max_depth", 3, 8),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 10, 200, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 20.0, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.15, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.5, 1.0),
        "cat_smooth": trial.suggest_float("cat_smooth", 5.0, 300.0, log=True),
        "cat_l2": trial.suggest_float("cat_l2", 1.0, 200.0, log=True),
        "max_cat_threshold": trial.suggest_int("max_cat_threshold", 4, 32),
    }


def _searched(spec: ModelSpec) -> dict[str, Any]:
    import optuna

    told = spec.to_dict()
    names = suggested(optuna.trial.FixedTrial(told))
    return {name: told[name] for name in names}


def _named(folds: Sequence[InnerFold]) -> str:
    """Name the folds by their rows: with others, of another test perhaps, a search begins anew."""
    rows = [part.tobytes() for fold in folds for part in (fold.fit, fold.stop, fold.judge)]
    return hashlib.sha256(b"".join(rows)).hexdigest()[:16]


def _framed(table: Table) -> str:
    """Name the frame that trees are fitted to: trials on other values or weights are no part of a search."""
    weight = np.empty(0) if table.weight is None else table.weight
    told = json.dumps([*table.names, *map(int, table.signs)]).encode()
    return hashlib.sha256(told + table.values.tobytes() + weight.tobytes()).hexdigest()[:16]


def _study(library: Any, folder: Path, lines: str, spec: ModelSpec) -> optuna.Study:
    library.logging.set_verbosity(library.logging.WARNING)
    study: optuna.Study = library.create_study(
        storage=f"sqlite:///{(folder / 'studies.db').resolve()}",
        study_name=f"{spec.target} {lines} {_held(spec)}",
        direction="maximize",
        sampler=library.samplers.TPESampler(seed=spec.seed, n_startup_trials=STARTUP),
        pruner=library.pruners.MedianPruner(n_startup_trials=STARTUP),
        load_if_exists=True,
    )
    return study


def _held(spec: ModelSpec) -> str:
    """Name the settings that are not searched: trials of one study differ in nothing else."""
    searched = _searched(spec)
    held = {name: told for name, told in spec.to_dict().items() if name not in {*searched, "threads"}}
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Telling:
    """Says each trial as it ends."""

    workshop: Workshop

    def __call__(self, study: optuna.Study, trial: Any) -> None:
        best = f"; best on all folds {study.best_value:.4f}" if _complete(study) else ""
        self.workshop.progress.say(f"trial {trial.number}: {_said(trial)}{best}")


def _said(trial: Any) -> str:
    """Say how a trial ended; the value of one cut short is of the folds that it came to see."""
    value = "" if trial.value is None else f"{trial.value:.4f}"
    if trial.state.name == "PRUNED":
        return f"cut short, {value} on the first {len(trial.intermediate_values)}"
    return value or trial.state.name.lower()


def _found(study: optuna.Study, spec: ModelSpec) -> Found:
    done = _complete(study)
    if not done:
        raise CannotTune("no trial came to its end within the time given")
    best = max(done, key=lambda trial: trial.value)
    pruned = sum(trial.state.name == "PRUNED" for trial in study.trials)
    chosen: Mapping[str, Any] = best.params
    return Found(replace(spec, **chosen), float(best.value), float(done[0].value), len(study.trials), pruned)


def _complete(study: optuna.Study) -> list[Any]:
    return [trial for trial in study.trials if trial.state.name == "COMPLETE"]


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise CannotTune("Optuna is not installed") from error
    return optuna


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotTune(f"another search holds {path}") from error
        yield
