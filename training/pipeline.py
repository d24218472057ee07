"""The whole of retraining: stored records to a registered, tested, not yet promoted model version."""

from __future__ import annotations

from collections.abc import Sequence

from features.catalog import MODEL_FEATURES
from features.goods.features import NAME_RISK
from features.history import History
from features.store.archive import read_archive
from models.spec import ModelSpec
from training.candidate import Bench, Candidate, make_candidate
from training.dataset import build_dataset
from training.encode import encode
from training.examination import Examination, examine
from training.hazards import add_hazards
from training.period import Period
from training.policy import GatePolicy, gate_policy
from training.registration import Registered, register
from training.selection import Observed, estimate_propensity, population_of
from training.split import split_out_of_time
from training.text_risk import fit_name_risk
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
    step = workshop.progress.step
    with step("read records"):
        archive = read_archive(workshop.store)
        dataset = build_dataset(workshop.store, spec.target, period.until, archive)
        folds = split_out_of_time(dataset, test_from=period.test_from)
    with step("build history and features"):
        history = History.build(workshop.store, archive=archive)
        wanted = NAME_RISK in names
        told = (workshop.store, spec.target, period.until, archive)
        name_risk = fit_name_risk(*told) if wanted else None
        encoded = encode(dataset, history, names, name_risk=name_risk)
    with step("who was inspected, and who was not"):
        values = encoded.table.values
        population = population_of(workshop.store, history, dataset, values, encoded.spec)
        observed = Observed(population, estimate_propensity(population, threads=spec.threads))
    with step("fit, mix, calibrate, refit"):
        rules = policy or gate_policy()
        bench = Bench(dataset, encoded, folds, spec, workshop.progress, observed, rules.calibration)
        candidate = make_candidate(bench, keep_test=period.test_from is not None)
    with step("hazards"):
        candidate = add_hazards(archive, bench, candidate, period.until)
    with step("test and gates"):
        examination = examine(workshop, bench, candidate, history, rules, archive)
    return bench, candidate, examination
