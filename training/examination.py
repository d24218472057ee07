"""A candidate is tested and put before every gate; the report is what is signed into its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from features.facts import KnownHistory
from features.store.archive import Archive
from models import promotions
from models.keys import signing_key
from training.candidate import Bench, Candidate
from training.champion import champion_scores
from training.clusters import Clusters
from training.compare.candidate import against_champion, champion_gates
from training.compare.comparison import Comparison
from training.compare.slices import Labels, slice_labels
from training.evaluate import Report, evaluate
from training.gates import Gate, additivity_gate, calibration_gate, gate_report, loading_gate
from training.poisoning import poisoning_gate
from training.policy import GatePolicy
from training.selection import Estimates, selection_estimates
from training.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Examination:
    """How a candidate did: its test report, the comparison with the champion if any, and its gate report.

    `slice_labels` say to which slices each test line belongs, by dimension.
    """

    report: Report
    comparison: Comparison | None
    gates: dict[str, Any]
    policy: GatePolicy
    slice_labels: dict[str, Labels]
    support: Mapping[str, Any] = field(default_factory=dict)
    """Where inspections tell of the lines passed over, by cell."""


def examine(
    workshop: Workshop,
    bench: Bench,
    candidate: Candidate,
    history: KnownHistory,
    policy: GatePolicy,
    archive: Archive,
) -> Examination:
    """Test a candidate on the test fold and put it before every gate; `archive` is what is stored."""
    test, dataset = bench.folds.test, bench.dataset
    positive = dataset.positive[test]
    estimates = _estimates(bench, candidate)
    weights = {} if estimates is None else estimates.weights
    clusters = Clusters.by_consignee(dataset.lines.take(test))
    report = evaluate(positive, candidate.tested, dataset.random[test], weights, clusters)
    champion = champion_scores(workshop.store, workshop.home, dataset, history, test)
    comparison = (
        None if champion is None else against_champion(workshop, bench, candidate, champion, history, policy)
    )
    there_is_one = promotions.champion(workshop.store.engine, str(dataset.target)) is not None
    gates = [
        additivity_gate(
            candidate.model, bench.encoded.table.values[test], bench.ways(test), policy.additivity
        ),
        calibration_gate(positive, candidate.given, clusters, candidate.model.calibrations, policy),
        *champion_gates(comparison, policy, champion=there_is_one),
        *_poisoning(archive, bench, policy),
        loading_gate(candidate.model, workshop.home, signing_key(workshop.home)),
    ]
    labels = slice_labels(dataset.lines.take(test), history, dataset.as_of[test], policy.slices)
    told = gate_report(gates) | {"policy": policy.version}
    support = {} if estimates is None else estimates.support
    return Examination(report, comparison, told, policy, labels, support)


def _estimates(bench: Bench, candidate: Candidate) -> Estimates | None:
    """Weigh the test lines for those passed over, where it is known who was."""
    if bench.observed is None:
        return None
    seen = bench.observed
    hint, positive = candidate.correction.hint, bench.dataset.positive
    return selection_estimates(seen.population, seen.propensity, positive, hint, bench.folds.test)


def _poisoning(archive: Archive, bench: Bench, policy: GatePolicy) -> list[Gate]:
    if not policy.poisoning.gate:
        return []
    return [poisoning_gate(archive, bench.dataset, bench.encoded.table, bench.spec, policy)]
