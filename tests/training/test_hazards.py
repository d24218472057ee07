"""Hazards are taught from findings known in time, and trees stay only where they help later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.instants import DAY
from features.lines import Lines
from features.records import Declaration, Nonconformity
from features.schema import FeatureSpec
from features.store.database import Store
from features.store.entries import Entry
from features.terms import FindingCategory, FindingSource
from models.hazards import HAZARDS, PLACE, HazardModel
from models.spec import ModelSpec
from training.candidate import Bench
from training.card.hazards import hazard_tables
from training.dataset import Dataset, Recent
from training.encode import Encoded
from training.findings import Findings, hazard_of, read_findings
from training.fit import Table
from training.hazards import FEWEST, HazardTable, teach_hazards, with_trees
from training.labelling import standing_findings
from training.progress import SILENT
from training.split import Folds

START = 1_700_000_000_000_000
HEADINGS = ("8516109000", "9503002100", "0402100000", "6109100021")
NAMES = ("log_value", "duty_rate")


def bench_of(
    hazard: np.ndarray[Any, Any], X: np.ndarray[Any, Any], codes: list[str]
) -> tuple[Bench, Findings]:
    """Lines declared hour by hour, all nonconforming, each finding known a day later."""
    count = len(hazard)
    at = START + np.arange(count) * DAY // 24
    lines = Lines.of(
        [
            Declaration(id=f"L{n}", happened_at=int(at[n]), direction="import", hs_code=codes[n])  # type: ignore[arg-type]
            for n in range(count)
        ]
    )
    known = at + DAY
    yes = np.ones(count, dtype=bool)
    none: Counter[str] = Counter()
    dataset = Dataset(
        "nonconforming",
        lines,
        at,
        known,
        yes,
        yes,
        DAY,
        none,
        "f" * 64,
        Recent(lines.take(~yes), at[:0]),  # type: ignore[arg-type]
    )
    place = np.arange(count) / count
    fit, stop, calibrate, test = (
        (place >= low) & (place < high) for low, high in ((0, 0.5), (0.5, 0.65), (0.65, 0.8), (0.8, 1.1))
    )
    starts = {
        "fit": int(at[0]),
        "stop": int(at[stop][0]),
        "calibrate": int(at[calibrate][0]),
        "test": int(at[test][0]),
    }
    folds = Folds(fit, stop, calibrate, test, ~test, test, starts)
    encoded = Encoded(Table(X, yes, NAMES, ()), FeatureSpec(NAMES, {}), X[:0])
    findings = Findings(hazard, known, (), np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.int64), 0)
    return Bench(dataset, encoded, folds, ModelSpec(threads=1), SILENT), findings


def world(count: int, seed: int, *, telling: bool) -> tuple[Bench, Findings]:
    """Hazards that depend on the heading, and where `telling` on a feature too."""
    random = np.random.default_rng(seed)
    codes = [HEADINGS[n] for n in random.integers(0, len(HEADINGS), count)]
    X = random.normal(size=(count, len(NAMES)))
    usual = np.array([PLACE["burns_heat"] + HEADINGS.index(code) for code in codes])
    drawn = random.integers(0, len(HAZARDS), count)
    hazard = np.where(random.random(count) < 0.6, usual, drawn)
    if telling:
        hazard = np.where(X[:, 0] > 0, PLACE["fraud_counterfeit"], hazard)
    return bench_of(hazard.astype(np.intp), X, codes)


def test_heading_shares_foretell_later_hazards_better_than_the_base_rate() -> None:
    bench, findings = world(1200, 1, telling=False)
    taught = teach_hazards(bench, findings, START + 10**15)
    figures = taught.figures
    assert figures["hazard_log_loss"] < figures["hazard_log_loss_base"] - 0.2
    assert figures["hazard_gain_low"] > 0
    assert figures["hazard_macro_recall"] > figures["hazard_macro_recall_base"]
    assert taught.model.findings == 1200
    assert sum(taught.support.values()) == 1200
    assert taught.to_card()["figures"]["hazard_findings"] == 240


def test_trees_stay_where_a_feature_tells_more_and_go_where_none_does() -> None:
    telling = teach_hazards(*world(1600, 2, telling=True), START + 10**15)
    assert "fraud_counterfeit" in telling.model.taught
    assert telling.figures["hazard_log_loss"] < telling.figures["hazard_log_loss_heading"] - 0.1
    silent = teach_hazards(*world(1600, 3, telling=False), START + 10**15)
    assert silent.model.taught == ()


def test_a_row_starts_from_shares_in_which_its_own_finding_has_no_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a heading seen once would tell its hazard, and trees would learn that shares are always right."""
    bench, findings = world(600, 8, telling=True)
    table, folds, starts = HazardTable(bench, findings), bench.folds, bench.folds.starts
    early = table.known(folds.fit, starts["stop"])
    later = table.known(folds.stop | folds.calibrate, starts["test"])
    model = HazardModel(table.counts(early, starts["stop"]))
    begun: list[np.ndarray[Any, Any]] = []

    class Enough(Exception):
        pass

    def refuse(settings: object, fold: Any, rounds: int, *, valid_sets: list[Any], **more: object) -> None:
        begun.extend(np.asarray(each.get_init_score()) for each in (fold, valid_sets[0]))
        raise Enough

    monkeypatch.setattr("training.hazards.lgb.train", refuse)
    with pytest.raises(Enough):
        with_trees(model, table, early, later)
    counted = np.bincount(table.hazard(early), minlength=len(HAZARDS))
    taught = np.flatnonzero(counted >= FEWEST)
    for rows, found, own in ((early, begun[0], True), (later, begun[1], False)):
        kept = rows[np.isin(table.hazard(rows), taught)]
        for row, told in zip(kept[:50], found.reshape(len(kept), -1)[:50], strict=True):
            [code], [hazard] = table.codes(np.array([row])), table.hazard(np.array([row]))
            shares = model.counts.shares(code, int(hazard) if own else None)
            assert told == pytest.approx(np.log(shares)[taught])
            assert (told == pytest.approx(np.log(model.counts.shares(code))[taught])) != own


