"""A line's own results never count in its own score: not anew, not in a file, not in a replay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from starlette.testclient import TestClient

from features.records import Declaration, Inspection, Nonconformity
from features.store.database import Store
from features.store.entries import Action, Entry
from features.store.reader import Revision, state_at
from features.terms import Direction, FindingSource, Kind, Outcome
from serving.cli import score as score_command
from serving.own_results import own_instants
from serving.replay import replay
from serving.settings import ServingSettings

Line = Callable[..., dict[str, Any]]
NUMBERS = ("base", "total", "probability", "contributions", "by_family", "hazards")


def of_its_own(line: Line, id: str = "own", **changes: Any) -> dict[str, Any]:
    return line(0, id=id, **{"consignee": "NEW", "manufacturer": "MAKER", "brand": "B", **changes})


def scored(client: TestClient, body: object, **options: Any) -> dict[str, Any]:
    answer = client.post("/v1/scores", json=body, params=options)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["scores"][0]
    return found


def failed(client: TestClient, line_id: str, number: int = 0) -> None:
    sent = {"id": f"IO-{line_id}-{number}", "happened_at": "2026-03-03", "declaration_id": line_id}
    answer = client.post("/v1/inspections", json={**sent, "outcome": "returned"})
    assert answer.status_code == 201, answer.text


def test_a_line_that_failed_is_scored_anew_by_what_was_known_before_its_result(
    start: Callable[..., TestClient], line: Line, settings: ServingSettings, home: Path
) -> None:
    client = start()
    first = scored(client, of_its_own(line))
    failed(client, "own")
    failed(client, "own", 1)
    revised = client.post("/v1/declarations", json=of_its_own(line, status="released")).json()["receipts"][0]
    again = client.get(f"/v1/scores/{revised['score']}").json()
    asked = scored(client, of_its_own(line), what_if=True)
    before = scored(client, of_its_own(line, "twin"), as_of=again["as_of"])
    for one in (again, asked):
        assert [one[name] for name in NUMBERS] == [before[name] for name in NUMBERS]
        assert "own_result" in {warning["code"] for warning in one["warnings"]}
        assert one["as_of"] == before["as_of"] > first["as_of"]
    other = scored(client, of_its_own(line, "other"))
    values = [{one["feature"]: one["value"] for one in each["contributions"]} for each in (again, other)]
    name = "nonconformity_ratio_by_consignee_all"
    assert values[0][name] == 0.0 < values[1][name]
    assert "own_result" not in {warning["code"] for warning in other["warnings"]}
    store = Store.open(settings.database_url)
    for one in (first, again, asked, other):
        assert replay(store, home, one["id"], features=True).same
    store.close()


def test_a_file_gives_a_line_with_results_the_numbers_of_the_server(
    start: Callable[..., TestClient], line: Line, home: Path, tmp_path: Path
) -> None:
    client = start()
    scored(client, of_its_own(line))
    failed(client, "own")
    sent = [of_its_own(line), of_its_own(line, "other")]
    told = [scored(client, one, what_if=True) for one in sent]
    file, out = tmp_path / "lines.jsonl", tmp_path / "out.parquet"
    file.write_text("\n".join(json.dumps(one) for one in sent), encoding="utf-8")
    result = CliRunner().invoke(score_command, [str(file), "--out", str(out), "--home", str(home)])
    assert result.exit_code == 0, result.output
    rows = pq.read_table(out, columns=["probability", "total", "as_of"]).to_pylist()
    for row, one in zip(rows, told, strict=True):
        assert (row["probability"], row["total"]) == (one["probability"], one["total"])
    assert rows[0]["as_of"] < rows[1]["as_of"]


def test_a_result_that_was_withdrawn_stands_in_nobodys_way(
    start: Callable[..., TestClient], line: Line, settings: ServingSettings
) -> None:
    client = start()
    scored(client, of_its_own(line))
    failed(client, "own")
    store = Store.open(settings.database_url)
    store.append([Entry(removed=(Kind.INSPECTION, "IO-own-0"), action=Action.WITHDRAW)])
    store.close()
    again = scored(client, of_its_own(line), what_if=True)
    assert "own_result" not in {warning["code"] for warning in again["warnings"]}
    assert again["as_of"] == scored(client, of_its_own(line, "other"), what_if=True)["as_of"]


said = st.tuples(
    st.sampled_from(["I1", "I2", "N1", "L", "M"]),
    st.sampled_from(["L", "M"]),
    st.sampled_from(["pass", "pending", "withdraw"]),
    st.integers(1, 40),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store, made once; examples work on copies."""
    file = tmp_path_factory.mktemp("empty") / "empty.db"
    store = Store.open(f"sqlite:///{file}")
    store.migrate()
    store.close()
    return file


