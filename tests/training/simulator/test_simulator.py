"""The simulated port: reproducible, within its promised rates, honest about what is observable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from features.records import RECORD_TYPES, Record
from features.terms import FAILED_OUTCOMES, Kind
from training.simulator.catalogue import DATA
from training.simulator.cli import simulate
from training.simulator.errors import BadParameters
from training.simulator.inspecting import inspect_lines
from training.simulator.params import DEFAULT_PARAMS, load_params
from training.simulator.simulate import Request, make_world, simulate_port

PINNED_PARAMETERS = "664ae9d3fdda567cc2154e33dab8f319b7b210cb6ebb41069d2135a66611dc84"
PINNED_DATA = {
    "commodities.csv": "d515fc48ac6c393a2e62334bd86cdba70dcb2acff7b6849e35a8d137c7145cb7",
    "hazards.csv": "40bb32e62374fe06e6c1b2167b540e376691454aa0ed639dbbfc775826430134",
    "headings.csv": "60c1f88ac9ec2f3a59fa69a38e15364b85ea8f046f87e56f3d8ed56f3a5dc559",
}
FILES = {
    Kind.PARTY: "parties",
    Kind.DECLARATION: "declarations",
    Kind.INSPECTION: "inspections",
    Kind.NONCONFORMITY: "nonconformities",
    Kind.OPINION: "opinions",
}
TRUTH = ("p_latent", "p_observable", "y", "template", "batch_bad", "batch_id")


def make(folder: Path, lines: int, seed: int) -> Path:
    params, digest = load_params()
    simulate_port(Request(lines, seed, folder, params, digest))
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("small"), 5_000, 7)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("port"), 60_000, 3)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def rows(folder: Path, kind: Kind) -> Iterator[dict[str, Any]]:
    for row in pq.read_table(folder / f"{FILES[kind]}.parquet").to_pylist():
        yield {name: value for name, value in row.items() if value is not None}


def records(folder: Path, kind: Kind) -> Iterator[tuple[Record, int]]:
    for row in rows(folder, kind):
        known = row.pop("known_at")
        yield msgspec.convert(row, RECORD_TYPES[kind]), known


def column(folder: Path, name: str, field: str) -> Any:
    return pq.read_table(folder / f"{name}.parquet", columns=[field])[field].to_numpy()


def test_the_parameters_are_those_written_down_before_any_model_was_tuned() -> None:
    assert hashlib.sha256(DEFAULT_PARAMS.read_bytes()).hexdigest() == PINNED_PARAMETERS


@pytest.mark.parametrize("name", PINNED_DATA)
def test_the_goods_of_the_world_stay_as_they_were_written_down(name: str) -> None:
    assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == PINNED_DATA[name]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_port(
    small: Path, tmp_path: Path
) -> None:
    again, other = make(tmp_path / "again", 5_000, 7), make(tmp_path / "other", 5_000, 8)
    assert hashes(again) == hashes(small)
    differing = [name for name, digest in hashes(other).items() if digest != hashes(small)[name]]
    assert sorted(differing) == sorted(hashes(small))


@pytest.mark.parametrize("kind", FILES)
def test_every_row_is_a_record_known_no_earlier_than_it_happened_and_in_order(
    small: Path, kind: Kind
) -> None:
    last = 0
    for record, known in records(small, kind):
        assert known >= record.happened_at
        assert known >= last
        last = known
    assert last > 0


@pytest.mark.parametrize("kind", FILES)
def test_no_record_file_holds_truth(small: Path, kind: Kind) -> None:
    names = set(pq.read_schema(small / f"{FILES[kind]}.parquet").names)
    assert names.isdisjoint(TRUTH)
    assert names <= {*RECORD_TYPES[kind].__struct_fields__, "known_at"}


def test_every_line_has_one_truth_and_at_least_one_declaration(small: Path) -> None:
    lines = column(small, "truth", "id")
    assert len(lines) == len(set(lines)) == 5_000
    assert set(column(small, "declarations", "id")) <= set(lines)
    # a line declared in the last minutes may become known after the period
    assert len(set(column(small, "declarations", "id"))) >= 4_990


def test_rates_are_within_what_the_world_promises(port: Path) -> None:
    y = column(port, "truth", "y")
    assert 0.01 <= y.mean() <= 0.03
    assert 0.06 <= column(port, "truth", "inspected").mean() <= 0.09
    results = [row for row in rows(port, Kind.INSPECTION) if row["outcome"] != "pending"]
    targeted = [row for row in results if row["selected_by"] not in ("random", "statutory")]
    failed = [row["outcome"] in FAILED_OUTCOMES for row in targeted]
    assert 0.08 <= np.mean(failed) <= 0.20
    exports = np.mean([row["direction"] == "export" for row in rows(port, Kind.DECLARATION)])
    assert 0.1 <= exports <= 0.4


def test_a_failed_inspection_is_a_true_defect_and_some_defects_are_missed(port: Path) -> None:
    truth = dict(zip(column(port, "truth", "id"), column(port, "truth", "y"), strict=True))
    results = [row for row in rows(port, Kind.INSPECTION) if row["outcome"] != "pending"]
    assert all(truth[row["declaration_id"]] for row in results if row["outcome"] in FAILED_OUTCOMES)
    missed = [row for row in results if row["outcome"] == "pass" and truth[row["declaration_id"]]]
    assert missed


def test_random_selections_state_their_probability_and_targeted_ones_none(port: Path) -> None:
    for row in rows(port, Kind.INSPECTION):
        if row["selected_by"] == "random":
            assert 0 < row["selection_probability"] < 0.05
        elif row["selected_by"] == "statutory":
            assert row["selection_probability"] == 1.0
        else:
            assert "selection_probability" not in row


def test_pending_inspections_are_resolved_later_under_the_same_id(port: Path) -> None:
    seen: dict[str, list[str]] = {}
    for row in rows(port, Kind.INSPECTION):
        seen.setdefault(row["id"], []).append(row["outcome"])
    both = [outcomes for outcomes in seen.values() if len(outcomes) == 2]
    assert len(both) > 100
    assert all(outcomes[0] == "pending" and outcomes[1] != "pending" for outcomes in both)


def test_lives_of_lines_are_later_rows_of_the_same_id(port: Path) -> None:
    statuses: dict[str, list[tuple[str, str]]] = {}
    for row in rows(port, Kind.DECLARATION):
        statuses.setdefault(row["id"], []).append((row["stage"], row["status"]))
    later = {lives[-1] for lives in statuses.values() if len(lives) > 1}
    assert later == {("complete", status) for status in ("declared", "amended", "released", "cancelled")}


def test_what_is_observable_is_calibrated_and_stands_between_structure_and_truth(port: Path) -> None:
    y = column(port, "truth", "y").astype(float)
    chance, latent = column(port, "truth", "p_observable"), column(port, "truth", "p_latent")
    assert 0.85 <= y.sum() / chance.sum() <= 1.15
    assert 0.8 <= calibration_slope(np.log(chance / (1 - chance)), y) <= 1.2
    known = column(port, "truth", "structure_log_odds")
    late = np.arange(len(y)) > len(y) // 2
    structure, observable, truth = (precision(y[late], s[late]) for s in (known, chance, latent))
    assert structure * 1.5 < observable < truth


def precision(y: Any, score: Any) -> float:
    hits = y[np.argsort(-score, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1) * hits).sum() / hits.sum())


def calibration_slope(log_odds: Any, y: Any) -> float:
    beta = np.array([0.0, 1.0])
    design = np.stack([np.ones_like(log_odds), log_odds], axis=1)
    for _ in range(20):
        p = 1 / (1 + np.exp(-design @ beta))
        beta += np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]), design.T @ (y - p))
    return float(beta[1])


def test_opinions_lead_lag_repeat_misfile_deny_and_talk_of_other_things(port: Path) -> None:
    truth = pq.read_table(port / "truth_opinions.parquet").to_pandas()
    assert set(truth["sort"]) == {"real", "unfounded", "irrelevant", "negated", "praise"}
    assert truth["leads"].any()
    assert truth["misfiled"].any()
    assert truth["is_duplicate"].any()
    assert set(truth["template_group"]) == {0, 1, 2, 3, 4}
    texts = " ".join(row["text"] for row in rows(port, Kind.OPINION))
    assert any(denial in texts for denial in ("不漏电", "未检出", "没有发霉", "没有异味"))
    assert "{" not in texts
    assert {row["channel"] for row in rows(port, Kind.OPINION)} >= {"12345", "12315", "12360", "review"}


def test_overseas_notices_are_in_english_and_name_no_line(port: Path) -> None:
    notices = [row for row in rows(port, Kind.NONCONFORMITY) if row["source"] == "overseas_notice"]
    assert notices
    assert all("declaration_id" not in row and row["fact"].isascii() for row in notices)


def test_makers_are_often_missing_in_market_procurement_and_parcels(port: Path) -> None:
    lines = list(rows(port, Kind.DECLARATION))
    special = [row for row in lines if row["supervision_mode"] in ("1039", "9610", "1210", "9710")]
    usual = [row for row in lines if row["supervision_mode"] == "0110"]
    assert np.mean(["manufacturer" not in row for row in special]) > 0.5
    assert np.mean(["manufacturer" not in row for row in usual]) < 0.2


def test_a_trader_with_a_new_code_keeps_its_entity(port: Path) -> None:
    truth = pq.read_table(port / "truth.parquet").to_pandas()
    moved = set(truth.loc[truth["identity_changed"], "trader_entity"])
    before = set(truth.loc[~truth["identity_changed"], "trader_entity"])
    assert moved & before
    assert truth["cold_start"].any()


def test_the_command_writes_a_port_until_the_day_asked_for(tmp_path: Path) -> None:
    asked = ["--lines", "300", "--seed", "1", "--out", str(tmp_path / "p"), "--until", "2025-03-31"]
    result = CliRunner().invoke(simulate, asked)
    assert result.exit_code == 0, result.output
    manifest = msgspec.json.decode((tmp_path / "p" / "manifest.json").read_bytes())
    assert manifest["until"] == "2025-03-31"
    assert manifest["params_sha256"] == PINNED_PARAMETERS
    assert (
        column(tmp_path / "p", "declarations", "known_at").max() < 1_743_436_800_000_000
    )  # 1 April, Shanghai


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("days = 730", 'days = "two years"', "period.days"),
        ("growth = 0.8", "growing = 0.8", "growing"),
        ("VN = 20, JP = 14", "QQ = 20, JP = 14", "QQ"),
        ('"1039" = 0.18', '"9999" = 0.18', "9999"),
        ('VN = [0.5, 0.75, "USD"', 'VN = [0.5, 0.75, "VND"', "VND"),
        ("[period]", "[period", "line"),
    ],
)
def test_a_broken_parameter_file_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = DEFAULT_PARAMS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "world.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadParameters, match=named):
        load_params(path)


def test_a_belief_that_hears_nothing_changes_the_belief_and_nothing_else(small: Path) -> None:
    params, digest = load_params()
    deaf = inspect_lines(make_world(Request(5_000, 7, small, params, digest)), hears=False).log
    hearing = inspect_lines(make_world(Request(5_000, 7, small, params, digest))).log
    assert np.array_equal(deaf.selection, hearing.selection)
    assert np.array_equal(deaf.failed, hearing.failed)
    assert not np.allclose(deaf.observable, hearing.observable)
    truth = pq.read_table(small / "truth.parquet", columns=["p_observable"])
    assert np.array_equal(hearing.observable, truth["p_observable"].to_numpy())
