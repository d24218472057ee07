from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from customs_risk import main
from features.instants import DAY
from features.schema import SpecError
from features.store.database import Store
from models import promotions
from models.spec import Target
from training.errors import BadTruth, GateClosed, PeriodOverlap, UnknownVersion
from training.judge import judge, read_truth
from training.period import Period, Span
from training.pipeline import Registered, Workshop, retrain
from training.policy import AdditivityPolicy, gate_policy
from training.promote import (
    list_versions,
    parse_version,
    promote_first,
    promote_version,
    read_version,
    roll_back,
)
from training.tracking import Tracking

sys.path.insert(0, str(Path(__file__).parent))

from small_port import LINES, SPEC, START, UNTIL, port


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def workshop(home: Path) -> Iterator[Workshop]:
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    store.migrate()
    store.append(list(port()), imported=True)
    yield Workshop(store, home)
    store.close()


@pytest.fixture(scope="module")
def first(workshop: Workshop) -> Registered:
    registered = retrain(workshop, SPEC, Period.of_days(dt.date(2020, 8, 31)))
    promote_first(workshop.store, workshop.home, registered.version)
    return registered


def test_records_become_a_registered_version_with_figures_and_open_gates(first: Registered) -> None:
    assert str(first.version) == "nonconforming/1"
    assert first.report["roc_auc"] > 0.6
    assert first.gates["passed"], first.gates
    assert first.card["data"]["rows"] > 1_000


def test_the_first_version_of_a_target_is_its_champion(workshop: Workshop, first: Registered) -> None:
    champion = promotions.champion(workshop.store.engine, "nonconforming")
    assert champion is not None
    assert champion.fingerprint == first.version.fingerprint
    assert "champion" in Tracking(workshop.home).version("nonconforming", 1).aliases


def test_the_run_keeps_figures_data_fingerprint_pictures_and_bundle(
    workshop: Workshop, first: Registered
) -> None:
    run = Tracking(workshop.home).run(first.version)
    assert run.metrics["average_precision"] == pytest.approx(first.report["average_precision"])
    taught = first.card["hazards"]
    assert run.metrics.get("hazard_findings") == taught["figures"]["hazard_findings"]
    assert taught["findings"] >= sum(taught["support"].values())
    assert run.tags["data_fingerprint"] == first.card["data"]["fingerprint"]
    assert {"bundle/model.txt", "bundle/manifest.sig"} <= set(run.files)
    assert {
        f"plots/{name}.png" for name in ("calibration", "precision_recall", "lift", "contributions")
    } <= set(run.files)


def test_a_version_is_judged_later_and_refused_on_its_own_lessons(
    workshop: Workshop, first: Registered
) -> None:
    model = read_version(workshop.home, first.version)
    report, scored = judge(workshop, model, Span.of_days(dt.date(2020, 9, 1), UNTIL))
    assert report.rows == len(scored.ids) == 280
    assert report["roc_auc"] > 0.6
    with pytest.raises(PeriodOverlap, match=r"2020-08-15.*declared until 2020-08-"):
        judge(workshop, model, Span.of_days(dt.date(2020, 8, 15), UNTIL))


def test_a_truth_file_judges_all_later_lines_beside_what_could_be_reached(
    workshop: Workshop, first: Registered, tmp_path: Path
) -> None:
    ids = [f"L{number}" for number in range(LINES)]
    outcome = [number % 5 == 0 for number in range(LINES)]
    columns = {"id": ids, "p_latent": [0.9 * each + 0.05 for each in outcome], "y": outcome}
    path = tmp_path / "truth.parquet"
    pq.write_table(pa.table(columns | {"p_observable": [0.2] * LINES}), path)
    model = read_version(workshop.home, first.version)
    report, scored = judge(workshop, model, Span.of_days(dt.date(2020, 9, 1), UNTIL), read_truth(path))
    assert report.rows == len(scored.ids) == 280
    assert report.positives == 56
    assert report.parts["p_latent"]["average_precision"] == 1
    assert report.parts["p_observable"]["average_precision"] == pytest.approx(0.2)
    assert report.parts["inspected"].rows == 280


