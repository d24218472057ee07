"""A candidate model: learnt on the earlier folds, judged on the test fold, then taught all it may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from features.instants import Instant
from models.reference import Reference
from models.risk_model import RiskModel
from models.spec import ModelSpec
from training.calibrate import Lines, calibrate, probabilities, slope_holds
from training.dataset import Dataset
from training.encode import Encoded
from training.fit import Recipe, learn, relearn
from training.members import members
from training.progress import Progress
from training.split import Folds

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A model to register, and how the like of it did on the test fold.

    `tested` are the test fold's probabilities from a model that never saw the fold; `learned_until` is the
    last declaration that taught or calibrated the model to register; `refitted` says whether that holds more
    rows than the fit fold.
    """

    model: RiskModel
    recipe: Recipe
    tested: Floats
    learned_until: Instant
    refitted: bool
    slope: float
    hazards: Mapping[str, Any] = field(default_factory=dict)
    """What the card says of its hazard model, its `figures` on the test fold among it."""


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """What a candidate is made on: rows, their frame, the folds, the settings, and where progress goes."""

    dataset: Dataset
    encoded: Encoded
    folds: Folds
    spec: ModelSpec
    progress: Progress

    @property
    def directions(self) -> Sequence[str]:
        """Each row's direction."""
        return [str(way) for way in self.dataset.lines["direction"]]

    def margins(self, booster: lgb.Booster, rows: Mask) -> Floats:
        """Return raw margins of some rows."""
        margins = booster.predict(
            self.encoded.table.values[rows], raw_score=True, num_threads=self.spec.threads
        )
        return np.asarray(margins, dtype=np.float64)

    def ways(self, rows: Mask) -> list[str]:
        """Return the directions of some rows."""
        return np.asarray(self.directions)[rows].tolist()


def make_candidate(bench: Bench, *, keep_test: bool) -> Candidate:
    """Fit, calibrate and test; then fit again on every earlier row, and on the test fold unless it is kept.

    The calibration of the first fit stays only if its slope holds for the refitted model on the test fold;
    otherwise the first fit itself is the candidate.
    """
    folds, table, spec = bench.folds, bench.encoded.table, bench.spec
    first, recipe = learn(table, members(bench.encoded.spec), spec, folds, bench.progress)
    early = bench.margins(first, folds.calibrate)
    lines = calibrate(early, bench.dataset.positive[folds.calibrate], bench.ways(folds.calibrate))
    before = folds.before_test
    second = relearn(table, recipe, spec, rows=before, progress=bench.progress)
    late = bench.margins(second, folds.test)
    tested = probabilities(lines, late, bench.ways(folds.test))
    holds, slope, _ = slope_holds(bench.dataset.positive[folds.test], tested)
    if not holds:
        tested = probabilities(lines, bench.margins(first, folds.test), bench.ways(folds.test))
        used = folds.fit | folds.stop | folds.calibrate
        return Candidate(_model(bench, first, lines), recipe, tested, _last(bench, used), False, slope)
    if keep_test:
        return Candidate(_model(bench, second, lines), recipe, tested, _last(bench, before), True, slope)
    third = relearn(table, recipe, spec, rows=before | folds.test, progress=bench.progress)
    rows = [folds.calibrate, folds.test]
    outcomes = np.concatenate([bench.dataset.positive[fold] for fold in rows])
    lines = calibrate(
        np.concatenate([early, late]), outcomes, [way for fold in rows for way in bench.ways(fold)]
    )
    return Candidate(
        _model(bench, third, lines), recipe, tested, _last(bench, before | folds.test), True, slope
    )


def _model(bench: Bench, booster: lgb.Booster, lines: Lines) -> RiskModel:
    recent = bench.dataset.recent.lines
    ways = [str(way) for way in recent["direction"]]
    margins = np.asarray(booster.predict(bench.encoded.recent, raw_score=True), dtype=np.float64)
    regimes = [str(regime) for regime in recent["regime"]]
    return RiskModel(
        target=str(bench.spec.target),
        feature_spec=bench.encoded.spec,
        booster=booster,
        calibrations=lines,
        reference=Reference.fit(probabilities(lines, margins, ways), ways, regimes),
    )


def _last(bench: Bench, rows: Mask) -> Instant:
    return int(bench.dataset.lines["happened_at"][rows].max())
