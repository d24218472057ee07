"""From stored records to the bench on which models are made, whether they are trained or searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.catalog import MODEL_FEATURES
from features.goods.features import NAME_RISK
from features.history import History
from features.store.archive import Archive, read_archive
from models.spec import ModelSpec
from training.candidate import Bench
from training.dataset import build_dataset
from training.encode import encode
from training.period import Period
from training.policy import GatePolicy, gate_policy
from training.selection import Observed, estimate_propensity, population_of
from training.split import split_out_of_time
from training.text_risk import fit_name_risk
from training.workshop import Workshop


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What is stored, its history, and the bench made of it."""

    archive: Archive
    history: History
    bench: Bench


def prepare(
    workshop: Workshop,
    spec: ModelSpec,
    period: Period,
    policy: GatePolicy | None = None,
    *,
    names: Sequence[str] = MODEL_FEATURES,
) -> Prepared:
    """Read what a period may know, cut it into folds, and build the frame of its rows.

    `names` are the features that are read. Raises TooFewResults, SpecError for an unknown name.
    """
    step = workshop.progress.step
    with step("read records"):
        archive = read_archive(workshop.store)
        dataset = build_dataset(workshop.store, spec.target, period.until, archive)
        folds = split_out_of_time(dataset, test_from=period.test_from)
    with step("build history and features"):
        history = History.build(workshop.store, archive=archive)
        told = (workshop.store, spec.target, period.until, archive)
        name_risk = fit_name_risk(*told) if NAME_RISK in names else None
        encoded = encode(dataset, history, names, name_risk=name_risk)
    with step("who was inspected, and who was not"):
        population = population_of(workshop.store, history, dataset, encoded.table.values, encoded.spec)
        observed = Observed(population, estimate_propensity(population, threads=spec.threads))
    rules = policy or gate_policy()
    bench = Bench(dataset, encoded, folds, spec, workshop.progress, observed, rules.calibration)
    return Prepared(archive, history, bench)
