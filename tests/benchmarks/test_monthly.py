"""Models trained again each month beside one trained once: which months there are, and how they are told."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from benchmarks.monthly import CALIBRATION, Judged, compared, later_months, means


def drawn(seed: int, count: int = 3_000) -> Judged:
    random = np.random.default_rng(seed)
    chance = random.beta(1, 12, count)
    months = np.where(np.arange(count) < count // 3, "2026-04", "2026-05")
    return Judged(months, chance, chance, random.random(count) < chance)


def test_months_after_the_first_are_whole_and_end_with_the_last() -> None:
    found = list(later_months(dt.date(2025, 11, 20), "2026-02"))
    assert found == [
        (dt.date(2025, 12, 1), dt.date(2025, 12, 31)),
        (dt.date(2026, 1, 1), dt.date(2026, 1, 31)),
        (dt.date(2026, 2, 1), dt.date(2026, 2, 28)),
    ]
    assert list(later_months(dt.date(2026, 2, 1), "2026-02")) == []


def test_lines_that_fail_as_often_as_said_have_calibration_of_one() -> None:
    figures = drawn(1).figures()
    assert figures[:CALIBRATION] == pytest.approx(np.ones(CALIBRATION), abs=1e-6)


def test_both_ways_to_train_are_judged_on_the_same_months() -> None:
    right = drawn(1)
    timid = Judged(right.months, right.probability / 2, right.chance, right.positive)
    half = Judged.together([timid.month("2026-04"), right.month("2026-05")])
    _, _, level, ranking = compared(half, timid, 7)
    assert level["benchmark"] == "port, seed 7, trained again each month: observed over expected all"
    assert 1 < level["ours"] < level["peer"] == pytest.approx(2)
    assert level["note"] == (
        "by month 2.00 1.00 (1 of 2 in 0.95 to 1.05); trained once 2.00 2.00 (0 of 2 in 0.95 to 1.05)"
    )
    first, second = ranking["note"].removeprefix("by month ").split("; trained once ")
    assert first == second, "half as much ranks alike"


def test_means_say_how_far_ports_lie_from_one() -> None:
    right = drawn(1)
    timid, bold = (
        Judged(right.months, right.probability * by, right.chance, right.positive) for by in (0.5, 2)
    )
    _, _, level, ranking = means([(right, timid), (right, bold)])
    assert level["ours"] == pytest.approx(1)
    assert level["peer"] == pytest.approx((2 + 0.5) / 2)
    apart = np.sqrt((1 + 0.25) / 2)
    assert level["note"] == f"mean of 2 ports; root mean square from 1: 0.000, trained once {apart:.3f}"
    assert ranking["note"] == "mean of 2 ports"
