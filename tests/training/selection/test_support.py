"""Cells without overlap are named, however small; what is left out is counted."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.card.selection import CELLS, selection_tables
from training.report import Table
from training.selection import Propensity, estimate_propensity, support_of
from training.selection.support import BOTH, SHOWN

sys.path.insert(0, str(Path(__file__).parent))

from made_up import World, world

CHAPTERS = 60


@pytest.fixture(scope="module")
def made() -> World:
    return world(20_000)


@pytest.fixture(scope="module")
def estimated(made: World) -> Propensity:
    return estimate_propensity(made.population(), threads=1)


@pytest.fixture(scope="module")
def support(made: World, estimated: Propensity) -> dict[str, Any]:
    """Lines over 60 chapters with overlap, and 15 small ones of which nothing was inspected."""
    population = made.population()
    strata = population.strata.copy()
    numbers = np.arange(len(strata))
    strata[:, 1] = "general"
    strata[:, 2] = np.char.zfill((numbers % CHAPTERS).astype(str), 2)
    for cell in range(15):
        rows = population.inspected + np.arange(cell * 20, cell * 20 + 5 + cell)
        strata[rows] = ("export", "general", f"{70 + cell}")
    return support_of(replace(population, strata=strata), estimated)


def table_of(support: dict[str, Any]) -> Table:
    figures = {
        "average_precision": 0.1, "precision_at_5pct": 0.1, "calibration_slope": 1.0, "rows": 1,
        "observed_over_expected_top_5pct": 1.0, "positives": 1,
    }  # fmt: skip
    figures |= {"intervals": dict.fromkeys(figures, (0.0, 1.0))}  # type: ignore[dict-item]
    told = {"setting": "calibrated", "hint_measured": False, "hint": 0.0, "support": support}
    return list(selection_tables({"selection": told, "figures": figures}))[-1]


def test_every_cell_without_overlap_is_listed_before_the_largest_with_it(support: dict[str, Any]) -> None:
    kinds = [cell["overlap"] for cell in support["cells"]]
    assert kinds == ["exempt"] * 15 + [BOTH] * SHOWN
    for part in (support["cells"][:15], support["cells"][15:]):
        sizes = [cell["lines"] for cell in part]
        assert sizes == sorted(sizes, reverse=True)
    assert support["cells_counted"] == 15 + CHAPTERS
    assert support["cells_left_out"] == CHAPTERS - SHOWN
    listed = sum(cell["lines"] for cell in support["cells"])
    assert listed + support["lines_left_out"] == support["lines"]


def test_the_page_shows_both_and_says_how_much_it_leaves_out(support: dict[str, Any]) -> None:
    table = table_of(support)
    assert [row[-1][1] for row in table.rows] == (  # type: ignore[index]
        ["hardly inspected, no overlap"] * CELLS + ["overlap"] * CELLS
    )
    assert table.marked == frozenset(range(CELLS))
    lines = support["lines"] - sum(int(row[1]) for row in table.rows)  # type: ignore[arg-type]
    assert table.note is not None
    unseen = sum(cell["lines"] for cell in support["cells"][CELLS:15])
    left = support["cells_counted"] - 2 * CELLS
    assert f"{left} with {lines} lines are left out, of which 3 with {unseen} lines" in table.note[1]
    assert f"未列 {left} 个，{lines} 行申报，其中无重叠 3 个，{unseen} 行" in table.note[0]


def test_a_card_of_before_says_nothing_of_cells_that_it_does_not_know(support: dict[str, Any]) -> None:
    before = {name: value for name, value in support.items() if not name.endswith("_left_out")}
    note = table_of(before).note
    assert note is not None
    assert note[1].endswith("lines are left out")
