"""A grade in a file comes with its cell, its regime, its policy's version and whose competence it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner
from starlette.testclient import TestClient

from features.regimes import Regime
from models.grading import Cell, read_policy
from models.grading.policy import Authority
from models.hazards import HAZARDS
from models.scores import RiskGrade
from serving.cli import score
from serving.file_events import GRADED, FileEvents, graded_columns
from serving.grading import Event, Grading
from serving.scorer import ScoredLine

Line = Callable[..., dict[str, Any]]


def scored_in_a_file(lines: list[dict[str, Any]], home: Path, folder: Path) -> list[dict[str, Any]]:
    source, out = folder / "lines.jsonl", folder / "out.parquet"
    source.write_text("\n".join(json.dumps(one) for one in lines), encoding="utf-8")
    ran = CliRunner().invoke(score, [str(source), "--out", str(out), "--home", str(home)])
    assert ran.exit_code == 0, ran.output
    rows: list[dict[str, Any]] = pq.read_table(out).to_pylist()
    return rows


def test_a_file_says_of_a_grade_what_the_server_says(
    start: Callable[..., TestClient], line: Line, home: Path, tmp_path: Path
) -> None:
    lines = [line(n, id=f"file-{n}") for n in range(12)]
    lines.append(line(2, id="danger", direction="export", hs_code="9503002100", dangerous=True))
    served = start().post("/v1/scores", json=lines, params={"what_if": True}).json()["scores"]
    version = read_policy().policy.version
    for row, given in zip(scored_in_a_file(lines, home, tmp_path), served, strict=True):
        grade = given["grade"]
        assert (row["regime"], row["grade"], row["by_rank"]) == (
            given["regime"], grade["grade"], grade["by_rank"],
        )  # fmt: skip
        assert (row["percentile"], row["percentile_basis"]) == (
            given["percentile"],
            given["percentile_basis"],
        )
        assert (row["policy_version"], row["policy"]) == (version, grade["policy"]["sha256"])
        told = json.loads(row["competence"])
        assert [one["code"] for one in told] == [one["code"] for one in grade["competence"]]
        assert all(one["zh"] and one["en"] for one in told)
    assert {"general", "food", "hazardous"} <= {given["regime"] for given in served}


def test_a_grade_that_is_settled_over_blocks_brings_its_competence(tmp_path: Path) -> None:
    """An event in two blocks: the gravest grade and that grade's authorities reach the line before it."""
    policy = read_policy().policy
    blocks = [[graded("mild", RiskGrade.IV)], [graded("grave", RiskGrade.I)]]
    names = ("id", "regime", *GRADED)
    file, events = tmp_path / "graded.parquet", FileEvents(policy)
    columns = pa.schema([(name, pa.string()) for name in names])
    with pq.ParquetWriter(file, columns) as writer:
        for block in blocks:
            events.see(block)
            told = [
                [scored.line.id for scored in block],
                ["food"] * len(block),
                *graded_columns(block, policy),
            ]
            writer.write_table(pa.table(dict(zip(names, told, strict=True)), columns))
    before = pq.read_table(file).to_pylist()
    events.settle(file)
    after = pq.read_table(file).to_pylist()
    of_iv, of_i = (codes(policy.competence(Regime.FOOD, grade)) for grade in (RiskGrade.IV, RiskGrade.I))
    assert of_iv != of_i
    assert [codes_in(row) for row in before] == [of_iv, of_i]
    assert [codes_in(row) for row in after] == [of_i, of_i]
    assert [(row["grade"], row["decided_by"]) for row in after] == [("I", "grave"), ("I", None)]
    assert {row["policy_version"] for row in after} == {"1"}


def graded(line_id: str, grade: RiskGrade) -> ScoredLine:
    """A line of food in the event E whose own cell has a grade; only what a file's grades are made of."""
    cell = Cell(grade, "S", HAZARDS[0], 3, 0, 0, 0.5, 0.5, 1.0)
    grading = Grading(own=cell, hazards=(), support=0.0, policy="p", version="1", event=Event("E", 1))
    return cast(ScoredLine, SimpleNamespace(line=SimpleNamespace(id=line_id), regime="food", grading=grading))


def codes(authorities: tuple[Authority, ...]) -> list[str]:
    return [one.code for one in authorities]


def codes_in(row: dict[str, Any]) -> list[str]:
    return [one["code"] for one in json.loads(row["competence"])]