def test_a_file_that_is_no_truth_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.parquet"
    pq.write_table(pa.table({"id": ["L1"]}), path)
    with pytest.raises(BadTruth, match="cannot be read as a truth file"):
        read_truth(path)
    path.write_text("no parquet")
    with pytest.raises(BadTruth):
        read_truth(path)


def test_a_version_may_read_fewer_features_and_only_known_ones(workshop: Workshop, first: Registered) -> None:
    few = ("origin", "log_value")
    fewer = retrain(workshop, SPEC, Period.of_days(dt.date(2020, 8, 31)), names=few)
    model = read_version(workshop.home, fewer.version)
    assert model.feature_spec.names == few
    assert not model.feature_spec.name_risk.editions
    with pytest.raises(SpecError, match="'colour' is no feature"):
        retrain(workshop, SPEC, Period.of_days(UNTIL), names=("colour",))


def test_lines_kept_to_test_may_be_judged_and_those_before_may_not(
    workshop: Workshop, first: Registered
) -> None:
    kept = retrain(workshop, SPEC, Period.of_days(UNTIL, dt.date(2020, 9, 1)))
    model = read_version(workshop.home, kept.version)
    report, _ = judge(workshop, model, Span.of_days(dt.date(2020, 9, 1), UNTIL))
    if kept.card["refitted_on_all_rows"]:
        assert report["average_precision"] == pytest.approx(kept.report["average_precision"])
    with pytest.raises(PeriodOverlap):
        judge(workshop, model, Span.of_days(dt.date(2020, 8, 20), UNTIL))


def test_results_known_after_the_end_change_not_a_byte_of_the_model(
    workshop: Workshop, tmp_path: Path, first: Registered
) -> None:
    cut = START + 250 * DAY
    store = Store.open(f"sqlite:///{tmp_path / 'cut.db'}")
    store.migrate()
    store.append(
        [entry for entry in port() if entry.known_at is not None and entry.known_at < cut], imported=True
    )
    earlier = retrain(Workshop(store, tmp_path), SPEC, Period.of_days(dt.date(2020, 8, 31)))
    store.close()
    models = [read_version(at, each.version) for at, each in ((workshop.home, first), (tmp_path, earlier))]
    assert models[0].text == models[1].text
    assert models[0].calibrations == models[1].calibrations
    assert earlier.card["data"]["fingerprint"] == first.card["data"]["fingerprint"]
    assert earlier.report.figures == pytest.approx(first.report.figures, nan_ok=True)


def test_promotion_and_rollback_move_the_champion_and_the_alias(
    workshop: Workshop, first: Registered
) -> None:
    second = retrain(workshop, SPEC, Period.of_days(dt.date(2020, 9, 30)))
    assert promote_first(workshop.store, workshop.home, second.version) is None
    promote_version(workshop.store, workshop.home, second.version, reason="newer", forced=True)
    standing = {
        each.version.version: each for each in list_versions(workshop.store, workshop.home, "nonconforming")
    }
    assert standing[second.version.version].champion
    assert not standing[1].champion
    back = roll_back(workshop.store, workshop.home, "nonconforming")
    assert back.fingerprint == first.version.fingerprint
    assert "champion" in Tracking(workshop.home).version("nonconforming", 1).aliases


def test_a_version_behind_a_closed_gate_needs_force_and_a_reason(
    workshop: Workshop,
) -> None:
    exact = AdditivityPolicy(lines=256, may_miss=1e-300)
    policy = msgspec.structs.replace(gate_policy(), additivity=exact)
    shut = retrain(workshop, SPEC, Period.of_days(dt.date(2020, 8, 31)), policy).version
    with pytest.raises(GateClosed, match="contributions add up"):
        promote_version(workshop.store, workshop.home, shut)
    with pytest.raises(GateClosed):
        promote_version(workshop.store, workshop.home, shut, forced=True)
    promotion = promote_version(workshop.store, workshop.home, shut, forced=True, reason="drill")
    assert promotion.forced
    assert promotion.reason == "drill"
    roll_back(workshop.store, workshop.home, "nonconforming")


