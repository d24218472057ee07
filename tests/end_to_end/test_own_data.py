"""The README's own data, as somebody does it who forgets at first to say when records became known."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from small_port import UNTIL, port

from customs_risk import main
from features.instants import end_of_day, show_instant
from features.records import Declaration, Inspection
from features.store.database import Store
from models.spec import Target
from training.dataset import Dataset, build_dataset
from training.errors import TooFewResults
from training.split import split_out_of_time

SAID = ("id", "happened_at", "direction", "hs_code", "origin", "consignee", "total_price", "currency")
FOUND = ("id", "happened_at", "declaration_id", "outcome")


def write(path: Path, kind: type, fields: tuple[str, ...], known: str | None) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*fields, *([known] if known else [])])
        for entry in port():
            record = entry.record
            if isinstance(record, kind) and entry.known_at is not None:
                said = [getattr(record, name) for name in fields]
                said[1] = show_instant(said[1])
                rows.writerow([*said, *([show_instant(entry.known_at)] if known else [])])


def run(home: Path, kind: str, path: Path, *options: str) -> str:
    result = CliRunner().invoke(main, ["import", kind, str(path), "--home", str(home), *options])
    assert result.exit_code == 0, result.output
    return result.output


def learned(home: Path) -> Dataset:
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    try:
        return build_dataset(store, Target.NONCONFORMING, end_of_day(UNTIL))
    finally:
        store.close()


def imported(home: Path, folder: Path, known: bool) -> str:
    declarations, inspections = folder / "declarations.csv", folder / "inspections.csv"
    write(declarations, Declaration, SAID, None)
    write(inspections, Inspection, FOUND, "result_at" if known else None)
    lines = run(home, "declaration", declarations, *(["--known-at-column", "happened_at"] if known else []))
    return lines + run(
        home, "inspection", inspections, *(["--known-at-column", "result_at"] if known else [])
    )


def test_history_without_known_at_is_told_at_once_and_made_good_by_importing_it_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert imported(home, tmp_path, known=False).count("--known-at-column (1,500 x)") == 2
    with pytest.raises(TooFewResults, match=r"1,500 results are known only after --until: see known_at"):
        split_out_of_time(learned(home))
    assert imported(home, tmp_path, known=True).count("1,500 revised") == 2
    assert imported(home, tmp_path, known=True).count("1,500 unchanged") == 2
    assert imported(home, tmp_path, known=False).count("1,500 unchanged") == 2
    found = learned(home)
    imported(tmp_path / "other", tmp_path, known=True)
    alone = learned(tmp_path / "other")
    assert split_out_of_time(found).fit.sum() > 300
    for column in ("as_of", "resolved_at", "positive"):
        np.testing.assert_array_equal(getattr(found, column), getattr(alone, column))
    np.testing.assert_array_equal(found.lines["total_price"], alone.lines["total_price"])
