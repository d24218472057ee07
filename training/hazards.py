"""Teaching which hazard nonconforming goods have: shares by heading, trees, a scale from later rows.

Trees are few and small, start from the shares, and stay only if they help beyond doubt on later rows; what
was found elsewhere, with goods but without a declaration, counts for the shares alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from features.instants import Instant
from features.store.archive import Archive
from features.terms import Kind
from models.hazards import HAZARDS, HazardCounts, HazardModel, softmax
from models.spec import ModelSpec
from training.candidate import Bench, Candidate
from training.findings import Findings, read_findings
from training.hazard_figures import hazard_figures, row_losses

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

EVER = np.iinfo(np.int64).max
REPORTED = 0.5
"""What a finding made elsewhere counts against one at the port: other goods are looked at there."""
FEWEST = 10
"""Findings with which a hazard gets trees of its own."""
FEWEST_ROWS = 100
"""Findings from which on trees are tried at all."""
ROUNDS, PATIENCE = 60, 10
SETTINGS = {
    "objective": "multiclass",
    "learning_rate": 0.1,
    "num_leaves": 4,
    "min_data_in_leaf": 10,
    "lambda_l2": 10.0,
    "feature_fraction": 0.3,
    "cat_smooth": 50.0,
    "cat_l2": 50.0,
    "min_data_per_group": 50,
    "max_cat_threshold": 8,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
SPREAD = 0.3
"""How far the logarithm of the slope, and each bias, may stray: the deviation of their normal priors."""


@dataclass(frozen=True, slots=True, eq=False)
class HazardTable:
    """The rows of a bench with what was found wrong with them."""

    bench: Bench
    findings: Findings

    def known(self, rows: Mask, before: Instant = EVER) -> NDArray[np.intp]:
        """Return the positions of those rows whose hazard was known before an instant."""
        found = (self.findings.hazard >= 0) & self.bench.dataset.positive
        return np.flatnonzero(rows & found & (self.findings.known_at < before))

    def counts(self, rows: NDArray[np.intp], before: Instant = EVER) -> HazardCounts:
        """Count the findings of rows, and those made elsewhere that were known before an instant."""
        found = self.findings
        early = np.flatnonzero(found.reported_at < before)
        codes = [*self.codes(rows), *(found.codes[at] for at in early)]
        places = np.concatenate([found.hazard[rows], found.reported[early]])
        return HazardCounts.of(codes, places.tolist(), [1.0] * len(rows) + [REPORTED] * len(early))

    def codes(self, rows: NDArray[np.intp]) -> list[str]:
        """Return the HS codes of rows."""
        return [str(code) for code in self.bench.dataset.lines["hs_code"][rows]]

    def values(self, rows: NDArray[np.intp]) -> Floats:
        """Return the features of rows."""
        return self.bench.encoded.table.values[rows]

    def hazard(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the hazards of rows."""
        return self.findings.hazard[rows]


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """A hazard model, its figures on the test rows, and how many findings of each hazard taught it."""

    model: HazardModel
    figures: Mapping[str, float]
    support: Mapping[str, int]
    unnamed: int

    def to_card(self) -> dict[str, Any]:
        """Return what a model card says of it."""
        shown = {name: float(value) if np.isfinite(value) else None for name, value in self.figures.items()}
        told = {"findings": self.model.findings, "support": dict(self.support), "unnamed": self.unnamed}
        return {**told, "trees_for": list(self.model.taught), "figures": shown}


def teach_hazards(bench: Bench, findings: Findings, learned_until: Instant) -> Taught:
    """Learn before the stop fold, scale on the folds after it, judge on the test fold.

    Then every finding of lines declared until `learned_until`, and every one made elsewhere before, counts
    for the shares; trees and scale stay.
    """
    table, folds, starts = HazardTable(bench, findings), bench.folds, bench.folds.starts
    early = table.known(folds.fit, starts["stop"])
    later = table.known(folds.stop | folds.calibrate, starts["test"])
    plain = calibrated(HazardModel(table.counts(early, starts["stop"])), table, later)
    best = _better(plain, calibrated(with_trees(plain, table, early, later), table, later), table, later)
    figures = hazard_figures(best, *_rows(table, table.known(folds.test)))
    every = table.known(np.asarray(bench.dataset.lines["happened_at"] <= learned_until))
    support = np.bincount(table.hazard(every), minlength=len(HAZARDS))
    return Taught(
        replace(best, counts=table.counts(every, learned_until)),
        figures,
        {hazard: int(count) for hazard, count in zip(HAZARDS, support, strict=True) if count},
        findings.unnamed,
    )


