"""A candidate model: learnt on the earlier folds, judged on the test fold, then taught all it may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from features.instants import Instant
from models.calibration import Platt
from models.reference import Reference
from models.risk_model import RiskModel
from models.spec import Handling, ModelSpec
from training.calibrate import (
    PlattLines,
    calibrate,
    calibrate_to,
    probabilities,
    risen_by,
    scale_between,
    slope_holds,
    tells_a_slope,
)
from training.clusters import Clusters
from training.dataset import Dataset
from training.encode import Encoded
from training.fit import Recipe, Table, learn, relearn
from training.members import members
from training.policy import CalibrationPolicy, gate_policy
from training.progress import Progress
from training.selection import Correction, Observed, correction_of, uncorrected
from training.selection.population import FEWEST
from training.split import Folds

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A model to register, and how the like of it did on the test fold.

    `tested` are the test fold's probabilities from a model that never saw the fold; `learned_until` is the
    last declaration that taught or calibrated the model to register; `refitted` says whether that holds more
    rows than the fit fold. `given` are the tested probabilities once it is known why each line was
    inspected, which is what its outcome can be held against; `correction` is what was corrected for that,
    and `known` the out-of-time margins (n + m,) that calibrated the model, NaN where there is none.
    """

    model: RiskModel
    recipe: Recipe
    tested: Floats
    learned_until: Instant
    refitted: bool
    given: Floats
    correction: Correction
    known: Floats
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
    observed: Observed | None = None
    """Who was inspected and who was not; without it labels are taken as they are."""
    slopes: CalibrationPolicy = field(default_factory=lambda: gate_policy().calibration)
    """By which the calibration of the first fit may stay for its refit."""

    @property
    def directions(self) -> Sequence[str]:
        """Each row's direction."""
        return [str(way) for way in self.dataset.lines["direction"]]

    @property
    def trust(self) -> Floats:
        """The chance (n,) that each row's label is right."""
        trust = self.dataset.trust
        return trust if len(trust) else np.ones(len(self.dataset))

    def margins(self, booster: lgb.Booster, rows: Mask) -> Floats:
        """Return raw margins of some rows."""
        return self.predict(booster, self.encoded.table.values[rows])

    def predict(self, booster: lgb.Booster, values: Floats) -> Floats:
        """Return raw margins of lines whose frame is `values`."""
        margins = booster.predict(values, raw_score=True, num_threads=self.spec.threads)
        return np.asarray(margins, dtype=np.float64)

    def ways(self, rows: Mask) -> list[str]:
        """Return the directions of some rows."""
        return np.asarray(self.directions)[rows].tolist()


def make_candidate(bench: Bench, *, keep_test: bool) -> Candidate:
    """Fit, calibrate and test; then fit again on every earlier row, and on the test fold unless it is kept.

    The calibration of the first fit stays unless results of the last gap speak against it for the refitted
    model; then the first fit itself is the candidate. The test fold chooses neither: the gate judges by it.
    """
    folds, table, spec = bench.folds, weighted_table(bench), bench.spec
    first, recipe, judged = learn(table, members(bench.encoded.spec), spec, folds, bench.progress)
    early = _with_passed_over(bench, judged, first, ("stop", "calibrate"))
    before, every = folds.before_test, np.ones(len(folds.test), dtype=bool)
    second = relearn(table, recipe, spec, rows=before, progress=bench.progress)
    known = _risen(bench, early, early, second)
    lines, correction = calibrated(bench, known)
    late = np.full(len(every), np.nan)
    late[folds.late] = bench.margins(second, folds.late)
    tested, given = _tested(bench, late, folds.test, (lines, correction))
    if not _refit_holds(bench, late, (lines, correction)):
        late[folds.late] = bench.margins(first, folds.late)
        lines, correction = calibrated(bench, early)
        tested, given = _tested(bench, late, folds.test, (lines, correction))
        used = folds.fit | folds.stop | folds.calibrate
        model, last = _model(bench, first, lines, correction), _last(bench, used)
        return Candidate(model, recipe, tested, last, False, given, correction, early)
    if keep_test:
        model, last = _model(bench, second, lines, correction), _last(bench, before)
        return Candidate(model, recipe, tested, last, True, given, correction, known)
    third = relearn(table, recipe, spec, rows=every, progress=bench.progress)
    late = _with_passed_over(bench, late, second, ("gap", "test"))
    known = np.where(np.isfinite(late), late, _as_refitted(bench, first, late).log_odds(early))
    known = _risen(bench, known, late, third)
    lines, correction = calibrated(bench, known)
    model, last = _model(bench, third, lines, correction), _last(bench, every)
    return Candidate(model, recipe, tested, last, True, given, correction, known)


def weighted_table(bench: Bench) -> Table:
    """Return the bench's table, its rows weighted by the trust in their labels, and where settings ask for it
    by their chances of inspection; unweighted where nothing is in doubt."""
    table, observed, trust = bench.encoded.table, bench.observed, bench.trust
    weight = trust
    if bench.spec.selection is Handling.WEIGHTED and observed is not None:
        weight = trust * observed.weights()
    if (weight == 1).all():
        return table
    return replace(table, weight=weight / weight.mean())


