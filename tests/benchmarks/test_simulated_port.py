from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.simulated_port import by_month, share_found
from features.instants import DAY, parse_instant
from training.evaluate import evaluate
from training.judge import Scored, Truth


def test_each_month_is_judged_on_its_own_lines_with_its_own_interval() -> None:
    random = np.random.default_rng(1)
    count = 4_000
    declared = parse_instant("2026-04-01") + np.sort(random.integers(0, 61 * DAY, count))
    probability = random.beta(1, 8, count)
    late = declared >= parse_instant("2026-05-01")
    positive = random.random(count) < np.where(late, np.minimum(2 * probability, 1), probability)
    ids = np.array([str(at) for at in range(count)], dtype=object)
    scored = Scored(ids, declared, positive, np.zeros(count, bool), probability, Counter())
    rows = {row["benchmark"]: row for row in by_month(scored, 0.9)}
    assert len(rows) == 8
    april, may = (
        rows[f"port: observed over expected top 5pct, all lines of 2026-0{month}"] for month in (4, 5)
    )
    assert abs(april["ours"] - 1) < 0.3 < may["ours"] - april["ours"]
    found = rows["port: observed over expected top 5pct of findings, all lines of 2026-05"]
    assert found["ours"] == pytest.approx(0.9 * may["ours"])
    slope, other = (rows[f"port: calibration slope{of}, all lines of 2026-04"] for of in ("", " of findings"))
    assert 0.9 < other["ours"] / slope["ours"] < 1, "misses flatten the top"
    report = evaluate(positive[late], probability[late])
    low, high = report.intervals["observed_over_expected_top_5pct"]
    assert f"[{low:.2f}, {high:.2f}]; {positive[late].sum()} positives of {late.sum()}" in may["note"]


def test_a_month_without_failures_has_no_row() -> None:
    declared = np.full(50, parse_instant("2026-04-03"), dtype=np.int64)
    ids = np.array([str(at) for at in range(50)], dtype=object)
    nothing = np.zeros(50, bool)
    scored = Scored(ids, declared, nothing, nothing, np.linspace(0.1, 0.2, 50), Counter())
    assert by_month(scored, 0.9) == []


def test_the_share_found_counts_defective_lines_that_were_looked_at() -> None:
    told = [
        ("a", "on_site", "pending"), ("a", "on_site", "rectified"), ("b", "laboratory", "pass"),
        ("c", "on_site", "pass"), ("d", "document", "pass"), ("e", "laboratory", "destroyed"),
    ]  # fmt: skip
    inspections = pa.table(
        dict(zip(("declaration_id", "depth", "outcome"), zip(*told, strict=True), strict=True))
    )
    outcome = {"a": 1.0, "b": 1.0, "c": 0.0, "d": 1.0, "e": 1.0}
    assert share_found(inspections, Truth({}, {}, outcome)) == pytest.approx(2 / 3)