def test_few_findings_teach_shares_alone_and_none_leave_the_taxonomy() -> None:
    bench, findings = world(60, 4, telling=True)
    assert teach_hazards(bench, findings, START + 10**15).model.taught == ()
    nothing = Findings(np.full(60, -1), findings.known_at, (), findings.reported, findings.reported_at, 3)
    taught = teach_hazards(bench, nothing, START + 10**15)
    assert (taught.model.findings, taught.support, taught.unnamed) == (0, {}, 3)
    assert taught.to_card()["figures"]["hazard_log_loss"] is None


def test_no_hazard_known_after_the_test_began_teaches_what_is_tested() -> None:
    bench, findings = world(400, 5, telling=False)
    table, starts = HazardTable(bench, findings), bench.folds.starts
    early = table.known(bench.folds.fit, starts["stop"])
    assert (findings.known_at[early] < starts["stop"]).all()
    later = table.known(bench.folds.stop | bench.folds.calibrate, starts["test"])
    assert (findings.known_at[later] < starts["test"]).all()
    assert len(later) < (bench.folds.stop | bench.folds.calibrate).sum()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{tmp_path / 'records.db'}")
    store.migrate()
    yield store
    store.close()


def finding(number: int, **said: Any) -> Entry:
    known_at = said.pop("known_at", START + number)
    record = Nonconformity(id=f"N{number}", happened_at=START, source=FindingSource.PORT, **said)
    return Entry(record, known_at=known_at)


def test_the_gravest_finding_of_a_line_is_its_hazard_as_known_before_the_end(sqlite_store: Store) -> None:
    sqlite_store.append(
        [
            finding(1, declaration_id="L1", hazard="burns_heat", severity=2),
            finding(2, declaration_id="L1", hazard="electric_shock", severity=4),
            finding(3, declaration_id="L2", category=FindingCategory.LABEL),
            finding(4, declaration_id="L3", category=FindingCategory.SAFETY),
            finding(5, hs_code="9503002100", hazard="choking_asphyxia"),
            finding(6, hs_code="9503002100", hazard="a code of their own"),
            finding(7, declaration_id="L3", hazard="heavy_metals", known_at=START + 10 * DAY),
        ],
        imported=True,
    )
    stored = [revision for chunk in sqlite_store.changes() for revision in chunk]
    found = read_findings(stored, ["L1", "L2", "L3"], START + DAY)
    assert found.hazard.tolist() == [PLACE["electric_shock"], PLACE["labelling_marking"], -1]
    assert (found.codes, found.reported.tolist()) == (("9503002100",), [PLACE["choking_asphyxia"]])
    assert found.unnamed == 2
    late = read_findings(stored, ["L3"], START + 20 * DAY)
    assert late.hazard.tolist() == [PLACE["heavy_metals"]]
    assert hazard_of(Nonconformity(id="x", happened_at=START, source=FindingSource.PORT)) is None


def test_findings_of_one_weight_and_instant_count_in_the_order_in_which_labels_take_them(
    sqlite_store: Store,
) -> None:
    said: dict[str, Any] = {"declaration_id": "L1", "severity": 3, "known_at": START}
    first = finding(1, hazard="burns_heat", **said)
    second = finding(2, hazard="electric_shock", **said)
    for told in (first, second, finding(1, hazard="burns_heat", brand="Acme", **said)):
        sqlite_store.append([told], imported=True)
    stored = [revision for chunk in sqlite_store.changes() for revision in chunk]
    standing = standing_findings(stored, START + DAY)
    assert [known.record.id for known in standing] == ["N1", "N2"]
    found = read_findings(stored, ["L1"], START + DAY)
    assert found.hazard.tolist() == [hazard_of(standing[-1].record)]


def test_a_card_shows_the_figures_beside_the_base_rate_and_the_support_of_each_hazard() -> None:
    taught = teach_hazards(*world(900, 6, telling=False), START + 10**15)
    foretold, support = hazard_tables({"hazards": taught.to_card()})
    assert f"{taught.figures['hazard_log_loss_base']:.4f}" in {
        str(cell) for row in foretold.rows for cell in row
    }
    assert sum(int(str(row[1])) for row in support.rows) == 900
    assert hazard_tables({}) == []
    bench, findings = world(60, 4, telling=True)
    nothing = Findings(np.full(60, -1), findings.known_at, (), findings.reported, findings.reported_at, 0)
    empty = teach_hazards(bench, nothing, START + 10**15)
    assert hazard_tables({"hazards": empty.to_card()})[0].rows == []
