"""A simulated port in a store: everything that was written, nothing of the truth."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from training.errors import TrainingError
from training.simulator import stocking
from training.simulator.params import load_params
from training.simulator.simulate import Request, simulate_port
from training.simulator.stocking import FILES, small_port, stocked_workshop


def request_in(folder: Path) -> Request:
    params, digest = load_params()
    return Request(300, 3, folder, params, digest)


def test_every_record_of_the_port_is_in_the_store_and_no_truth(tmp_path: Path) -> None:
    workshop = stocked_workshop(request_in(tmp_path / "port"), tmp_path / "home")
    try:
        written = {kind: pq.read_table(tmp_path / "port" / f"{name}.parquet") for kind, name in FILES.items()}
        for kind, table in written.items():
            stored = {one.id for chunk in workshop.store.changes(kinds=[kind]) for one in chunk}
            assert stored == set(table["id"].to_pylist()), kind
        assert workshop.store.head().sequence <= sum(len(table) for table in written.values())
        assert workshop.home == tmp_path / "home"
    finally:
        workshop.store.close()


def test_a_port_that_is_not_imported_whole_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stocking, "FILES", {**FILES, next(iter(FILES)): "missing"})
    with pytest.raises(TrainingError, match=r"missing\.parquet was not imported whole"):
        stocked_workshop(request_in(tmp_path / "port"), tmp_path / "home")


def test_a_small_port_inspects_and_finds_more_and_says_that_its_parameters_are_others(tmp_path: Path) -> None:
    usual, small = request_in(tmp_path / "usual"), small_port(300, 3, tmp_path / "small")
    assert small.params_hash != usual.params_hash
    assert simulate_port(small)["inspections"] > 2 * simulate_port(usual)["inspections"]
