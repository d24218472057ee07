"""The whole of retraining: stored records to a registered, tested, not yet promoted model version."""

from __future__ import annotations

from features.history import History
from models.spec import ModelSpec
from training.candidate import Bench, make_candidate
from training.dataset import build_dataset
from training.encode import encode
from training.examination import examine
from training.hazards import add_hazards
from training.period import Period
from training.policy import GatePolicy, gate_policy
from training.registration import Registered, register
from training.split import split_out_of_time
from training.text_risk import fit_name_risk
from training.workshop import Workshop

__all__ = ["Registered", "Workshop", "register", "retrain"]


def retrain(
    workshop: Workshop, spec: ModelSpec, period: Period, policy: GatePolicy | None = None
) -> Registered:
    """Records to a registered, evaluated, not yet promoted model version.

    Raises TooFewResults or BadPeriod where the records do not allow it.
    """
    step = workshop.progress.step
    with step("read records"):
        dataset = build_dataset(workshop.store, spec.target, period.until)
        folds = split_out_of_time(dataset, test_from=period.test_from)
    with step("build history and features"):
        history = History.build(workshop.store)
        name_risk = fit_name_risk(workshop.store, spec.target, period.until)
        encoded = encode(dataset, history, name_risk=name_risk)
    with step("fit, mix, calibrate, refit"):
        bench = Bench(dataset, encoded, folds, spec, workshop.progress)
        candidate = make_candidate(bench, keep_test=period.test_from is not None)
    with step("hazards"):
        candidate = add_hazards(workshop.store, bench, candidate, period.until)
    with step("test and gates"):
        examination = examine(workshop, bench, candidate, history, policy or gate_policy())
    with step("register"):
        return register(workshop, bench, candidate, examination, period)
