"""Scores are evidence: computed again, they give the same bits, and so do files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sqlalchemy import update
from starlette.testclient import TestClient

from customs_risk import main
from features.store.database import Store
from features.store.entries import Entry
from features.terms import Kind
from serving.cli import replay, score
from serving.errors import CannotReplay
from serving.replay import replay as compute
from serving.settings import ServingSettings
from serving.storage.tables import METADATA, SCORES

Line = Callable[..., dict[str, Any]]


@pytest.fixture
def store(settings: ServingSettings) -> Iterator[Store]:
    opened = Store.open(settings.database_url)
    yield opened
    opened.close()


def scored(client: TestClient, body: object, **options: Any) -> str:
    given: str = client.post("/v1/scores", json=body, params=options).json()["scores"][0]["id"]
    return given


def test_a_score_is_replayed_bit_for_bit(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path
) -> None:
    client = start()
    ids = [
        scored(client, line(n, id=f"replayed-{n}", direction=way))
        for n, way in enumerate(("import", "export"))
    ]
    ids.append(scored(client, line(7, id="only-asked"), what_if=True))
    ids.append(scored(client, line(1, id="replayed-0", total_price=3.5)))
    found = {
        "id": "late",
        "happened_at": "2026-01-01",
        "declaration_id": "replayed-0",
        "outcome": "destroyed",
    }
    assert client.post("/v1/inspections", json=found).status_code == 201
    for score_id in ids:
        for features in (False, True):
            result = compute(store, home, score_id, features=features)
            assert result.same, result.differences


def test_a_changed_score_is_found_out(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path
) -> None:
    score_id = scored(start(), line(1, id="tampered"))
    with store.engine.begin() as connection:
        connection.execute(update(SCORES).values(probability=SCORES.c.probability + 1e-15))
    result = compute(store, home, score_id, features=False)
    assert [one.name for one in result.differences] == ["probability"]
    ran = CliRunner().invoke(replay, [score_id, "--home", str(home)])
    assert ran.exit_code == 1


def test_a_redacted_line_keeps_its_score_but_not_its_features(
    start: Callable[..., TestClient], line: Line, store: Store, home: Path
) -> None:
    score_id = scored(start(), line(1, id="erased"))
    store.append([Entry.redact(Kind.DECLARATION, "erased")])
    assert compute(store, home, score_id, features=False).same
    with pytest.raises(CannotReplay, match="redacted"):
        compute(store, home, score_id, features=True)
    with pytest.raises(CannotReplay, match="no score"):
        compute(store, home, "0" * 32, features=False)


def test_the_command_says_whether_the_bits_are_the_same(
    start: Callable[..., TestClient], line: Line, home: Path, tmp_path: Path
) -> None:
    score_id = scored(start(), line(1, id="by-command"))
    figures = tmp_path / "replay.json"
    arguments = [score_id, "--features", "--json", str(figures), "--home", str(home)]
    ran = CliRunner().invoke(replay, arguments)
    assert ran.exit_code == 0, ran.output
    assert "the same bits" in ran.output
    assert json.loads(figures.read_text())["same"] is True


def test_a_file_gets_the_servers_numbers(
    start: Callable[..., TestClient], line: Line, home: Path, tmp_path: Path
) -> None:
    lines = [line(n, id=f"file-{n}", direction="export" if n == 2 else "import") for n in range(4)]
    served = start().post("/v1/scores", json=lines, params={"what_if": True}).json()["scores"]
    source, out = tmp_path / "lines.jsonl", tmp_path / "out.parquet"
    rows = [*lines, line(9, id="bad", hs_code="85161")]
    source.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    arguments = [str(source), "--out", str(out), "--explain", "--home", str(home)]
    ran = CliRunner().invoke(score, [*arguments, "--rejects", str(tmp_path / "rejects.csv")])
    assert ran.exit_code == 3, ran.output
    table = pq.read_table(out).to_pylist()
    for row, given in zip(table, served, strict=True):
        assert (row["id"], row["probability"], row["total"]) == (
            given["line_id"],
            given["probability"],
            given["total"],
        )
        for one in given["contributions"]:
            assert row[f"contribution.{one['feature']}"] == one["log_odds"]
        assert (row["sequence"], row["as_of"]) == (given["sequence"], given["as_of"])
    assert "leading zero" in (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig")


def in_a_file(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_home_that_never_served_scores_files_and_replays(line: Line, home: Path, tmp_path: Path) -> None:
    """As after import and train: the records' tables and a champion are there, those of scores are not."""
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    with store.engine.begin() as connection:
        for table in METADATA.sorted_tables:
            connection.exec_driver_sql(f"DROP TABLE {table.name}")
        connection.exec_driver_sql("DROP TABLE serving_version")
    store.close()
    ran = CliRunner().invoke(main, ["replay", "0" * 32, "--home", str(home)])
    assert (ran.exit_code, "no score has the id" in ran.output) == (2, True), ran.output
    source, out = in_a_file(tmp_path / "lines.jsonl", [line(1)]), tmp_path / "out.parquet"
    figures = tmp_path / "new" / "figures.json"
    arguments = ["score", str(source), "--out", str(out), "--json", str(figures), "--home", str(home)]
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 0, ran.output
    assert json.loads(figures.read_text())["scored"] == 1
    assert pq.read_table(out).num_rows == 1


