"""Inspections of a simulated port as they would be with an obstacle removed: what the truth allows to undo.

Only experiments read these; nothing of the truth reaches a feature otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from features.instants import DAY

Frame: TypeAlias = pd.DataFrame

FAILED = ("rectified", "returned", "destroyed")
MINUTE = DAY // 1_440


@dataclass(frozen=True, slots=True, eq=False)
class PortRecords:
    """Recorded inspections with all their revisions, lines as first declared, and the truth of each line."""

    inspections: Frame
    lines: Frame
    truth: Frame

    def is_bad(self, lines: pd.Series) -> np.ndarray:
        """Say which lines, by id, are defective."""
        bad = set(self.truth.id[self.truth.y == 1])
        return np.array([line in bad for line in lines], dtype=bool)

    def known_at(self, lines: pd.Series) -> pd.Series:
        """Return when lines, by id, became known; missing where they never did."""
        return lines.map(self.lines.set_index("id").known_at)


Unveil: TypeAlias = Callable[[PortRecords], Frame]
"""What is known to inspections, in the order in which they become known."""


def as_recorded(known: PortRecords) -> Frame:
    """Change nothing."""
    return known.inspections


def never_wrong(known: PortRecords) -> Frame:
    """Let every result say what the truth says: nothing is missed."""
    outcome = known.inspections.outcome
    bad, resolved = known.is_bad(known.inspections.declaration_id), outcome != "pending"
    outcome = outcome.mask(resolved & bad & ~outcome.isin(FAILED), "rectified")
    return known.inspections.assign(outcome=outcome.mask(resolved & ~bad, "pass"))


def at_once(known: PortRecords) -> Frame:
    """Let every result be known a minute after the line is."""
    last = known.inspections.sort_values("known_at").drop_duplicates("id", keep="last")
    last = last[last.outcome != "pending"]
    declared = known.known_at(last.declaration_id)
    last = last.assign(happened_at=declared, known_at=declared + MINUTE)
    return _in_order(last[declared.notna().to_numpy()])


def drawn_alike(known: PortRecords) -> Frame:
    """Inspect as many lines, drawn at random from all; results are the truth's, as late as recorded ones."""
    random = np.random.default_rng(0)
    rows = random.permutation(len(known.lines))[: known.inspections.id.nunique()]
    return _inspected(known, known.lines.iloc[np.sort(rows)])


def every_line(known: PortRecords) -> Frame:
    """Inspect every line; results are the truth's, as late as recorded ones."""
    return _inspected(known, known.lines)


def every_line_at_once(known: PortRecords) -> Frame:
    """Inspect every line, with the truth as its result a minute after it is known."""
    return at_once(PortRecords(every_line(known), known.lines, known.truth))


def _inspected(known: PortRecords, chosen: Frame) -> Frame:
    """Give the chosen lines a result each, after delays drawn from the recorded ones of the same outcome."""
    random, bad = np.random.default_rng(1), known.is_bad(chosen.id)
    failed, passed = (_delays(known, failed, len(chosen), random) for failed in (True, False))
    when = chosen.known_at.to_numpy() + np.where(bad, failed, passed)
    ids, outcome = chosen.id.to_numpy(), np.where(bad, "rectified", "pass")
    made = {"id": "E" + ids, "happened_at": when - MINUTE, "declaration_id": ids, "outcome": outcome}
    return _in_order(pd.DataFrame(made | {"depth": "on_site", "selected_by": "random", "known_at": when}))


def _delays(known: PortRecords, failed: bool, count: int, random: np.random.Generator) -> np.ndarray:
    outcome = known.inspections.outcome
    resolved = known.inspections[outcome.isin(FAILED) if failed else outcome == "pass"]
    delay = (resolved.known_at - known.known_at(resolved.declaration_id)).dropna()
    return np.maximum(random.choice(delay.to_numpy(dtype=np.int64), count), 2 * MINUTE)


def _in_order(frame: Frame) -> Frame:
    whole = {"happened_at": frame.happened_at.astype("int64"), "known_at": frame.known_at.astype("int64")}
    return frame.assign(**whole).sort_values(["known_at", "id"])
