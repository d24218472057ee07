"""What one explained score costs a server, beside peers that give bare scores of the same booster.

`python -m benchmarks.serving_cost --json OUT [--quick] [--mlserver PYTHON]`

A port is simulated and imported, one fixed model is made (400 trees, 31 leaves, depth 6, 100 features) and
promoted, and every server is asked one line a request over 4 connections: all run at once and take turns.
Ours answers score, contributions, words and a durably stored record, from history, once whole and once as a
page of five reasons; the floor only parses and commits a row; the peers answer a bare score of a vector that
was made beforehand, mlflow as its documentation sends it and as costs it least. CPU is the server's own, of
all its processes, from /proc, in the one of eight rounds that took least; how a peer stood beside ours round
by round is in its note. MLServer runs where `--mlserver` names a Python that has its lightgbm runtime.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"

import lightgbm as lgb
import numpy as np

from benchmarks.rows import tell
from benchmarks.serving_peers import JSON, PORT, Subject, floor, mlflow, mlserver
from benchmarks.simulated_port import KINDS

Rows = list[dict[str, Any]]

CONNECTIONS, FEATURES, TREES, LEAVES, DEPTH = 4, 100, 400, 31, 6
ROUNDS = 8
TICK = os.sysconf("SC_CLK_TCK")


def command(*arguments: str, home: Path) -> None:
    """Run one of the product's commands on a home."""
    environment = {**os.environ, "CUSTOMS_RISK_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "customs_risk", *arguments],
        env=environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def prepare(home: Path, lines: int) -> tuple[list[dict[str, Any]], np.ndarray[Any, Any], str]:
    """Make a port with its model in use; returns lines to send, vectors of lines, and a token."""
    import pandas as pd

    data = home / "port"
    command("simulate", "--lines", str(lines), "--seed", "1", "--out", str(data), home=home)
    for kind, file in KINDS.items():
        command("import", kind, str(data / f"{file}.parquet"), home=home)
    vectors, token = promoted(home)
    sent = pd.read_parquet(data / "declarations.parquet").tail(4000)
    rows = json.loads(sent[sent.status != "cancelled"].to_json(orient="records", date_format="iso"))
    return [as_sent(number, row) for number, row in enumerate(rows)], vectors, token


def as_sent(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """Return a line as a caller sends it, under an id of its own."""
    whole = ("item_no", "packages", "shelf_life_days")
    said = {name: value for name, value in row.items() if value is not None and name != "known_at"}
    said |= {name: int(said[name]) for name in whole if name in said}
    return {**said, "id": f"B{number:06d}"}


def promoted(home: Path) -> tuple[np.ndarray[Any, Any], str]:
    """Make the fixed model on the port's history, promote it, and return vectors of lines and a token."""
    from features.catalog import MODEL_FEATURES
    from features.frame import build_frame
    from features.history import History
    from features.instants import now
    from features.lines import Lines
    from features.records import Declaration
    from features.schema import fit_spec
    from features.store.database import Store
    from features.terms import Direction
    from models.bundle import store_bundle
    from models.calibration import Platt
    from models.keys import signing_key
    from models.promotions import Nomination, promote
    from models.risk_model import RiskModel
    from serving.accounts.callers import create_token
    from serving.storage.migrate import migrate

    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    migrate(store.engine)
    known = [r.record for chunk in store.changes() for r in chunk if isinstance(r.record, Declaration)]
    lines = Lines.of(known)
    history = History.build(store)
    spec = fit_spec(lines, MODEL_FEATURES[:FEATURES])
    X = build_frame(lines, history, np.full(len(lines), history.watermark + 1), spec).values
    random = np.random.default_rng(0)
    z = np.nan_to_num(X[:, 22:]) @ random.normal(size=X.shape[1] - 22) * 0.1
    y = z + random.logistic(size=len(X)) > np.quantile(z, 0.9)
    parameters = {"objective": "binary", "num_leaves": LEAVES, "max_depth": DEPTH, "learning_rate": 0.03,
                  "num_threads": 1, "verbose": -1}  # fmt: skip
    columns = list(spec.categorical)
    booster = lgb.train(parameters, lgb.Dataset(X, y, categorical_feature=columns), TREES)
    booster.save_model(str(home / "model.txt"))
    model = RiskModel("nonconforming", spec, booster, dict.fromkeys(Direction, Platt(1.0, 0.0)))
    key = signing_key(home)
    fingerprint = store_bundle(model, home, {}, key, gates={"passed": True}, model_card={"figures": {}})
    promote(store.engine, home, Nomination("nonconforming", fingerprint, "1", "benchmark"), now())
    token = create_token(store.engine, "benchmark", ["scores:write"])[0]
    store.close()
    return X[-4000:], token


@contextmanager
def server(subject: Subject) -> Iterator[int]:
    """Run a server until it is ready, and end it and its children afterwards."""
    log = tempfile.TemporaryFile()  # noqa: SIM115
    process = subprocess.Popen(
        subject.arguments, env={**os.environ, **subject.environment}, stdout=log, stderr=log,
        start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(600):
            if process.poll() is not None:
                log.seek(0)
                raise OSError(f"{subject.name} ended: {log.read()[-600:].decode(errors='replace')}")
            if is_ready(subject):
                break
            time.sleep(0.2)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def is_ready(subject: Subject) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=5)
    try:
        connection.request("GET", subject.ready)
        return connection.getresponse().status in (200, 405)
    except OSError:
        return False
    finally:
        connection.close()


def cpu_seconds(group: int) -> float:
    """Return the CPU time of every process of a group and session."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if group in (int(fields[2]), int(fields[3])):
            total += int(fields[11]) + int(fields[12])
    return total / TICK


class Measured(NamedTuple):
    """What a server took: CPU ms a request by round, and how long each answer took, in seconds."""

    spent: list[float]
    waited: list[float]


def measure(subjects: list[Subject]) -> list[Measured]:
    """Send every server a part of its bodies, one server after the other, round by round.

    All of them run all the time, so that what other programs take from the caches meets every one of them;
    the first round warms up and does not count.
    """
    with ExitStack() as running:
        groups = [running.enter_context(server(subject)) for subject in subjects]
        found = [Measured([], []) for _ in subjects]
        for turn in range(ROUNDS + 1):
            for subject, group, measured in zip(subjects, groups, found, strict=True):
                share = len(subject.bodies) // (ROUNDS + 1)
                before = cpu_seconds(group)
                waited = send(subject, subject.bodies[turn * share : (turn + 1) * share])
                if turn:
                    measured.spent.append((cpu_seconds(group) - before) / share * 1e3)
                    measured.waited.extend(waited)
    return found


def send(subject: Subject, bodies: list[bytes]) -> list[float]:
    """Send bodies over CONNECTIONS kept open; returns how long each answer took, in seconds."""
    waited: list[list[float]] = [[] for _ in range(CONNECTIONS)]
    faults: list[str] = []

    def one(place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=60)
        for body in bodies[place::CONNECTIONS]:
            start = time.perf_counter()
            connection.request("POST", subject.target, body, subject.headers)
            answer = connection.getresponse()
            said = answer.read()
            waited[place].append(time.perf_counter() - start)
            if answer.status not in (200, 201):
                faults.append(f"{answer.status} {said[:300]!r}")
                return
        connection.close()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise OSError(f"{subject.target} answered {faults[0]}")
    return [seconds for each in waited for seconds in each]


def ours(home: Path, lines: list[dict[str, Any]], token: str, length: str, port: int) -> Subject:
    """Return the product's server, asked for answers of a length."""
    said = {"audit": "every contribution and reasons", "page": "five reasons"}[length]
    return Subject(
        f"customs-risk serve, `length={length}`: score, {said} in words, stored", "from history, durable",
        [sys.executable, "-m", "customs_risk", "serve", "--port", str(port)],
        {"CUSTOMS_RISK_HOME": str(home)}, port, "/health/live", f"/v1/scores?length={length}",
        [json.dumps(line, ensure_ascii=False).encode() for line in lines],
        {**JSON, "Authorization": f"Bearer {token}"},
    )  # fmt: skip


def row(subject: Subject, measured: Measured, mine: list[Measured]) -> dict[str, Any]:
    """Lay a server's figures out; CPU is of its round that took least, and so is its ratio to ours.

    `mine` are our own server's, with whole answers and with shorter ones.
    """
    least, note = min(measured.spent), subject.note
    p50, p99 = np.percentile(measured.waited, [50, 99]) * 1e3
    ratios: list[float | None] = [None, None]
    if not any(measured is own for own in mine):
        rounds = [theirs / own for theirs, own in zip(measured.spent, mine[0].spent, strict=True) if own]
        note = f"{note}; {min(rounds):.2f} to {max(rounds):.2f} by round, median {np.median(rounds):.2f}"
        ratios = [least / min(own.spent) for own in mine]
    return {
        "benchmark": subject.name,
        "server CPU ms a request": least,
        "requests a CPU second": 1e3 / max(least, 1e-6),
        "p50 ms": float(p50),
        "p99 ms": float(p99),
        "ours over it, requests a CPU second": ratios[0],
        "the same, `length=page`": ratios[1],
        "note": note,
    }


def run(quick: bool, python: str | None) -> Rows:
    with tempfile.TemporaryDirectory() as folder:
        home, twin = Path(folder) / "home", Path(folder) / "twin"
        home.mkdir()
        lines, vectors, token = prepare(home, 5_000 if quick else 20_000)
        shutil.copytree(home, twin)
        asked = 600 if quick else 3_600
        subjects = [
            ours(home, lines[:asked], token, "audit", PORT),
            ours(twin, lines[:asked], token, "page", PORT + 1),
            floor(home, lines[:asked]),
            *mlflow(home, vectors[:asked]),
        ]
        if python:
            subjects += [mlserver(home, vectors[:asked], python, workers) for workers in (None, 0)]
        found = measure(subjects)
        rows = [row(subject, measured, found[:2]) for subject, measured in zip(subjects, found, strict=True)]
        return rows + stages(home, lines[:asked])


def stages(home: Path, lines: list[dict[str, Any]]) -> Rows:
    """Have the stages of a request timed in a process of their own; the lines are declared anew."""
    bodies, out = home / "bodies.json", home / "stages.json"
    bodies.write_text(json.dumps([{**line, "id": f"S{line['id']}"} for line in lines]))
    subprocess.run(
        [sys.executable, "-m", "benchmarks.serving_stages", str(home), str(bodies), "--json", str(out)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return list(json.loads(out.read_text()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--mlserver", help="a Python that has mlserver and mlserver-lightgbm")
    asked = parser.parse_args()
    tell(run(asked.quick, asked.mlserver or os.environ.get("BENCHMARK_MLSERVER")), asked.json)


if __name__ == "__main__":
    main()
