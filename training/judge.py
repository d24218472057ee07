"""Judging a model in a later period as it would have scored then, with the delays of the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.facts import KnownHistory
from features.frame import build_frame
from features.history import History
from features.instants import show_instant
from features.lines import Lines
from features.store.database import Store
from models.risk_model import RiskModel
from models.spec import Target
from training.champion import learned_until
from training.clusters import Clusters
from training.dataset import Dataset, build_dataset, declared_in, first_revisions
from training.errors import BadPeriod, BadTruth, PeriodOverlap
from training.evaluate import Report, evaluate
from training.period import Span
from training.selection import Hint, estimate_propensity, population_of, selection_estimates
from training.selection.population import FEWEST
from training.workshop import Workshop

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

TRUTH_COLUMNS = ("id", "p_latent", "p_observable", "y")
_BLOCK = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Lines of a period with what a model would have said of each when it was declared."""

    ids: NDArray[np.object_]
    declared_at: NDArray[np.int64]
    positive: Mask
    random: Mask
    probability: Floats
    dropped: Counter[str]
    clusters: Clusters | None = None
    """Which lines are one consignee's; None where it is not asked."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a simulated world knows of its lines: probabilities with and without what is hidden, outcomes."""

    latent: Mapping[str, float]
    observable: Mapping[str, float]
    outcome: Mapping[str, float]


def judge(
    workshop: Workshop, model: RiskModel, span: Span, truth: Truth | None = None
) -> tuple[Report, Scored]:
    """Judge a model on the inspected lines of a span, or with the truth on all of them.

    Raises PeriodOverlap where the span holds lines that taught or calibrated the model, BadPeriod where it
    is empty.
    """
    refuse_overlap(model, span)
    with workshop.progress.step("build history"):
        history = History.build(workshop.store)
    with workshop.progress.step("score as of then, and judge"):
        report, scored = judged_inspected(workshop.store, history, model, span)
    if truth is None:
        return report, scored
    with workshop.progress.step("score all lines as of then"):
        every = score_all(workshop.store, history, model, span, truth)
        whole = evaluate(every.positive, every.probability, clusters=every.clusters)
    parts = {"inspected": report, **truth_parts(every, truth)}
    return Report(whole.figures, whole.intervals, whole.rows, whole.positives, parts), every


def refuse_overlap(model: RiskModel, span: Span) -> None:
    """Raise PeriodOverlap where a span begins before the model had finished learning."""
    last = learned_until(model)
    if span.start <= last:
        raise PeriodOverlap(
            f"the period begins at {show_instant(span.start)}, but the model was trained or calibrated on "
            f"lines declared until {show_instant(last)}"
        )


def judged_inspected(
    store: Store, history: KnownHistory, model: RiskModel, span: Span
) -> tuple[Report, Scored]:
    """Judge a model on the inspected lines of a span, and by them on those that were passed over.

    Where lines were passed over, chances of inspection are estimated from all lines until the end of the
    span; results count only if they were known before it.
    """
    dataset = build_dataset(store, Target(model.target), span.until)
    declared = dataset.lines["happened_at"]
    rows = (declared >= span.start) & (declared < span.until)
    scored = _scored(dataset.take(rows), span, model, history)
    told, clusters = (scored.positive, scored.probability, scored.random), scored.clusters
    if len(dataset.passed_over.ids) < FEWEST:
        return evaluate(*told, clusters=clusters), scored
    values = values_of(model, dataset.lines, history, dataset.as_of)
    population = population_of(store, history, dataset, values, model.feature_spec)
    card = dict(model.card.get("selection", {}))
    hint = Hint(float(card.get("hint", 0.0)), bool(card.get("hint_measured", False)))
    propensity = estimate_propensity(population, threads=1)
    found = selection_estimates(population, propensity, dataset.positive, hint, rows)
    return evaluate(*told, found.weights, clusters), scored


