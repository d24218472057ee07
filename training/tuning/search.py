"""The search itself: resumable, pruned fold by fold, within a time budget."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.spec import ModelSpec
from training.candidate import weighted_table
from training.figures import average_precision
from training.fit import Member, Table, boost
from training.period import Period
from training.preparation import prepare
from training.progress import Progress
from training.tuning.errors import CannotTune, Interrupted
from training.tuning.folds import InnerFold, inner_folds
from training.tuning.found import Found, complete, found_in, of_defaults
from training.tuning.space import searched_settings, suggested
from training.tuning.study import alone, open_study, optuna_library, sampler, study_name
from training.workshop import Workshop

if TYPE_CHECKING:
    import optuna


def tune(workshop: Workshop, spec: ModelSpec, period: Period, *, seconds: float, trials: int | None) -> Found:
    """Search settings until time or trials are used up; the time counts from the start of preparations.

    The frame is the one that a model is trained on. With the same records, frame and folds a search goes on
    where it was. The test fold and what lies after it are never looked at. Ended by hand it tells what it
    found so far. Raises TooFewResults, CannotTune and, before there was anything to tell, Interrupted.
    """
    started = time.monotonic()
    optuna_library()
    folder = workshop.home / "tuning"
    with alone(folder / f"{spec.target}.lock"):
        study, objective = _prepared(workshop, spec, period, folder)
        left = seconds - (time.monotonic() - started)
        _tell_time(workshop.progress, seconds, left, begun=bool(complete(study)))
        following = [_Telling(workshop.progress), _Reseeding(spec)]
        try:
            study.optimize(objective, n_trials=trials, timeout=left, callbacks=following)
        except KeyboardInterrupt:
            if of_defaults(study, spec) is None:
                raise Interrupted("ended by hand before the defaults were tried to the end") from None
            return found_in(study, spec, interrupted=True)
        return found_in(study, spec)


def _prepared(
    workshop: Workshop, spec: ModelSpec, period: Period, folder: Path
) -> tuple[optuna.Study, _Objective]:
    try:
        bench = prepare(workshop, spec, period).bench
        dataset, table = bench.dataset, weighted_table(bench)
        folds = inner_folds(dataset, bench.folds.before_test)
    except KeyboardInterrupt:
        raise Interrupted("ended by hand while the records were prepared, before any trial") from None
    study = open_study(folder, study_name(dataset.fingerprint, folds, table, spec), spec)
    return study, _Objective(table, folds, spec)


def _tell_time(progress: Progress, seconds: float, left: float, *, begun: bool) -> None:
    """Say how much time is left for trials; raises CannotTune where there is none and none was ever made."""
    spent = f"{(seconds - left) / 60:.1f} of {seconds / 60:.1f} minutes"
    if left <= 0 and not begun:
        raise CannotTune(f"preparations took {spent} (--minutes): no time is left for a trial")
    progress.say(f"preparations took {spent}")


@dataclass(frozen=True, slots=True)
class _Objective:
    """Mean average precision of the member that sees everything, over the inner folds."""

    table: Table
    folds: list[InnerFold]
    spec: ModelSpec

    def __call__(self, trial: optuna.Trial) -> float:
        """Fit on each fold; a trial that is behind the others after a fold is cut short.

        The defaults never are: what a search found is told beside them.
        """
        import optuna

        spec = replace(self.spec, seeds=1, **suggested(trial))
        everything = Member("all features", np.arange(len(self.table.names)))
        found: list[float] = []
        for step, fold in enumerate(self.folds):
            booster = boost(self.table, fold.fit, spec, everything, stop=fold.stop)
            margins = np.asarray(booster.predict(self.table.values[fold.judge], raw_score=True))
            found.append(average_precision(self.table.positive[fold.judge], margins))
            trial.report(float(np.mean(found)), step)
            behind = step + 1 < len(self.folds) and trial.should_prune()
            if behind and trial.params != searched_settings(self.spec):
                raise optuna.TrialPruned
        return float(np.mean(found))


@dataclass(frozen=True, slots=True)
class _Telling:
    """Says each trial as it ends."""

    progress: Progress

    def __call__(self, study: optuna.Study, trial: Any) -> None:
        best = f"; best on all folds {study.best_value:.4f}" if complete(study) else ""
        self.progress.say(f"trial {trial.number}: {_said(trial)}{best}")


@dataclass(frozen=True, slots=True)
class _Reseeding:
    """Seeds the next trial, as a search that is begun again would."""

    spec: ModelSpec

    def __call__(self, study: optuna.Study, _: Any) -> None:
        study.sampler = sampler(study, self.spec)


def _said(trial: Any) -> str:
    """Say how a trial ended; the value of one cut short is of the folds that it came to see."""
    value = "" if trial.value is None else f"{trial.value:.4f}"
    if trial.state.name == "PRUNED":
        return f"cut short, {value} on the first {len(trial.intermediate_values)}"
    return value or trial.state.name.lower()
