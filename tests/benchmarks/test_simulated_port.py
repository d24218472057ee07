from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks.simulated_port import by_month
from features.instants import DAY, parse_instant
from training.evaluate import evaluate
from training.judge import Scored


def test_each_month_is_judged_on_its_own_lines_with_its_own_interval() -> None:
    random = np.random.default_rng(1)
    count = 4_000
    declared = parse_instant("2026-04-01") + np.sort(random.integers(0, 61 * DAY, count))
    probability = random.beta(1, 8, count)
    late = declared >= parse_instant("2026-05-01")
    positive = random.random(count) < np.where(late, np.minimum(2 * probability, 1), probability)
    ids = np.array([str(at) for at in range(count)], dtype=object)
    scored = Scored(ids, declared, positive, np.zeros(count, bool), probability, Counter())
    rows = {row["benchmark"]: row for row in by_month(scored)}
    assert len(rows) == 4
    april, may = (
        rows[f"port: observed over expected top 5pct, all lines of 2026-0{month}"] for month in (4, 5)
    )
    assert abs(april["ours"] - 1) < 0.3 < may["ours"] - april["ours"]
    report = evaluate(positive[late], probability[late])
    low, high = report.intervals["observed_over_expected_top_5pct"]
    assert f"[{low:.2f}, {high:.2f}]; {positive[late].sum()} positives of {late.sum()}" in may["note"]


def test_a_month_without_failures_has_no_row() -> None:
    declared = np.full(50, parse_instant("2026-04-03"), dtype=np.int64)
    ids = np.array([str(at) for at in range(50)], dtype=object)
    nothing = np.zeros(50, bool)
    scored = Scored(ids, declared, nothing, nothing, np.linspace(0.1, 0.2, 50), Counter())
    assert by_month(scored) == []