@how(max_examples=60, deadline=None)
@given(st.lists(said, max_size=9), st.integers(1, 45))
def test_the_instant_is_the_last_at_which_no_own_result_counts(
    empty: Path, steps: list[tuple[str, str, str, int]], as_of: int
) -> None:
    store = Store.open(f"sqlite:///{shutil.copy(empty, empty.with_name('example.db'))}")
    known: set[str] = set()
    for id, named, what, at in steps:
        if (what == "withdraw") > (id in known):
            continue
        known.add(id)
        record = None if what == "withdraw" else _record(id, named, what, at)
        removed = (_kind(id), id) if what == "withdraw" else None
        action = Action.WITHDRAW if what == "withdraw" else Action.PUT
        store.append([Entry(record=record, removed=removed, action=action, known_at=at)], imported=True)
    changes = [one for chunk in store.changes() for one in chunk]
    until = changes[len(changes) // 2].sequence if len(changes) % 3 == 0 and changes else len(changes)
    found = own_instants(store.engine, ["L", "M", "none"], as_of, until)
    seen = [one for one in changes if one.sequence <= until]
    for line in ("L", "M"):
        free = [at for at in range(-1, as_of + 1) if not _counts(seen, line, at)]
        assert found.get(line, as_of) == max(free)
    assert "none" not in found
    store.close()


def _kind(id: str) -> Kind:
    return {"I": Kind.INSPECTION, "N": Kind.NONCONFORMITY}.get(id[0], Kind.DECLARATION)


def _record(id: str, named: str, what: str, at: int) -> Declaration | Inspection | Nonconformity:
    if _kind(id) == Kind.DECLARATION:
        return Declaration(id=id, happened_at=at, direction=Direction.IMPORT, hs_code="9503002100")
    if _kind(id) == Kind.NONCONFORMITY:
        return Nonconformity(id=id, happened_at=at, source=FindingSource.PORT, declaration_id=named)
    return Inspection(id=id, happened_at=at, declaration_id=named, outcome=Outcome(what))


def _counts(seen: list[Revision], line: str, at: int) -> bool:
    """Say, slowly, whether a result of a line stands at an instant, and the line was ever seen by then."""
    if not any(one.id == line and one.visible_at < at for one in seen):
        return False
    held = [state_at([one for one in seen if one.id == id], at) for id in ("I1", "I2", "N1")]
    records = [one.record for one in held if one is not None]
    return any(
        isinstance(one, Inspection | Nonconformity)
        and one.declaration_id == line
        and (isinstance(one, Nonconformity) or one.outcome != Outcome.PENDING)
        for one in records
    )


def test_results_after_the_sequence_asked_for_are_not_looked_at(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'records.db'}")
    store.migrate()
    line = Declaration(id="L", happened_at=1, direction=Direction.IMPORT, hs_code="0402100000")
    looked = Inspection(id="I", happened_at=2, declaration_id="L", outcome=Outcome.RETURNED)
    [declared] = store.append([Entry(line)])
    [found] = store.append([Entry(looked)])
    asked = found.known_at + 1
    assert own_instants(store.engine, ["L"], asked, declared.sequence) == {}
    assert own_instants(store.engine, ["L"], asked, found.sequence) == {"L": found.known_at}
    store.close()
