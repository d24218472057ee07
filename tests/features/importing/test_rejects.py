"""The rejects file says what was wrong, and computes nothing when it is opened in a spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.importing.rejects import Rejects
from features.rules import UnknownCountry, UnknownField


def told(path: Path, *errors: Any, file: str = "a.csv") -> list[dict[str, str]]:
    with Rejects(path) as rejects:
        rejects.add(Path(file), 2, "declaration", errors)
    with path.open(encoding="utf-8-sig", newline="") as written:
        return list(csv.DictReader(written))


@pytest.mark.parametrize(
    "value",
    ['=HYPERLINK("http://x","y")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"],
)
def test_a_value_that_would_be_computed_has_an_apostrophe_before_it(tmp_path: Path, value: str) -> None:
    [row] = told(tmp_path / "rejects.csv", UnknownCountry("origin", value))
    assert row["value"] == f"'{value}"


@pytest.mark.parametrize("value", ["-5", "+3.5", "-1e9", "-1,234.50", -7, -0.25, "Atlantis", "a=b", "", "'s"])
def test_numbers_and_other_texts_stand_as_they_are(tmp_path: Path, value: object) -> None:
    [row] = told(tmp_path / "rejects.csv", UnknownCountry("origin", value))
    assert row["value"] == str(value)


def test_names_of_files_and_of_fields_are_foreign_too(tmp_path: Path) -> None:
    [row] = told(tmp_path / "rejects.csv", UnknownField("=1+1", "x"), file="=2+2.csv")
    assert (row["file"], row["field"], row["row"]) == ("'=2+2.csv", "'=1+1", "2")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_no_cell_begins_as_a_formula_and_texts_read_back(tmp_path_factory: Any, values: list[str]) -> None:
    path = tmp_path_factory.mktemp("rejects") / "rejects.csv"
    rows = told(path, *(UnknownField(value, None) for value in values))
    for value, row in zip(values, rows, strict=True):
        assert row["field"] in (value, f"'{value}")
        assert not row["field"].startswith(("=", "@", "\t", "\r"))
        assert not row["field"].startswith(("+", "-")) or row["field"][1:2].isdigit()


def test_a_corrected_source_is_taken_and_an_uncorrected_one_refused(run: Any, line: dict[str, Any]) -> None:
    names = ",".join(line)
    wrong = ",".join(str(value) for value in {**line, "direction": "=1+1"}.values())
    assert run(run.write("a.csv", f"{names}\n{wrong}\n")).rejected == 1
    assert run.rejects[0]["value"] == "'=1+1"
    as_read = wrong.replace("=1+1", run.rejects[0]["value"])
    assert run(run.write("a.csv", f"{names}\n{as_read}\n")).rejected == 1
    assert run.rejects[0]["value"] == "'=1+1"
    right = ",".join(str(value) for value in line.values())
    assert run(run.write("a.csv", f"{names}\n{right}\n")).rejected == 0
    assert run.memory.ids == [line["id"]]