@pytest.mark.parametrize("arguments", [["score", "lines.jsonl", "--out", "o.parquet"], ["replay", "0" * 32]])
def test_a_home_without_records_says_what_to_do(
    arguments: list[str], line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    in_a_file(tmp_path / "lines.jsonl", [line(1)])
    ran = CliRunner().invoke(main, [*arguments, "--home", str(tmp_path / "empty")])
    assert ran.exit_code == 2
    assert "customs-risk import" in ran.output


def test_rows_that_take_a_line_away_are_rejected(line: Line, home: Path, tmp_path: Path) -> None:
    removals = [{"id": f"gone-{action}", "action": action} for action in ("withdraw", "redact")]
    source = in_a_file(
        tmp_path / "lines.jsonl", [line(1), *removals, line(2), line(3, id="", action="redact")]
    )
    out, rejects = tmp_path / "out.parquet", tmp_path / "rejects.csv"
    arguments = [str(source), "--out", str(out), "--rejects", str(rejects), "--home", str(home)]
    ran = CliRunner().invoke(score, arguments)
    assert ran.exit_code == 3
    assert "2 lines scored, 3 rejected" in ran.output
    with rejects.open(encoding="utf-8-sig") as file:
        told = [(row["field"], row["value"]) for row in csv.DictReader(file)]
    assert told == [("action", "withdraw"), ("action", "redact"), ("id", "")]


def test_nothing_is_scored_that_could_not_be_written(line: Line, home: Path, tmp_path: Path) -> None:
    source = in_a_file(tmp_path / "lines.jsonl", [line(1)])
    other = tmp_path / "linked.parquet"
    other.hardlink_to(source)
    (tmp_path / "folder.parquet").mkdir()
    before = source.read_bytes()
    out = tmp_path / "out.parquet"
    for options, said in (
        ([source], "Parquet"),
        ([other], "the file to score"),
        ([tmp_path / "out.csv"], "Parquet"),
        ([tmp_path / "folder.parquet"], "a folder"),
        ([tmp_path / "nowhere" / "out.parquet"], "no folder"),
        ([out, "--rejects", source], "the file to score"),
        ([out, "--json", out], "--out"),
    ):
        command = ["score", str(source), "--out", *map(str, options), "--home", str(home)]
        ran = CliRunner().invoke(main, command)
        assert ran.exit_code == 2, ran.output
        assert said in ran.output
        assert ".parquet" in ran.output.splitlines()[-1]
    assert source.read_bytes() == before
    assert not out.exists()


def test_a_file_that_breaks_off_leaves_nothing_half_written(line: Line, home: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "lines.csv", tmp_path / "out.parquet"
    source.write_bytes(b"id,nonsense\n1,2\n")
    ran = CliRunner().invoke(main, ["score", str(source), "--out", str(out), "--home", str(home)])
    assert ran.exit_code == 2, ran.output
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["lines.csv"]
