"""What a search found: the best settings, beside the defaults, and a table of its trials."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.spec import ModelSpec
from training.tuning.errors import CannotTune
from training.tuning.parameters import KEPT
from training.tuning.space import searched_settings

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial


@dataclass(frozen=True, slots=True)
class Found:
    """The best settings of a study: mean average precision on the inner folds, and that of the defaults.

    `trials` are those judged, of which `pruned` were cut short; `table` has a row for every trial that was
    begun, those that failed or died among them. `interrupted` says that the search was ended by hand.
    """

    spec: ModelSpec
    value: float
    default: float
    trials: int
    pruned: int
    study: str
    table: Sequence[Mapping[str, Any]]
    interrupted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as the JSON values that `train --params` reads."""
        return {
            "target": str(self.spec.target), "study": self.study, "mean_average_precision": self.value,
            "of_defaults": self.default, "trials": self.trials, "pruned": self.pruned,
            "parameters": {
                name: value for name, value in self.spec.to_dict().items() if name not in KEPT
            },
        }  # fmt: skip

    def trials_csv(self) -> str:
        """Return the table of trials as CSV."""
        written = io.StringIO()
        writer = csv.DictWriter(written, fieldnames=list(self.table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.table)
        return written.getvalue()


def found_in(study: optuna.Study, spec: ModelSpec, *, interrupted: bool = False) -> Found:
    """Return the best of a study beside the defaults; raises CannotTune where either is not known."""
    done, default = complete(study), of_defaults(study, spec)
    if default is None:
        raise CannotTune("the defaults were not tried to the end within the time given")
    best = max(done, key=_value)
    trials = study.get_trials(deepcopy=False)
    pruned = sum(trial.state.name == "PRUNED" for trial in trials)
    table = [_row(trial, searched_settings(spec)) for trial in trials if trial.state.name != "WAITING"]
    return Found(
        replace(spec, **best.params), _value(best), _value(default), len(done) + pruned, pruned,
        study.study_name, table, interrupted,
    )  # fmt: skip


def complete(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that were judged on every fold, oldest first."""
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]


def of_defaults(study: optuna.Study, spec: ModelSpec) -> FrozenTrial | None:
    """Return the trial that had a spec's own settings and was judged on every fold, None before it."""
    own = searched_settings(spec)
    return next((trial for trial in complete(study) if trial.params == own), None)


def _value(trial: FrozenTrial) -> float:
    return float("-inf") if trial.value is None else float(trial.value)


def _row(trial: FrozenTrial, settings: Mapping[str, Any]) -> dict[str, Any]:
    took = trial.duration
    return {
        "trial": trial.number,
        "state": trial.state.name.lower(),
        "mean_average_precision": trial.value,
        "folds": len(trial.intermediate_values),
        "seconds": None if took is None else round(took.total_seconds(), 1),
        **{name: trial.params.get(name) for name in settings},
    }
