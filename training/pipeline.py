"""The whole of retraining: stored records to a registered, tested, not yet promoted model version."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.history import History
from models.bundle import bundles_folder, store_bundle
from models.keys import signing_key
from models.spec import ModelSpec
from training.candidate import Bench, Candidate, make_candidate
from training.card import model_card
from training.contributions import families, sample_of
from training.dataset import build_dataset
from training.encode import encode
from training.evaluate import Report
from training.examination import Examination, examine
from training.explanation_plots import draw_explanations
from training.period import Period
from training.plots import draw_all
from training.policy import GatePolicy, gate_policy
from training.split import split_out_of_time
from training.text_risk import fit_name_risk
from training.tracking import Run, Tracking, Version
from training.workshop import Workshop

__all__ = ["Registered", "Workshop", "register", "retrain"]


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered version with its test report, its signed gate report and its card."""

    version: Version
    report: Report
    gates: Mapping[str, Any]
    card: Mapping[str, Any]


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
    with step("test and gates"):
        examination = examine(workshop, bench, candidate, history, policy or gate_policy())
    with step("register"):
        return register(workshop, bench, candidate, examination, period)


def register(
    workshop: Workshop,
    bench: Bench,
    candidate: Candidate,
    examination: Examination,
    period: Period,
) -> Registered:
    """Keep the bundle, log the run with its pictures, and register the version."""
    key = signing_key(workshop.home)
    report, gates = examination.report, examination.gates
    card = model_card(bench, candidate, report, period)
    extra = {"data": card["data"]["fingerprint"]}
    fingerprint = store_bundle(candidate.model, workshop.home, extra, key, gates=gates, model_card=card)
    test = bench.folds.test
    with tempfile.TemporaryDirectory() as folder:
        values, as_of = bench.encoded.table.values[test], bench.dataset.as_of[test]
        sample = sample_of(candidate.model, values, bench.ways(test), as_of)
        draw_all(Path(folder), bench.dataset.positive[test], candidate.tested, families(sample))
        draw_explanations(Path(folder), sample)
        run = Run(
            target=str(bench.spec.target),
            params={**bench.spec.to_dict(), **_mixture(card)},
            metrics={**report.figures, "rows": report.rows, "positives": report.positives},
            tags={"data_fingerprint": bench.dataset.fingerprint, "bundle_fingerprint": fingerprint},
            artifacts={"bundle": bundles_folder(workshop.home) / fingerprint, "plots": Path(folder)},
        )
        version = Tracking(workshop.home).register(run, fingerprint)
    return Registered(version, report, gates, card)


def _mixture(card: Mapping[str, Any]) -> dict[str, Any]:
    return {f"weight of {part['member']}": part["weight"] for part in card["mixture"]} | {
        f"trees of {part['member']}": part["trees"] for part in card["mixture"]
    }
