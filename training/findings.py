"""What was found wrong, read for the hazard model: of declared lines, and of goods found elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.instants import Instant
from features.records import Nonconformity
from features.store.reader import Revision
from features.terms import FindingCategory
from models.hazards import PLACE
from training.labelling import standing_findings

BY_CATEGORY: Mapping[str, str] = {
    FindingCategory.LABEL: "labelling_marking",
    FindingCategory.FRAUD: "fraud_counterfeit",
}
"""The hazard of findings that state a category only, where it leaves no doubt."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Hazards as positions in the taxonomy, each with the instant at which it was known.

    `hazard` and `known_at` are of each declared line asked for, -1 where none is known; `codes`, `reported`
    and `reported_at` of goods found elsewhere. `unnamed` findings state no hazard of the taxonomy.
    """

    hazard: NDArray[np.intp]
    known_at: NDArray[np.int64]
    codes: tuple[str, ...]
    reported: NDArray[np.intp]
    reported_at: NDArray[np.int64]
    unnamed: int


def read_findings(revisions: Iterable[Revision], lines: Sequence[str], until: Instant) -> Findings:
    """Read the findings known before `until` off their revisions; the gravest of a line is its hazard."""
    rows = {line: row for row, line in enumerate(lines)}
    hazard, known_at = np.full(len(rows), -1, dtype=np.intp), np.zeros(len(rows), dtype=np.int64)
    elsewhere: list[tuple[str, int, Instant]] = []
    unnamed = 0
    for known in sorted(
        standing_findings(revisions, until), key=lambda one: (one.record.severity or 0, -one.visible_at)
    ):
        place, record = hazard_of(known.record), known.record
        if place is None:
            unnamed += 1
        elif record.declaration_id in rows:
            row = rows[record.declaration_id]
            hazard[row], known_at[row] = place, known.visible_at
        elif record.declaration_id is None and record.hs_code:
            elsewhere.append((record.hs_code, place, known.visible_at))
    codes, places, instants = zip(*elsewhere, strict=True) if elsewhere else ((), (), ())
    return Findings(
        hazard, known_at, codes, np.array(places, dtype=np.intp), np.array(instants, dtype=np.int64), unnamed
    )


def hazard_of(finding: Nonconformity) -> int | None:
    """Return the position of a finding's hazard in the taxonomy; None where it states none."""
    if finding.hazard is not None:
        return PLACE.get(finding.hazard)
    named = BY_CATEGORY.get(finding.category or "")
    return None if named is None else PLACE[named]
