"""Two workers of one server on PostgreSQL: what one was told is in the next answer of the other."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "serving"))

from serving_port import bearer, declared, fill

from features.store.database import Store
from features.terms import Kind
from serving.storage.scores import find_score

ROUNDS = 20
SECONDS_TO_START = 120


@contextmanager
def server(url: str, home: Path, *options: str) -> Iterator[str]:
    """Run `customs-risk serve` in processes of its own; yields its address once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "CUSTOMS_RISK_HOME": str(home), "CUSTOMS_RISK_DATABASE_URL": url}
    command = [sys.executable, "-m", "customs_risk", "serve", "--port", str(port), *options]
    with (home / "serve.log").open("a") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        (home / "serve.pid").write_text(str(process.pid))
        try:
            yield _ready(f"http://127.0.0.1:{port}", process, home)
        finally:
            process.terminate()
            process.wait(60)


def _ready(address: str, process: subprocess.Popen[bytes], home: Path) -> str:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{address}/health/ready").status_code == 200:
                return address
        except httpx2.TransportError:
            time.sleep(0.2)
    pytest.fail((home / "serve.log").read_text())


def _kill(home: Path) -> None:
    os.kill(int((home / "serve.pid").read_text()), signal.SIGKILL)


def post(address: str, path: str, body: Any, headers: dict[str, str]) -> httpx2.Response:
    """Post on a connection of its own, so that either worker may get it."""
    answer = httpx2.post(
        f"{address}/v1/{path}", json=body, headers={**headers, "Connection": "close"}, timeout=30
    )
    assert answer.status_code in (200, 201), answer.text
    return answer


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_result_posted_to_one_worker_is_in_the_next_score_of_any(
    postgresql_url: str, tmp_path: Path
) -> None:
    tokens = fill(postgresql_url, tmp_path)
    headers = bearer(tokens["every"])
    ratios: list[float] = []
    with server(postgresql_url, tmp_path, "--workers", "2") as address:
        for number in range(ROUNDS):
            line = declared(1, id=f"two-{number}", consignee="trader")
            given = post(address, "scores", line, headers).json()["scores"][0]
            ratios.append(_ratio(given))
            found = {"id": f"i-{number}", "happened_at": line["happened_at"], "outcome": "pass"}
            receipt = post(address, "inspections", {**found, "declaration_id": line["id"]}, headers)
            assert receipt.json()["receipts"][0]["sequence"] == given["line_sequence"] + 1
        assert ratios == sorted(set(ratios), reverse=True), "a score did not know the result before it"
        _check_repeats(address, headers)
        _check_following(address, headers)
        _check_metrics(address, ROUNDS + 1)
        workers = {file.stem.rsplit("_", 1)[1] for file in (tmp_path / "metrics").rglob("counter_*.db")}
        assert len(workers) == 2, "only one worker answered"
    with server(postgresql_url, tmp_path) as address:
        kept = httpx2.get(f"{address}/v1/scores/{given['id']}", headers=headers).json()
        assert kept == given


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(sqlite_url: str, tmp_path: Path) -> None:
    headers = bearer(fill(sqlite_url, tmp_path)["every"])
    acknowledged: list[tuple[str, str]] = []

    def ask(worker: int) -> None:
        with httpx2.Client(headers=headers) as client:
            for number in range(1_000_000):
                line = declared(number, id=f"killed-{worker}-{number}")
                try:
                    given = client.post(f"{address}/v1/scores", json=line).json()["scores"][0]
                except httpx2.TransportError:
                    return
                acknowledged.append((given["id"], given["line_id"]))

    with server(sqlite_url, tmp_path) as address, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, worker) for worker in range(4)]
        while len(acknowledged) < 100:
            time.sleep(0.05)
        _kill(tmp_path)
        for one in asking:
            one.result(30)
    store = Store.open(sqlite_url)
    for score_id, line_id in acknowledged:
        score = find_score(store.engine, score_id)
        (revision,) = store.revisions(Kind.DECLARATION, [line_id])[line_id]
        assert score is not None
        assert score.line_sequence == revision.sequence
    store.close()


def _ratio(given: dict[str, Any]) -> float:
    """How often the trader failed beside what is usual; every further pass lowers it."""
    name = "nonconformity_ratio_by_consignee_all"
    return next(one["value"] for one in given["contributions"] if one["feature"] == name)


def _check_repeats(address: str, headers: dict[str, str]) -> None:
    keyed = {**headers, "Idempotency-Key": "both"}
    with ThreadPoolExecutor(8) as pool:
        line = declared(2, id="both")
        answers = set(pool.map(lambda _: post(address, "scores", line, keyed).content, range(16)))
    assert len(answers) == 1


def _check_following(address: str, headers: dict[str, str]) -> None:
    """Large and small requests at either worker, followed meanwhile: each score once, whoever answers."""

    def send(number: int) -> list[str]:
        many = 150 if number % 4 == 0 else 1
        lines = [declared(n, id=f"followed-{number}-{n}") for n in range(many)]
        return [one["id"] for one in post(address, "scores", lines, headers).json()["scores"]]

    def follow(after: str) -> tuple[list[str], str]:
        asked = {"params": {"after": after, "limit": 50}, "headers": {**headers, "Connection": "close"}}
        page = httpx2.get(f"{address}/v1/scores", timeout=30, **asked).json()
        return [one["id"] for one in page["scores"]], page["next"]

    seen, after = [], "0"
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(send, number) for number in range(32)]
        while not all(one.done() for one in sent):
            ids, after = follow(after)
            seen += ids
    while ids := (page := follow(after))[0]:
        seen, after = seen + ids, page[1]
    given = {id for one in sent for id in one.result()}
    assert len(seen) == len(set(seen))
    assert given <= set(seen)


def _check_metrics(address: str, scored: int) -> None:
    for _ in range(4):
        text = httpx2.get(f"{address}/metrics").text
        counted = sum(
            float(row.rsplit(" ", 1)[1])
            for row in text.splitlines()
            if row.startswith("customs_risk_scores_total{")
        )
        assert counted >= scored
