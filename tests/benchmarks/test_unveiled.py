"""Experiments undo one obstacle and nothing else; a bad batch's days are counted from its first line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import unveiled
from benchmarks.bad_batches import days_rows, first_days
from features.instants import DAY


def known(lines: int = 400) -> unveiled.PortRecords:
    """Lines a day apart; each fourth is defective; each third inspected, some wrongly, some pending first."""
    random = np.random.default_rng(1)
    ids = np.array([f"L{number}" for number in range(lines)])
    at = np.arange(lines) * DAY
    truth = pd.DataFrame({"id": ids, "y": (np.arange(lines) % 4 == 0).astype(int)})
    looked = np.arange(0, lines, 3)
    missed = random.random(len(looked)) < 0.2
    outcome = np.where((looked % 4 == 0) & ~missed, "returned", "pass")
    result = pd.DataFrame(
        {"id": [f"I{number}" for number in looked], "declaration_id": ids[looked], "outcome": outcome,
         "happened_at": at[looked] + DAY, "known_at": at[looked] + 9 * DAY, "depth": "laboratory"}
    )  # fmt: skip
    pending = result[::2].assign(outcome="pending", known_at=result.known_at[::2] - 3 * DAY)
    inspections = pd.concat([pending, result]).sort_values("known_at")
    return unveiled.PortRecords(inspections, pd.DataFrame({"id": ids, "known_at": at}), truth)


def test_results_that_are_never_wrong_differ_from_recorded_ones_only_where_these_are() -> None:
    before = known()
    after = unveiled.never_wrong(before)
    bad = before.is_bad(after.declaration_id)
    settled = (after.outcome != "pending").to_numpy()
    assert (after.outcome.isin(unveiled.FAILED).to_numpy() == (bad & settled)).all()
    right = before.inspections.outcome.isin(unveiled.FAILED).to_numpy() == (bad & settled)
    assert after[right].equals(before.inspections[right])
    assert not right.all()


def test_results_at_once_are_known_after_their_line_and_are_the_last_recorded_ones() -> None:
    before = known()
    after = unveiled.at_once(before).set_index("id")
    declared = before.known_at(after.declaration_id)
    assert (after.known_at == declared + unveiled.MINUTE).all()
    final = before.inspections[before.inspections.outcome != "pending"].set_index("id").outcome
    assert after.outcome.to_dict() == final.to_dict()


@pytest.mark.parametrize("unveil", [unveiled.drawn_alike, unveiled.every_line])
def test_drawn_or_all_lines_have_the_truth_after_a_recorded_delay(unveil: unveiled.Unveil) -> None:
    before = known()
    after = unveil(before)
    assert len(after) == (400 if unveil is unveiled.every_line else before.inspections.id.nunique())
    assert after.declaration_id.is_unique
    assert ((after.outcome == "rectified").to_numpy() == before.is_bad(after.declaration_id)).all()
    assert set((after.known_at - before.known_at(after.declaration_id)) // DAY) == {9}
    assert after.known_at.is_monotonic_increasing


def test_a_bad_batch_counts_from_its_first_line_and_only_where_it_begins_later() -> None:
    days = [0, 5, 10, 11, 13, 20, 21, 22, 30, 31]
    batch = [1, 1, 1, 2, 2, 2, 3, 3, 4, 4]
    told = pd.DataFrame(
        {"id": [f"L{at}" for at in range(10)], "declared_at": np.array(days) * DAY, "batch_id": batch}
    ).assign(batch_bad=lambda lines: lines.batch_id != 4)
    ids = np.array([f"L{at}" for at in range(2, 10)] + [f"N{at}" for at in range(92)])
    score = np.concatenate([[0.9, 0.0, 0.8, 0.7, 0.0, 0.0, 0.9, 0.9], np.full(92, 0.1)])
    found = first_days(told, ids, score)
    assert found.lines.to_dict() == {2: 3, 3: 2}
    assert found.day[2] == 2.0
    assert np.isnan(found.day[3])
    assert found.waited.to_dict() == {2: 2.0, 3: 1.0}
    reached, *_ = days_rows("port", told, ids, dict.fromkeys(("ours", "p_observable", "p_latent"), score))
    assert reached["ours"] == pytest.approx(0.5)