def add_hazards(archive: Archive, bench: Bench, candidate: Candidate, until: Instant) -> Candidate:
    """Give a candidate its hazard model, from what was found until an instant."""
    lines = [str(line) for line in bench.dataset.lines["id"]]
    findings = read_findings(archive.others[Kind.NONCONFORMITY], lines, until)
    taught = teach_hazards(bench, findings, candidate.learned_until)
    model = replace(candidate.model, hazards=taught.model)
    return replace(candidate, model=model, hazards=taught.to_card())


def with_trees(
    model: HazardModel, table: HazardTable, rows: NDArray[np.intp], later: NDArray[np.intp]
) -> HazardModel:
    """Return the model with trees that correct its shares, as many as help on later rows; or as it is."""
    counted = np.bincount(table.hazard(rows), minlength=len(HAZARDS))
    taught = np.flatnonzero(counted >= FEWEST)
    rows, later = (some[np.isin(table.hazard(some), taught)] for some in (rows, later))
    if len(rows) < FEWEST_ROWS or len(taught) < 2 or not len(later):
        return model
    spec: ModelSpec = table.bench.spec
    settings = {**SETTINGS, "num_class": len(taught), "seed": spec.seed, "num_threads": spec.threads}
    fold = _dataset(model, table, rows, taught, leave_out=True)
    booster = lgb.train(
        settings,
        fold,
        ROUNDS,
        valid_sets=[_dataset(model, table, later, taught, fold=fold)],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
    text = booster.model_to_string(num_iteration=booster.best_iteration)
    return replace(model, text=text, taught=tuple(HAZARDS[place] for place in taught))


def _dataset(
    model: HazardModel,
    table: HazardTable,
    rows: NDArray[np.intp],
    taught: NDArray[np.intp],
    *,
    fold: lgb.Dataset | None = None,
    leave_out: bool = False,
) -> lgb.Dataset:
    """Lay rows out with log shares to start from; `leave_out` keeps each row's own finding out of them."""
    shares = [
        model.counts.shares(code, place if leave_out else None)
        for code, place in zip(table.codes(rows), table.hazard(rows).tolist(), strict=True)
    ]
    encoded = table.bench.encoded.table
    return lgb.Dataset(
        table.values(rows),
        np.searchsorted(taught, table.hazard(rows)),
        init_score=np.log(np.array(shares))[:, taught],
        reference=fold,
        feature_name=list(encoded.names),
        categorical_feature=list(encoded.categorical),
        params=SETTINGS,
    )


def calibrated(model: HazardModel, table: HazardTable, rows: NDArray[np.intp]) -> HazardModel:
    """Fit slope and biases on later rows, drawn towards 1 and 0: findings are few."""
    from scipy.optimize import minimize

    if not len(rows):
        return model
    logits, hazard = model.logits(table.values(rows), table.codes(rows)), table.hazard(rows)
    hit = np.eye(len(HAZARDS))[hazard]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slope, bias = np.exp(parameters[0]), parameters[1:]
        shares = softmax(slope * logits + bias)
        residual = shares - hit
        gradient = np.concatenate([[slope * (residual * logits).sum()], residual.sum(axis=0)])
        told = -np.log(shares[np.arange(len(rows)), hazard]).sum()
        return told + 0.5 * (parameters @ parameters) / SPREAD**2, gradient + parameters / SPREAD**2

    found = minimize(loss, np.zeros(1 + len(HAZARDS)), jac=True, method="L-BFGS-B").x
    return replace(model, slope=float(np.exp(found[0])), bias=tuple(found[1:].tolist()))


def _better(
    plain: HazardModel, other: HazardModel, table: HazardTable, rows: NDArray[np.intp]
) -> HazardModel:
    """Return the other model only where its gain on later rows is more than its standard error."""
    if not other.text or not len(rows):
        return plain
    gains = row_losses(plain, *_rows(table, rows)) - row_losses(other, *_rows(table, rows))
    return other if gains.mean() > gains.std() / np.sqrt(len(gains)) else plain


def _rows(table: HazardTable, rows: NDArray[np.intp]) -> tuple[Floats, list[str], NDArray[np.intp]]:
    return table.values(rows), table.codes(rows), table.hazard(rows)
