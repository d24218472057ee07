"""Where inspections tell of the lines passed over: the support of each cell of direction, regime, chapter."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.selection.population import Population
from training.selection.propensity import Propensity

Floats = NDArray[np.float64]

SHOWN = 40
"""Cells with overlap that are listed, the largest; those without are listed all, and all are counted."""
BOTH = "both"
EXEMPT = 0.005
"""Mean chance of inspection below which nothing is learned of a cell."""
CAP = 50.0
"""Most lines that one inspected line may stand for."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its lines, how many were inspected, their weights' effective number, and the least chance.

    `overlap` is "statutory" where only the law inspects, "exempt" where hardly anything is inspected or no
    line was, and `BOTH` where inspected and passed-over lines are alike enough to tell of each other.
    """

    cell: str
    lines: int
    inspected: int
    effective: float
    least: float
    overlap: str


def effective_size(weight: Floats) -> float:
    """Return how many equally weighted lines tell as much as these (n,)."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def support_of(population: Population, propensity: Propensity) -> dict[str, Any]:
    """Return the support of cells as JSON values, with its summary over all lines.

    Cells without overlap come first, then the largest with it; those left out all have overlap.
    """
    member = population.grouped(3)
    cells = [_cell(population, propensity, np.flatnonzero(member == at)) for at in np.unique(member)]
    cells.sort(key=lambda cell: (cell.overlap == BOTH, -cell.lines))
    listed = cells[: SHOWN + sum(cell.overlap != BOTH for cell in cells)]
    left_out = cells[len(listed) :]
    count = population.inspected
    total = max(sum(cell.lines for cell in cells), 1)
    lines = {kind: sum(c.lines for c in cells if c.overlap == kind) for kind in ("statutory", "exempt")}
    return {
        "lines": sum(cell.lines for cell in cells),
        "inspected": count,
        "by_law": int(population.statutory.sum()),
        "drawn_at_random": int(population.drawn.sum()),
        "chosen": int(population.chosen.sum()),
        "effective": round(effective_size(propensity.weights(CAP)[:count]), 1),
        "clipped": int((propensity.inspected[:count] < 1 / CAP).sum()),
        "share_statutory": lines["statutory"] / total,
        "share_exempt": lines["exempt"] / total,
        "cells_counted": len(cells),
        "cells_left_out": len(left_out),
        "lines_left_out": sum(cell.lines for cell in left_out),
        "cells": [asdict(cell) for cell in listed],
    }


def _cell(population: Population, propensity: Propensity, rows: NDArray[np.intp]) -> Cell:
    lines = float(population.weight[rows].sum())
    told = rows[rows < len(population.values) - population.untold]
    told = told if len(told) else rows  # why a line was inspected in vain is not known: it says no chance
    looked = told[told < population.inspected]
    mean = float(np.average(propensity.inspected[told], weights=population.weight[told]))
    lawful = int(population.statutory[looked].sum())
    others = float(population.weight[told].sum()) - lawful
    if len(looked) and lawful == len(looked) and others < 0.1 * lines:
        overlap = "statutory"
    elif not len(looked) or mean < EXEMPT:
        overlap = "exempt"
    else:
        overlap = BOTH
    return Cell(
        " ".join(str(name) for name in population.strata[rows[0]]),
        round(lines),
        len(looked),
        round(effective_size(propensity.weights(CAP)[looked]), 1),
        float(propensity.inspected[told].min()),
        overlap,
    )