def calibrated(bench: Bench, margins: Floats) -> tuple[PlattLines, Correction]:
    """Calibrate on lines with out-of-sample margins, rows (n,) then those passed over, NaN elsewhere.

    Where selection is corrected, results of the rows say what chance of failing every line has, and the lines
    are fitted to that. The stop fold chose the number of trees. It calibrates only there: its lines that
    nobody chose are needed more than its margins are flattered.
    """
    positive, observed, trust = bench.dataset.positive, bench.observed, bench.trust
    ignored = bench.spec.selection is Handling.AS_FOUND
    if ignored or observed is None or not observed.population.selected:
        newest = bench.dataset.lines["happened_at"] >= bench.folds.starts["calibrate"]
        rows = np.isfinite(margins[: len(positive)]) & newest
        found = margins[: len(positive)][rows], positive[rows], bench.ways(rows)
        return calibrate(*found, trust[rows]), uncorrected()
    correction = correction_of(observed, margins, positive, trust)
    known, every = np.isfinite(margins), observed.population
    chances = observed.chances(correction.outcomes, margins)
    told = margins[known], chances[known], every.directions[known].tolist()
    lines = calibrate_to(*told, every.weight[known])
    rows = known[: len(positive)]
    seen = margins[: len(positive)][rows]
    return lines, correction.with_lift(seen, rows, probabilities(lines, seen, bench.ways(rows)))


def _as_refitted(bench: Bench, first: lgb.Booster, late: Floats) -> Platt:
    """Return the scale on which the first fit's margins are those of the refit, `late` (n + m,).

    Where labels count as they are found, lines passed over tell nothing.
    """
    observed, unseen = bench.observed, bench.folds.late
    before = np.full(len(unseen), np.nan)
    before[unseen] = bench.margins(first, unseen)
    before = _with_passed_over(bench, before, first, ("gap", "test"))
    weight = np.ones(len(before)) if observed is None else observed.population.weight
    rows = np.isfinite(late)
    if bench.spec.selection is Handling.AS_FOUND:
        weight = np.ones(len(before))
        rows[len(bench.dataset) :] = False
    return scale_between(before[rows], late[rows], bench.dataset.positive[unseen], weight[rows])


def _risen(bench: Bench, known: Floats, seen: Floats, refit: lgb.Booster) -> Floats:
    """Return known margins (n + m,) as high as a refit's: it must expect as many failures as the fit before.

    Lines passed over tell, as they taught neither: those with margins `seen` (n + m,) by the fit before.
    Where hardly any was passed over in that time, or labels count as they are found, nothing tells.
    """
    observed = bench.observed
    if observed is None or not observed.population.selected or bench.spec.selection is Handling.AS_FOUND:
        return known
    every, rows = observed.population, np.flatnonzero(np.isfinite(seen))
    over = rows[rows >= len(bench.dataset)]
    if len(over) < FEWEST:
        return known
    lines, _ = calibrated(bench, known)
    ways, weight = every.directions[over].tolist(), every.weight[over]
    wanted = float(np.dot(weight, probabilities(lines, seen[over], ways)))
    return known + risen_by(lines, bench.predict(refit, every.values[over]), ways, weight, wanted)


def _with_passed_over(bench: Bench, known: Floats, booster: lgb.Booster, folds: Sequence[str]) -> Floats:
    """Return margins known of rows (n,), and a booster's of lines passed over in the time of some folds."""
    every = bench.observed.population if bench.observed else None
    margins = np.full(len(every.values) if every else len(known), np.nan)
    margins[: len(known)] = known
    if every is not None and every.selected:
        for fold in folds:
            over = len(known) + np.flatnonzero(bench.folds.during(fold, every.as_of[len(known) :]))
            margins[over] = bench.predict(booster, every.values[over])
    return margins


def _refit_holds(bench: Bench, late: Floats, calibration: tuple[PlattLines, Correction]) -> bool:
    """Say whether the first fit's calibration may stay for the refit, whose margins `late` (n,) are.

    Lines of the last gap say so, which taught neither, by results that came after the test began, too: of
    those known before most are passes. With few failures, or passes, nothing is said.
    """
    gap = bench.folds.during("gap", bench.dataset.as_of) & np.isfinite(late) & ~bench.folds.test
    positive = bench.dataset.positive[gap]
    if not tells_a_slope(positive):
        return True
    _, given = _tested(bench, late, gap, calibration)
    return slope_holds(positive, given, bench.slopes, Clusters.by_consignee(bench.dataset.lines.take(gap)))[0]


def _tested(
    bench: Bench, margins: Floats, rows: Mask, calibration: tuple[PlattLines, Correction]
) -> tuple[Floats, Floats]:
    """Return probabilities of some rows by margins (n,), and those given why each was inspected."""
    lines, correction = calibration
    shown = probabilities(lines, margins[rows], bench.ways(rows))
    return shown, correction.given(margins[rows], rows, shown)


def _model(bench: Bench, booster: lgb.Booster, lines: PlattLines, correction: Correction) -> RiskModel:
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
        card={"selection": correction.to_card(str(bench.spec.selection))},
    )


def _last(bench: Bench, rows: Mask) -> Instant:
    return int(bench.dataset.lines["happened_at"][rows].max())
