"""Labels of chosen lines on simulated ports: three ways to train, and three estimates beside the truth.

python -m benchmarks.selection_bias [--lines N --seeds S ...] [--json OUT]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from benchmarks.rows import tell
from benchmarks.simulated_port import prepared
from features.history import History
from features.store.database import Store
from models.spec import Handling, ModelSpec, Target
from training.candidate import Bench, make_candidate
from training.dataset import build_dataset
from training.encode import encode
from training.evaluate import Report, evaluate
from training.figures import average_precision, resampled_gains
from training.judge import Scored, Truth, judged_inspected, lookup, read_truth, score_all
from training.period import Period, Span
from training.progress import SILENT
from training.selection import Observed, estimate_propensity, population_of
from training.split import split_out_of_time
from training.text_risk import fit_name_risk

Floats = NDArray[np.float64]

PORTS: tuple[tuple[int, tuple[int, ...]], ...] = ((200_000, (1, 2)), (60_000, (2, 3, 4, 5, 6, 7)))
RESAMPLES = 200
SHOWN = ("average_precision", "precision_at_5pct", "calibration_slope", "observed_over_expected_top_5pct")
ESTIMATES = {
    "naive": "inspected lines as they are",
    "random_part": "the lines drawn at random",
    "weighted": "inverse chances of inspection, clipped",
    "corrected": "inverse chances given the outcome too",
}
CAUGHT = 0.907
"""Share of defects that an inspection at the usual depth finds here (on site 0.88, laboratory 0.97)."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One port: all later lines scored by each way to train, and how inspected ones judge the product's."""

    scored: Mapping[Handling, Scored]
    reports: Mapping[str, Report]
    truth: Truth
    hint: float


def trial(lines: int, seed: int, work: Path) -> Trial:
    """Simulate a port, train on its first part in each way, and judge on all later lines."""
    until, judged_from = prepared(lines, seed, work)
    store = Store.open(f"sqlite:///{work / 'customs-risk.db'}")
    period, history = Period.of_days(until), History.build(store)
    dataset = build_dataset(store, Target.NONCONFORMING, period.until)
    names = fit_name_risk(store, Target.NONCONFORMING, period.until)
    encoded = encode(dataset, history, name_risk=names)
    population = population_of(store, history, dataset, encoded.table.values, encoded.spec)
    observed = Observed(population, estimate_propensity(population, threads=1))
    truth, span = read_truth(work / "port" / "truth.parquet"), Span.of_days(judged_from, None)
    scored: dict[Handling, Scored] = {}
    for handling in Handling:
        spec = ModelSpec(threads=1, selection=handling)
        bench = Bench(dataset, encoded, split_out_of_time(dataset), spec, SILENT, observed)
        candidate = make_candidate(bench, keep_test=False)
        scored[handling] = score_all(store, history, candidate.model, span, truth)
        if handling is ModelSpec().selection:
            hint = candidate.correction.hint
            report, _ = judged_inspected(store, history, candidate.model, span)
    store.close()
    return Trial(scored, {"naive": report, **report.parts}, truth, hint.size)


def run(lines: int, seeds: list[int]) -> list[dict[str, Any]]:
    """Return the section's rows: each port, then all of them."""
    trials: dict[int, Trial] = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            trials[seed] = trial(lines, seed, Path(folder))
        print(f"port {seed} done", file=sys.stderr)
    where = f"{lines:,} lines"
    rows = [*ways(trials), *estimates(trials)]
    return [{"ports": where, **row} for row in rows]


def ways(trials: Mapping[int, Trial]) -> list[dict[str, Any]]:
    """Set the ways to train beside each other on all later lines, by the truth."""
    rows = [row for handling in Handling for row in _way(handling, trials)]
    seen = [(each.scored[Handling.AS_FOUND], each.truth) for each in trials.values()]
    best = [average_precision(one.positive, lookup(truth.observable, one.ids)) for one, truth in seen]
    rows.append(_row("p_observable: average_precision", np.array(best), "the best that records allow"))
    hints = np.array([each.hint for each in trials.values()])
    return [*rows, _row("unrecorded reasons, size measured", hints, "0.6 in the simulator's policy")]


