"""Grades of a file's lines as columns; a file is scored in blocks, and its events may reach over several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from features.regimes import Regime
from models.grading import Cell, GradingPolicy
from models.scores import RiskGrade
from serving.scorer import ScoredLine
from serving.written import written

GRADED = (
    "grade", "colour", "hazards", "cell", "event", "decided_by", "competence", "policy", "policy_version",
)  # fmt: skip
"""Columns of a file of scores that say how its lines were graded.

`hazards`, `cell` and `competence` are JSON, the last a list of authorities of which the first leads;
`policy` is the SHA-256 of the policy.
"""
_GRADES = list(RiskGrade)


def graded_columns(lines: Sequence[ScoredLine], policy: GradingPolicy) -> list[list[str | None]]:
    """Lay the gradings of lines out as the columns GRADED."""
    colours = {entry.grade: str(entry.colour) for entry in policy.grade}
    competence = _competence(policy)
    gradings = [scored.grading for scored in lines]
    events = [grading.event for grading in gradings]
    return [
        [str(grading.cell.grade) for grading in gradings],
        [colours[grading.cell.grade] for grading in gradings],
        [msgspec.json.encode(grading.hazards).decode() for grading in gradings],
        [msgspec.json.encode(grading.cell).decode() for grading in gradings],
        [None if event is None else event.key for event in events],
        [None if event is None else event.decided_by for event in events],
        [competence[scored.regime, str(scored.grading.cell.grade)] for scored in lines],
        [grading.policy for grading in gradings],
        [grading.version for grading in gradings],
    ]


def _competence(policy: GradingPolicy) -> dict[tuple[str, str], str]:
    """Return whose competence each grade is in each regime, as JSON."""
    return {
        (str(regime), str(grade)): msgspec.json.encode(policy.competence(regime, grade)).decode()
        for regime in Regime
        for grade in RiskGrade
    }


class FileEvents:
    """The gravest cell of each event of a file, gathered block by block."""

    def __init__(self, policy: GradingPolicy) -> None:
        self._colours = {entry.grade: str(entry.colour) for entry in policy.grade}
        self._competence = _competence(policy)
        self._gravest: dict[str, tuple[int, Cell, str]] = {}

    def see(self, lines: Iterable[ScoredLine]) -> None:
        """Take up the lines of a block."""
        for scored in lines:
            event, cell = scored.grading.event, scored.grading.cell
            if event is None:
                continue
            found = _GRADES.index(cell.grade), cell, event.decided_by or scored.line.id
            if event.key not in self._gravest or found[0] < self._gravest[event.key][0]:
                self._gravest[event.key] = found

    def settle(self, file: Path) -> None:
        """Write a file again with each line's grade that of its event over all blocks."""
        with (
            written(file) as settled,
            pq.ParquetFile(file) as source,
            pq.ParquetWriter(settled, source.schema_arrow) as writer,
        ):
            for group in range(source.num_row_groups):
                writer.write_table(self._settled(source.read_row_group(group)))

    def _settled(self, table: pa.Table) -> pa.Table:
        columns: dict[str, list[Any]] = {name: table[name].to_pylist() for name in GRADED}
        regimes = table["regime"].to_pylist()
        for row, event in enumerate(columns["event"]):
            rank, cell, line = self._gravest.get(event, (len(_GRADES), None, ""))
            if cell is not None and rank < _GRADES.index(RiskGrade(columns["grade"][row])):
                columns["grade"][row], columns["colour"][row] = str(cell.grade), self._colours[cell.grade]
                columns["cell"][row], columns["decided_by"][row] = msgspec.json.encode(cell).decode(), line
                columns["competence"][row] = self._competence[regimes[row], str(cell.grade)]
        for name in GRADED:
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, pa.array(columns[name], pa.string()))
        return table
