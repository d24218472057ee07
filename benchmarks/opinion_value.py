"""What opinions add: the same columns with no opinion, with what sources stated, and with texts read.

python -m benchmarks.opinion_value [--lines N] [--seeds S …] [--json OUT]

Columns were chosen on ports of seeds 1, 4 to 9 and 30 to 39, and seeds 2, 3 and 10 to 27 were looked at
since: those judged by default are new.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.announced import Announced, announced_in, earlier
from benchmarks.paired import Gains, compared, pooled
from benchmarks.rows import tell
from benchmarks.simulated_port import prepared
from features.catalog import MODEL_FEATURES
from features.history import History
from features.history.standing import Standing
from features.opinions.reading import Reading
from features.records import Opinion
from features.store.archive import read_archive
from features.store.database import Store
from models.risk_model import RiskModel
from models.spec import ModelSpec, Target
from training.candidate import Bench, make_candidate
from training.dataset import build_dataset
from training.encode import encode
from training.judge import Scored, lookup, read_truth, score_all
from training.period import Period, Span
from training.progress import SILENT
from training.split import split_out_of_time
from training.text_risk import fit_name_risk

RESAMPLES = 1000
VIEWS = ("no opinions", "sources alone", "texts read")
BEST = "p_observable"
"""The best that the records allow as the truth has it, texts read without error."""


def heard(store: Store, view: str) -> History:
    """Count opinions as a view has them: not at all, as their sources filled them in, or as read."""
    if view == "texts read":
        return History.build(store)
    if view == "no opinions":
        return _with(store, lambda _: {})
    return _with(store, lambda sequences: _stated(store, sequences))


def _with(store: Store, read: Any) -> History:
    return History(store, Standing.of(read_archive(store), read), read)


def _stated(store: Store, sequences: Sequence[int]) -> dict[int, Reading]:
    """Read nothing: a complaint is what is not praise, and each may tell of a hazard."""
    found = {}
    for start in range(0, len(sequences), 500):
        for revision in store.at_sequences(sequences[start : start + 500]):
            opinion = revision.record
            if isinstance(opinion, Opinion):
                found[revision.sequence] = Reading(
                    complaint=opinion.praise is not True,
                    severity=opinion.severity or 1,
                    injury=1,
                    injured=opinion.injured or 0,
                )
    return found


def judge_port(lines: int, seed: int, home: Path) -> tuple[dict[str, Scored], Announced]:
    """Train one model a view on the same rows, folds and columns; score all later lines."""
    until, judged_from = prepared(lines, seed, home)
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    truth = read_truth(home / "port" / "truth.parquet")
    period = Period.of_days(until)
    dataset = build_dataset(store, Target.NONCONFORMING, period.until)
    folds, name_risk = split_out_of_time(dataset), fit_name_risk(store, Target.NONCONFORMING, period.until)
    scored = {}
    for view in VIEWS:
        history = heard(store, view)
        encoded = encode(dataset, history, MODEL_FEATURES, name_risk=name_risk)
        bench = Bench(dataset, encoded, folds, ModelSpec(threads=1), SILENT)
        model: RiskModel = make_candidate(bench, keep_test=False).model
        scored[view] = score_all(store, history, model, Span.of_days(judged_from, None), truth)
    store.close()
    ids, declared_at = scored[VIEWS[0]].ids, scored[VIEWS[0]].declared_at
    scores = {view: each.probability for view, each in scored.items()}
    scores[BEST] = lookup(truth.observable, ids)
    return scored, announced_in(home / "port", ids, declared_at, scores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[*range(50, 66)])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    gains: Gains = {}
    ports = []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            scored, told = judge_port(arguments.lines, seed, Path(folder))
        ports.append(told)
        rows += compared(f"port of {arguments.lines:,}, seed {seed}", scored, gains, RESAMPLES)
    gains[f"{VIEWS[2]}, less {VIEWS[1]}"] = [
        read - stated for read, stated in zip(gains[VIEWS[2]], gains[VIEWS[1]], strict=True)
    ]
    rows += pooled(gains)
    for view in (*VIEWS[1:], BEST):
        rows += earlier(ports, VIEWS[0], view)
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