def score_span(store: Store, history: KnownHistory, model: RiskModel, span: Span) -> Scored:
    """Score the inspected lines of a span whose results were known before its end."""
    dataset = build_dataset(store, Target(model.target), span.until)
    declared = dataset.lines["happened_at"]
    return _scored(dataset.take((declared >= span.start) & (declared < span.until)), span, model, history)


def _scored(rows: Dataset, span: Span, model: RiskModel, history: KnownHistory) -> Scored:
    if not len(rows):
        why = rows.nothing_since(span.start - 1)
        raise BadPeriod(f"the period begins at {show_instant(span.start)}: {why}")
    return Scored(
        rows.lines["id"], rows.lines["happened_at"], rows.positive, rows.random,
        probability_of(model, rows.lines, history, rows.as_of), rows.dropped,
        Clusters.by_consignee(rows.lines),
    )  # fmt: skip


def score_all(store: Store, history: KnownHistory, model: RiskModel, span: Span, truth: Truth) -> Scored:
    """Score every line declared in a span, inspected or not; outcomes are the truth's."""
    if model.target != Target.NONCONFORMING:
        raise BadTruth(f"the truth file tells whether a line is nonconforming, not {model.target}")
    filed = first_revisions(store, declared_in(store, span))
    known = [line for line in filed if line.record.id in truth.outcome]
    if not known:
        raise BadTruth("the truth file names none of the lines declared in the period")
    lines = Lines.of([line.record for line in known])
    as_of = np.array([line.as_of for line in known], dtype=np.int64)
    ids = lines["id"]
    return Scored(
        ids, lines["happened_at"], lookup(truth.outcome, ids) > 0.5, np.zeros(len(ids), dtype=bool),
        probability_of(model, lines, history, as_of), Counter({"not in the truth": len(filed) - len(known)}),
        Clusters.by_consignee(lines),
    )  # fmt: skip


def probability_of(model: RiskModel, lines: Lines, history: KnownHistory, as_of: NDArray[np.int64]) -> Floats:
    """Return calibrated probabilities (n,) of lines as of their instants, in blocks that bound memory."""
    parts = [
        model.probability(values, [str(way) for way in lines.take(rows)["direction"]])
        for rows, values in _blocks(model, lines, history, as_of)
    ]
    return np.concatenate(parts)


def values_of(model: RiskModel, lines: Lines, history: KnownHistory, as_of: NDArray[np.int64]) -> Floats:
    """Return the frame (n, k) that a model reads of lines as of their instants."""
    return np.concatenate([values for _, values in _blocks(model, lines, history, as_of)])


def _blocks(
    model: RiskModel, lines: Lines, history: KnownHistory, as_of: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.intp], Floats]]:
    for start in range(0, len(lines), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(lines)))
        frame = build_frame(lines.take(rows), history, as_of[rows], model.feature_spec)
        yield rows, model.check_frame(frame)


def truth_parts(scored: Scored, truth: Truth) -> dict[str, Report]:
    """Judge the truth's own probabilities on the same lines: what could be reached, and what never."""
    observable, latent = (lookup(told, scored.ids) for told in (truth.observable, truth.latent))
    return {
        "p_observable": evaluate(scored.positive, observable, clusters=scored.clusters),
        "p_latent": evaluate(scored.positive, latent, clusters=scored.clusters),
    }


def read_truth(path: Path) -> Truth:
    """Read a simulated port's truth file; raises BadTruth where it is none."""
    try:
        table = pq.read_table(path, columns=list(TRUTH_COLUMNS))
    except (OSError, pa.ArrowException, KeyError) as error:
        raise BadTruth(f"{path} cannot be read as a truth file: {error}") from error
    columns = {name: table[name].to_pylist() for name in TRUTH_COLUMNS}
    latent, observable, outcome = (
        dict(zip(columns["id"], columns[name], strict=True)) for name in TRUTH_COLUMNS[1:]
    )
    return Truth(latent, observable, outcome)


def lookup(told: Mapping[str, float], ids: Sequence[str] | NDArray[np.object_]) -> Floats:
    """Return what is told of each id, as float64 (n,)."""
    return np.array([told[id] for id in ids], dtype=np.float64)
