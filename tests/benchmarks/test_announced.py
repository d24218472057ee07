from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.announced import Announced, announced_in, days_waited, earlier, percentiles, shares_taken
from features.instants import DAY


def _port(days, scores, batches):
    scores = {name: np.array(score, dtype=float) for name, score in scores.items()}
    return Announced(np.array(days, dtype=float), scores, [np.array(rows) for rows in batches])


@pytest.fixture
def hundred():
    """A hundred lines, one a day; a batch of lines 10, 20 and 30, another of line 50 alone."""
    flat, keen = np.zeros(100), np.zeros(100)
    flat[90:] = np.arange(1, 11)
    keen[90:] = np.arange(1, 11)
    keen[[20, 50]] = 99
    return _port(range(100), {"flat": flat, "keen": keen}, [[10, 20, 30], [50]])


def test_a_batch_waits_until_its_first_line_in_the_plan_else_until_its_last(hundred) -> None:
    assert days_waited(hundred, "flat", 0.05).tolist() == [20, 0]
    assert days_waited(hundred, "keen", 0.05).tolist() == [10, 0]


def test_lines_taken_and_percentiles_speak_of_the_batch_alone(hundred) -> None:
    assert shares_taken(hundred, "flat").tolist() == [0, 0]
    assert shares_taken(hundred, "keen")[1] > 0.9
    assert percentiles(hundred, "keen")[1] > 98 > percentiles(hundred, "flat")[1]


def test_days_saved_are_a_mean_over_batches_with_both_intervals(hundred) -> None:
    rows = {each["benchmark"]: each for each in earlier([hundred, hundred], "flat", "keen")}
    day = rows["announced bad batches: days until caught, 5% inspected, keen"]
    assert (day["ours"], day["peer"]) == (5, 10)
    assert "saved +5.00" in day["note"]
    assert "over 4 batches" in day["note"]
    same = earlier([hundred], "flat", "flat")[0]
    assert "saved +0.00, 95 % interval [+0.00, +0.00]" in same["note"]


def test_a_port_without_announced_batches_says_so(hundred) -> None:
    (told,) = earlier([_port(hundred.day, hundred.scores, [])], "flat", "keen")
    assert told["ours"] is None
    assert "no bad batch" in told["note"]


def test_only_genuine_first_complaints_announce_and_only_lines_after_them_count(tmp_path) -> None:
    """Batch 1 is bad and complained of on day 2; its repeat and complaints of others announce nothing."""
    pq.write_table(
        pa.table({"id": list("abcdef"), "batch_id": [1, 1, 1, 2, 3, 4]}), tmp_path / "truth.parquet"
    )
    told = [
        ("o1", "real", True, 1, False, 2),
        ("o2", "real", True, 1, True, 0),
        ("o3", "unfounded", True, 2, False, 0),
        ("o4", "real", False, 3, False, 0),
    ]
    names = ("id", "sort", "batch_bad", "batch_id", "is_duplicate")
    rows = [dict(zip(names, each, strict=False)) for each in told]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "truth_opinions.parquet")
    known = {"id": [each[0] for each in told], "known_at": [each[-1] * DAY for each in told]}
    pq.write_table(pa.table(known), tmp_path / "opinions.parquet")
    declared = np.array([5, 1, 3, 4, 4, 4]) * DAY
    ids = np.array(list("abcdef"), dtype=object)
    port = announced_in(tmp_path, ids, declared, {"all": np.arange(6.0)})
    assert [rows.tolist() for rows in port.batches] == [[1, 5]]
    assert port.day.tolist() == [1, 3, 4, 4, 4, 5]
    assert port.scores["all"].tolist() == [1, 2, 3, 4, 5, 0]