def _way(handling: Handling, trials: Mapping[int, Trial]) -> list[dict[str, Any]]:
    """Judge one way to train by the truth, and beside taking labels as found."""
    scored = [each.scored[handling] for each in trials.values()]
    judged = [evaluate(one.positive, one.probability) for one in scored]
    way, truth = f"trained {handling}", "all later lines, truth"
    rows = [_row(f"{way}: {figure}", np.array([each[figure] for each in judged]), truth) for figure in SHOWN]
    ratio = np.array([one.positive.mean() / one.probability.mean() for one in scored])
    losses = np.array([_loss(one) for one in scored])
    rows.append(_row(f"{way}: observed over expected, all lines", ratio, _ideal()))
    rows.append(_row(f"{way}: log loss", losses, "smaller is better"))
    if handling is not Handling.AS_FOUND:
        found = np.array([_loss(each.scored[Handling.AS_FOUND]) for each in trials.values()])
        rows.append(_row(f"{way}: paired difference in log loss", losses - found, "against as_found"))
        rows.append(_gain(handling, trials))
    return rows


def estimates(trials: Mapping[int, Trial]) -> list[dict[str, Any]]:
    """Set what inspected lines say of the product's model beside the truth, figure by figure."""
    handling, rows = ModelSpec().selection, []
    for figure in SHOWN:
        true = {}
        for seed, each in trials.items():
            one = each.scored[handling]
            true[seed] = evaluate(one.positive, one.probability)[figure]
        rows.append(_row(f"{figure}: truth", np.array(list(true.values())), "all later lines"))
        for name, told in ESTIMATES.items():
            seen = {seed: each.reports[name] for seed, each in trials.items() if name in each.reports}
            error = np.array([report[figure] - true[seed] for seed, report in seen.items()])
            held = sum(
                report.intervals[figure][0] <= true[seed] <= report.intervals[figure][1]
                for seed, report in seen.items()
            )
            values = np.array([report[figure] for report in seen.values()])
            missed = f"root mean square error {np.sqrt(np.nanmean(error**2)):.3f}"
            note = f"{told}; {missed}; interval held the truth on {held} of {len(seen)} ports"
            rows.append(_row(f"{figure}: estimate {name}", values, note))
    return rows


def _gain(handling: Handling, trials: Mapping[int, Trial]) -> dict[str, Any]:
    """Say by how much a way ranks better than taking labels as found, paired, within the ports."""
    gains = []
    for each in trials.values():
        base, ours = each.scored[Handling.AS_FOUND], each.scored[handling]
        gains.append(resampled_gains(base.positive, ours.probability, base.probability, resamples=RESAMPLES))
    points = [
        average_precision(each.scored[handling].positive, each.scored[handling].probability)
        - average_precision(each.scored[handling].positive, each.scored[Handling.AS_FOUND].probability)
        for each in trials.values()
    ]
    low, high = np.quantile(np.mean(gains, axis=0), (0.025, 0.975))
    note = f"95 % interval [{low:+.4f}, {high:+.4f}] within the ports; against as_found"
    return _row(f"trained {handling}: paired difference in average precision", np.array(points), note)


def _loss(scored: Scored) -> float:
    chance = np.where(scored.positive, scored.probability, 1 - scored.probability)
    return float(-np.log(np.maximum(chance, 1e-12)).mean())


def _ideal() -> str:
    return f"inspections find {CAUGHT:.0%} of defects: {1 / CAUGHT:.2f} is right for what they find"


def _row(figure: str, values: Floats, note: str) -> dict[str, Any]:
    """Return a row: the mean over ports with an interval by Student's t where there are three, and each."""
    mean, interval = float(np.nanmean(values)), ""
    if len(values) > 2:
        half = t.ppf(0.975, len(values) - 1) * np.nanstd(values, ddof=1) / np.sqrt(len(values))
        interval = f"[{mean - half:.3f}, {mean + half:.3f}]"
    return {
        "figure": figure,
        "mean over ports": mean,
        "95 % interval": interval,
        "each port": ", ".join(f"{value:.3f}" for value in values),
        "note": note,
    }


def main() -> None:
    """Run and show the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, help="ports of this size only")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    ports = PORTS if arguments.lines is None else ((arguments.lines, tuple(arguments.seeds)),)
    rows = [row for lines, seeds in ports for row in run(lines, list(seeds))]
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
