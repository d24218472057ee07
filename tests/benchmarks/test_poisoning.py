"""Trials of the poisoning benchmark: what is made up, what is kept, and what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import poisoning
from benchmarks.poisoning import ATTACKS, Outcome, kept, summarise
from features.instants import DAY


def test_kept_trials_are_read_back_and_other_ports_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, bool]] = []

    def trials(seed: int, lines: int, *, attacked: bool) -> Iterator[Outcome]:
        asked.append((seed, attacked))
        yield None, 0.0, False
        yield "a lie", 0.03, True

    monkeypatch.setattr(poisoning, "trials", trials)
    monkeypatch.setenv("BENCHMARK_TRIALS", str(tmp_path / "trials"))
    first = list(kept(7, 100, attacked=True))
    assert list(kept(7, 100, attacked=True)) == first == [(None, 0.0, False), ("a lie", 0.03, True)]
    list(kept(7, 100, attacked=False))
    list(kept(8, 100, attacked=True))
    assert asked == [(7, True), (7, False), (8, True)]


def test_power_counts_only_what_harms_and_false_alarms_only_clean_ports() -> None:
    harms = {name: [(0.03, True), (0.05, False), (0.01, True)] for name in ATTACKS}
    alarms, every, *_ = summarise(harms, [False] * 39 + [True], 30_000)
    assert alarms["ours"] == pytest.approx(1 / 40)
    assert every["ours"] == pytest.approx(0.5)
    assert f"{2 * len(ATTACKS)} of {3 * len(ATTACKS)} harmed so" in every["note"]


@pytest.mark.parametrize(("attack", "laboratories"), [("at one laboratory", 1), ("at all laboratories", 4)])
def test_a_made_up_past_is_of_one_enterprise_and_all_its_looks_pass(attack: str, laboratories: int) -> None:
    random = np.random.default_rng(2)
    count = 1_000
    ids = [f"L{number}" for number in range(count)]
    lines = pd.DataFrame(
        {"id": ids, "consignee": [f"C{number % 10}" for number in range(count)], "office": "O",
         "happened_at": np.arange(count) * DAY, "known_at": np.arange(count) * DAY}
    )  # fmt: skip
    failed = (np.arange(count) % 10 == 3) | (random.random(count) < 0.1)
    outcome = np.where(failed, "returned", "pass")
    rows = pd.DataFrame(
        {"id": ids, "declaration_id": ids, "outcome": outcome, "depth": "on_site",
         "happened_at": np.arange(count) * DAY, "known_at": np.arange(count) * DAY + DAY,
         "laboratory": [f"LAB{number % 4}" for number in range(count)]}
    )  # fmt: skip
    made_up = ATTACKS[f"one enterprise's past made up {attack}"]
    inspections, extra = made_up(rows, lines, np.random.default_rng(3))
    added = inspections[inspections.declaration_id.isin(extra.id)]
    assert set(extra.consignee) == {"C3"}
    assert len(added) == len(extra) == 100
    assert set(added.outcome) == {"pass"}
    assert added.laboratory.nunique() == laboratories
    assert (added.known_at > extra.set_index("id").known_at[added.declaration_id].to_numpy()).all()
