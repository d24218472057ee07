"""The cost of a training is split without counting anything twice."""

from __future__ import annotations

import importlib

import pytest

from benchmarks import training_cost
from benchmarks.training_cost import FIT, FIT_STEP, PARTS, Watch, table


class Clock:
    """CPU seconds that pass only when something works."""

    def __init__(self) -> None:
        self.now = 0.0

    def work(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(training_cost, "cpu", lambda: clock.now)
    monkeypatch.setattr(training_cost.lgb, "train", lambda *_: clock.work(2.0))
    return clock


def test_what_a_part_takes_is_taken_off_the_step_around_it(clock: Clock) -> None:
    watch = Watch()
    with watch.step("a step"):
        clock.work(1.0)
        watch.timed("a part", clock.work)(3.0)
        watch.timed("a part", clock.work)(4.0)
    assert watch.spent == {"a step: rest": pytest.approx(1.0), "a part": pytest.approx(7.0)}


def test_only_the_members_count_as_the_fit(clock: Clock) -> None:
    watch = Watch()
    with watch.step("test and gates"):
        watch.own_fit(None, None)
    with watch.step(FIT_STEP):
        watch.own_fit(None, None)
        clock.work(0.5)
    assert watch.spent[FIT] == pytest.approx(2.0)
    whole, fit, *_ = table(watch, "told")
    assert (whole["CPU s"], whole["times the fit"]) == (pytest.approx(2.5), pytest.approx(1.25))
    assert fit["times the fit"] == 1.0


@pytest.mark.parametrize("part", PARTS)
def test_every_part_that_is_timed_is_where_the_training_calls_it(part: str) -> None:
    module, function = PARTS[part]
    assert callable(getattr(importlib.import_module(f"training.{module}"), function))
