"""The whole of retraining: stored records to a registered, tested, not yet promoted model version."""

from __future__ import annotations

from collections.abc import Sequence

from features.catalog import MODEL_FEATURES
from models.spec import ModelSpec
from training.candidate import Bench, Candidate, make_candidate
from training.examination import Examination, examine
from training.hazards import add_hazards
from training.period import Period
from training.policy import GatePolicy, gate_policy
from training.preparation import prepare
from training.registration import Registered, register
from training.workshop import Workshop

__all__ = ["Registered", "Workshop", "examined", "register", "retrain"]


def retrain(
    workshop: Workshop,
    spec: ModelSpec,
    period: Period,
    policy: GatePolicy | None = None,
    *,
    names: Sequence[str] = MODEL_FEATURES,
) -> Registered:
    """Records to a registered, evaluated, not yet promoted model version, as `examined` makes it."""
    bench, candidate, examination = examined(workshop, spec, period, policy, names=names)
    with workshop.progress.step("register"):
        return register(workshop, bench, candidate, examination, period)


def examined(
    workshop: Workshop,
    spec: ModelSpec,
    period: Period,
    policy: GatePolicy | None = None,
    *,
    names: Sequence[str] = MODEL_FEATURES,
) -> tuple[Bench, Candidate, Examination]:
    """Records to a candidate that was tested and put before the gates, with what it was made on.

    `names` are the features it reads: fewer, to see what the others are worth. Raises
    TooFewResults where the records do not allow it, SpecError for an unknown name.
    """
    step, rules = workshop.progress.step, policy or gate_policy()
    found = prepare(workshop, spec, period, rules, names=names)
    bench = found.bench
    with step("fit, mix, calibrate, refit"):
        candidate = make_candidate(bench, keep_test=period.test_from is not None)
    with step("hazards"):
        candidate = add_hazards(found.archive, bench, candidate, period.until)
    with step("test and gates"):
        examination = examine(workshop, bench, candidate, found.history, rules, found.archive)
    return bench, candidate, examination
