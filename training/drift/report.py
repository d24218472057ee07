"""The whole drift report of a target's champion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.catalog import CATALOG
from features.history import History
from features.instants import now, show_instant
from models.calibration import log_odds_of
from models.risk_model import RiskModel
from models.spec import Target
from training.champion import learned_until
from training.compare.months import Month
from training.dataset import build_dataset
from training.drift.bins import by_cluster, code_bins, number_bins
from training.drift.distance import Distance, Draws, distance
from training.drift.labels import Found, champion_by_month, found_by_month, results_moved
from training.drift.samples import REFERENCE, Lately, lately
from training.drift.shifts import Shift, drifted
from training.drift.texts import Unknown, unknown_words, word_distance, worded
from training.judge import refuse_overlap
from training.period import Span
from training.workshop import Workshop

WORTH_PSI = 0.1
"""An index below this is not worth speaking of, however sure it is."""
WORTH_UNKNOWN = 0.02


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Distances between what the champion learned from and what came since, and what results say."""

    target: str
    champion: str
    made_at: str
    reference: tuple[str, str, int]
    present: tuple[str, str, int]
    distances: Sequence[Distance]
    unknown: Unknown
    found: Sequence[Found]
    calibration: Sequence[Month]
    shifts: Sequence[Shift]

    @property
    def drifted(self) -> list[str]:
        """Name what has drifted."""
        names = [f"{each.kind} {each.name}" for each in self.distances if each.drifted]
        names += ["text unknown words"] if self.unknown.drifted else []
        return names + [f"{each.kind} {each.month}" for each in drifted(self.shifts)]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "target": self.target, "champion": self.champion, "made_at": self.made_at,
            "reference": _period(self.reference), "present": _period(self.present), "drifted": self.drifted,
            "distances": [each.to_dict() for each in self.distances],
            "unknown_words": self.unknown.to_dict(),
            "found_by_month": [each.to_dict() for each in self.found],
            "calibration_by_month": [each.to_dict() for each in self.calibration],
            "results": [each.to_dict() for each in self.shifts],
        }  # fmt: skip


def drift_report(workshop: Workshop, model: RiskModel, name: str, span: Span | None = None) -> DriftReport:
    """Compare the lines of a span (default: all since) with the last ones the champion learned from.

    Raises TooFewLines where either has too few to tell drift from noise, PeriodOverlap where the span holds
    lines that it learned from.
    """
    step, last = workshop.progress.step, learned_until(model)
    span = span or Span(last + 1, now())
    refuse_overlap(model, span)
    with step("build history"):
        history = History.build(workshop.store)
    with step("score both periods as of then"):
        old = lately(workshop.store, history, model, Span(last - REFERENCE, last + 1))
        new = lately(workshop.store, history, model, span)
    with step("features, scores, contributions"):
        distances = list(distances_of(old, new, model))
    with step("texts"):
        texts = worded(old.lines), worded(new.lines)
        distances.append(word_distance(*texts, old.clusters, WORTH_PSI))
        unknown = unknown_words(*texts, old.clusters, WORTH_UNKNOWN)
    with step("results"):
        dataset = build_dataset(workshop.store, Target(model.target), new.span.until)
        calibration, whole = champion_by_month(dataset, history, model, new.span)
        shifts = results_moved(dataset, calibration, whole, (old.span, new.span))
    return DriftReport(
        model.target, name, show_instant(now()), _told(old), _told(new), distances, unknown,
        found_by_month(dataset), calibration, shifts,
    )  # fmt: skip


def distances_of(old: Lately, new: Lately, model: RiskModel) -> Iterator[Distance]:
    """Yield the distance of every feature, of the scores, and of each family's contributions."""
    owners, many = old.clusters
    draws = Draws.of(many, len(new) / len(old))
    logits = [log_odds_of(each.probability) for each in (old, new)]
    columns = [("score", "log-odds", logits[0], logits[1], False)]
    for at, name in enumerate(model.feature_spec.names):
        columns.append(("feature", name, old.values[:, at], new.values[:, at], CATALOG[name].dtype is str))
    for kind, name, before, after, coded in columns:
        first, second, bins = (code_bins if coded else number_bins)(before, after)
        counts = np.bincount(second, minlength=bins).astype(np.float64)
        yield distance((kind, name), by_cluster(first, owners, (many, bins)), counts, draws, WORTH_PSI)
    yield from _contributions(old, new)


def _contributions(old: Lately, new: Lately) -> Iterator[Distance]:
    """Compare the families' contributions of both periods' samples."""
    rows = np.unique(np.linspace(0, len(old) - 1, len(old.sample.values)).astype(int))
    owners, many = old.clusters
    draws = Draws.of(many, len(new.sample.values) / len(old.sample.values))
    before, after = old.sample.by_family(), new.sample.by_family()
    for family, values in before.items():
        first, second, bins = number_bins(values, after[family])
        counts = np.bincount(second, minlength=bins).astype(np.float64)
        reference = by_cluster(first, owners[rows], (many, bins))
        yield distance(("contribution", family), reference, counts, draws, WORTH_PSI)


def _told(lines: Lately) -> tuple[str, str, int]:
    declared = lines.lines["happened_at"]
    return show_instant(int(declared.min()))[:10], show_instant(int(declared.max()))[:10], lines.declared


def _period(told: tuple[str, str, int]) -> dict[str, Any]:
    return {"from": told[0], "until": told[1], "lines": told[2]}
