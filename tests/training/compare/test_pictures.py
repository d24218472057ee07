"""Pictures of a comparison show the comparison's own numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from features.lines import Lines
from training.compare import Comparison, Pair
from training.compare.months import by_month
from training.compare.pictures import draw_differences, draw_months, draw_precision, draw_slices
from training.compare.ranking import differences
from training.compare.slices import slices_of
from training.plots import new_axes, save
from training.policy import gate_policy

ROWS = 600
MAY = 1_777_600_000_000_000


@pytest.fixture(scope="module")
def found() -> Comparison:
    """Two models on three months of lines, one of two origins failing often and one hardly seen."""
    random, policy = np.random.default_rng(5), gate_policy()
    origin = np.where(np.arange(ROWS) % 3 == 0, "TH", "DE").astype(object)
    origin[:4] = "BR"
    risk = np.where(origin == "TH", 0.4, 0.15)
    positive = random.random(ROWS) < risk
    at = MAY + np.arange(ROWS) * 13_000_000_000
    lines = Lines({"id": np.arange(ROWS).astype(object), "happened_at": at, "consignee": np.full(ROWS, None)})
    pair = Pair(lines, at, positive, np.ones(ROWS, dtype=bool), risk, np.clip(risk[::-1], 0.1, 0.3))
    scores = {"challenger": pair.ours, "champion": pair.theirs}
    return Comparison(
        "nonconforming/2", "nonconforming/1", policy, ROWS, int(positive.sum()), ("", ""),
        differences(pair, policy), ROWS, [], by_month(positive, at, scores, policy.confidence),
        slices_of(pair, {"origin": origin}, policy),
    )  # fmt: skip


def points(ax: Axes, which: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return places and values of what was drawn with intervals."""
    drawn = ax.containers[which]
    assert isinstance(drawn, ErrorbarContainer)
    return np.asarray(drawn.lines[0].get_xdata()), np.asarray(drawn.lines[0].get_ydata())


def test_precision_stands_as_two_bars_a_share(found: Comparison) -> None:
    ax = new_axes()
    draw_precision(ax, found)
    heights = [bar.get_height() for bars in ax.containers for bar in bars]
    told = [each for each in found.ranking if each.figure.startswith("precision")]
    assert heights == [each.ours for each in told] + [each.theirs for each in told]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1 %", "2 %", "5 %", "10 %"]


def test_differences_and_slices_stand_at_their_gains_by_name(found: Comparison) -> None:
    ax, slices = new_axes(), new_axes()
    draw_differences(ax, found.ranking)
    draw_slices(slices, found)
    assert points(ax)[0] == pytest.approx([each.gain for each in found.ranking])
    judged = [each for each in found.slices if each.difference is not None]
    assert {each.value for each in judged} == {"TH", "DE"}
    names = [tick.get_text() for tick in slices.get_yticklabels()]
    assert names == [
        f"origin: {'Thailand' if each.value == 'TH' else 'Germany'} ({each.positives} of {each.lines})"
        for each in judged
    ]
    assert slices.get_title("left") == "Slices: 2 of 3 judged"


def test_months_stand_at_found_over_expected(found: Comparison) -> None:
    ax = new_axes()
    draw_months(ax, found)
    ours = [month.models["challenger"].ratio for month in found.months]
    assert points(ax)[1] == pytest.approx(ours)
    assert len(ours) == len(ax.get_xticks()) >= 3


def test_nothing_judged_is_an_empty_picture(found: Comparison, tmp_path: Path) -> None:
    ax = new_axes()
    draw_differences(ax, [])
    assert save(ax, tmp_path / "empty.png").read_bytes().startswith(b"\x89PNG")