def test_a_first_version_is_taken_into_use_in_doubt_of_its_calibration_but_of_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.gates.slope_holds", lambda *_: (False, 3.0, 0.1))
    store = Store.open(f"sqlite:///{tmp_path / 'first.db'}")
    store.migrate()
    store.append(list(port()), imported=True)
    version = retrain(Workshop(store, tmp_path), SPEC, Period.of_days(dt.date(2020, 8, 31))).version
    with monkeypatch.context() as patched:
        worse = [{"name": "loads elsewhere", "passed": False, "seen": "no"}]
        patched.setattr("training.promote.signed_gates", lambda *_: {"gates": worse})
        assert promote_first(store, tmp_path, version) is None
    promotion = promote_first(store, tmp_path, version)
    store.close()
    assert promotion is not None
    assert "calibration holds" in promotion.closed


@pytest.mark.parametrize("name", ["nonconforming", "nonconforming/x", "nonconforming/99", "/1", "other/1"])
def test_an_unknown_version_is_named(workshop: Workshop, first: Registered, name: str) -> None:
    with pytest.raises(UnknownVersion, match=name):
        parse_version(name, Tracking(workshop.home))


@pytest.fixture
def run(home: Path, first: Registered, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("CUSTOMS_RISK_HOME", str(home))
    monkeypatch.delenv("CUSTOMS_RISK_DATABASE_URL", raising=False)
    return CliRunner()


def test_the_commands_list_and_judge_under_stable_names(run: CliRunner, tmp_path: Path) -> None:
    listed = run.invoke(main, ["models", "--json"])
    assert json.loads(listed.stdout)[0]["version"] == "nonconforming/1"
    assert "nonconforming/1" in run.invoke(main, ["models"]).stdout
    out = tmp_path / "figures.json"
    judged = run.invoke(
        main, ["evaluate", "--from", "2020-09-01", "--model", "nonconforming/1", "--json", str(out)]
    )
    assert judged.exit_code == 0, judged.output
    assert judged.stdout.startswith("nonconforming/1 on inspected lines declared from 2020-09-01")
    champion = run.invoke(main, ["evaluate", "--from", "2020-09-01"])
    assert champion.stdout == judged.stdout
    figures = json.loads(out.read_text())
    for name in ("roc_auc", "average_precision", "brier", "calibration_slope", "calibration_intercept"):
        assert isinstance(figures[name], float)
    for share in (1, 2, 5, 10):
        assert {f"precision_at_{share}pct", f"recall_at_{share}pct"} <= figures.keys()
    assert {"observed_over_expected_top_5pct", "intervals", "rows", "positives"} <= figures.keys()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "--from", "2020-03-01"], "trained or calibrated"),
        (["evaluate", "--from", "2021-03-01"], "no line declared"),
        (["evaluate", "--from", "2020-09-01", "--until", "2020-08-01"], "after the end"),
        (["evaluate", "--target", "critical", "--from", "2020-09-01"], "critical"),
        (["train", "--until", "2020-01-20"], "needs at least"),
        (["train", "--until", "2020-03-01", "--test-from", "2020-04-01"], "after the end"),
        (["train", "--target", "critical"], "0 critical"),
        (["promote", "nonconforming/77"], "nonconforming/77"),
        (["rollback", "--target", "critical"], "critical"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_line_and_status_2(
    run: CliRunner, arguments: list[str], said: str
) -> None:
    result = run.invoke(main, arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_targets_are_those_of_the_specification() -> None:
    assert [str(target) for target in Target] == ["nonconforming", "critical"]
