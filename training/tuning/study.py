"""The study that keeps trials: found again by records, folds, frame and settings; one writer at a time."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.spec import ModelSpec
from training.fit import Table
from training.tuning.errors import CannotTune
from training.tuning.folds import InnerFold
from training.tuning.found import of_defaults
from training.tuning.space import searched_settings

if TYPE_CHECKING:
    import optuna
    from optuna.samplers import TPESampler

STARTUP = 5
"""Trials drawn at random before the search learns from them, and before any is cut short."""


def optuna_library() -> Any:
    """Return Optuna, which is an extra; raises CannotTune."""
    try:
        import optuna
    except ImportError as error:
        raise CannotTune("Optuna is not installed") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock file, so that one search writes at a time; raises CannotTune."""
    try:
        path.parent.mkdir(exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise CannotTune(f"{path} cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotTune(f"another search holds {path}") from error
        yield


def study_name(fingerprint: str, folds: Sequence[InnerFold], table: Table, spec: ModelSpec) -> str:
    """Name a search by all that its trials share: a search of other records, folds or frame begins anew."""
    return f"{spec.target} {fingerprint[:16]} {_named(folds)} {_framed(table)} {_held(spec)}"


def open_study(folder: Path, name: str, spec: ModelSpec) -> optuna.Study:
    """Open a study to go on with, or begin it; to be called by who writes alone.

    Trials that died with their process are told to have failed, and the defaults come first unless they
    were tried to the end.
    """
    library = optuna_library()
    study: optuna.Study = library.create_study(
        storage=f"sqlite:///{(folder / 'studies.db').resolve()}",
        study_name=name,
        direction="maximize",
        pruner=library.pruners.MedianPruner(n_startup_trials=STARTUP),
        load_if_exists=True,
    )
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name == "RUNNING":
            study.tell(trial.number, state=library.trial.TrialState.FAIL)
    own = searched_settings(spec)
    waiting = [each for each in study.get_trials(deepcopy=False) if each.state.name == "WAITING"]
    if of_defaults(study, spec) is None and all(each.system_attrs["fixed_params"] != own for each in waiting):
        study.enqueue_trial(own)
    study.sampler = sampler(study, spec)
    return study


def sampler(study: optuna.Study, spec: ModelSpec) -> TPESampler:
    """Return what draws the next trial of a study, seeded by how many were begun.

    Whether a search goes on or never stopped, the same trials lead to the same next one, and none is drawn
    again because a search was begun again.
    """
    begun = sum(trial.state.name != "WAITING" for trial in study.get_trials(deepcopy=False))
    seed = int(np.random.SeedSequence((spec.seed, begun)).generate_state(1)[0])
    drawn: TPESampler = optuna_library().samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
    return drawn


def _named(folds: Sequence[InnerFold]) -> str:
    """Name the folds by their rows: with others, of another test perhaps, a search begins anew."""
    rows = [part.tobytes() for fold in folds for part in (fold.fit, fold.stop, fold.judge)]
    return hashlib.sha256(b"".join(rows)).hexdigest()[:16]


def _framed(table: Table) -> str:
    """Name the frame that trees are fitted to: trials on other values or weights are no part of a search."""
    weight = np.empty(0) if table.weight is None else table.weight
    told = json.dumps([*table.names, *map(int, table.signs)]).encode()
    return hashlib.sha256(told + table.values.tobytes() + weight.tobytes()).hexdigest()[:16]


def _held(spec: ModelSpec) -> str:
    """Name the settings that are not searched: trials of one study differ in nothing else."""
    searched = searched_settings(spec)
    held = {name: told for name, told in spec.to_dict().items() if name not in {*searched, "threads"}}
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:16]
