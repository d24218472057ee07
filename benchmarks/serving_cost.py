"""What one explained score costs a server, beside peers that give bare scores of the same booster.

`python -m benchmarks.serving_cost --json OUT [--quick] [--mlserver PYTHON]`

A port is simulated and imported, one fixed model is made (400 trees, 31 leaves, depth 6, 100 features) and
promoted, and every server is asked one line a request over 4 connections, one after the other in one run.
Ours answers score, contributions, words and a durably stored record, from history; the floor only parses and
commits a row; the peers answer a bare score of a vector that was made beforehand. CPU is the server's own, of
all its processes, from /proc, in the one of five rounds that took least. MLServer runs where `--mlserver`
names a Python that has it with its lightgbm runtime.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import lightgbm as lgb
import numpy as np

from benchmarks.rows import tell
from benchmarks.simulated_port import KINDS

Rows = list[dict[str, Any]]

CONNECTIONS, FEATURES, TREES, LEAVES, DEPTH = 4, 100, 400, 31, 6
PORT, ROUNDS = 18231, 5
TICK = os.sysconf("SC_CLK_TCK")
FLOOR = """
import sqlite3, msgspec, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
database = sqlite3.connect(PATH, isolation_level=None, check_same_thread=False)
database.execute("PRAGMA journal_mode=WAL"); database.execute("PRAGMA synchronous=FULL")
database.execute("CREATE TABLE kept (body BLOB)")
async def keep(request):
    body = await request.body()
    msgspec.json.decode(body)
    database.execute("BEGIN IMMEDIATE"); database.execute("INSERT INTO kept VALUES (?)", (body,))
    database.execute("COMMIT")
    return Response(b"{}", media_type="application/json")
uvicorn.run(Starlette(routes=[Route("/v1/scores", keep, methods=["POST"])]), port=PORT, access_log=False,
            log_level="error")
"""


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
def server(arguments: list[str], environment: dict[str, str], path: str) -> Iterator[int]:
    """Run a server until it is ready at `path`, and end it and its children afterwards."""
    log = tempfile.TemporaryFile()  # noqa: SIM115
    process = subprocess.Popen(
        arguments, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True
    )
    try:
        for _ in range(600):
            if process.poll() is not None:
                log.seek(0)
                raise OSError(f"{arguments[0]} ended: {log.read()[-600:].decode(errors='replace')}")
            if is_ready(path):
                break
            time.sleep(0.2)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def is_ready(path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("GET", path)
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


def load(group: int, target: str, bodies: list[bytes], headers: dict[str, str]) -> dict[str, float]:
    """Send every body once over the connections; returns CPU ms a request, p50 and p99 in ms, rate.

    CPU is of the round that took least: what other programs take from the caches is none of the server's.
    """
    share = len(bodies) // (ROUNDS + 1)
    send(target, bodies[:share], headers)
    waited: list[float] = []
    spent: list[float] = []
    start = time.perf_counter()
    for begin in range(share, share * (ROUNDS + 1), share):
        before = cpu_seconds(group)
        waited += send(target, bodies[begin : begin + share], headers)
        spent.append((cpu_seconds(group) - before) / share)
    wall = time.perf_counter() - start
    p50, p99 = np.percentile(waited, [50, 99]) * 1e3
    return {
        "cpu": min(spent) * 1e3, "p50": float(p50), "p99": float(p99),
        "per second": len(waited) / wall, "per CPU second": 1 / max(min(spent), 1e-9),
    }  # fmt: skip


def send(target: str, bodies: list[bytes], headers: dict[str, str]) -> list[float]:
    """Send bodies over CONNECTIONS kept open; returns how long each answer took, in seconds."""
    waited: list[list[float]] = [[] for _ in range(CONNECTIONS)]
    faults: list[str] = []

    def one(place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        for body in bodies[place::CONNECTIONS]:
            start = time.perf_counter()
            connection.request("POST", target, body, headers)
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
        raise OSError(f"{target} answered {faults[0]}")
    return [seconds for each in waited for seconds in each]


def ours(home: Path, lines: list[dict[str, Any]], token: str) -> dict[str, float]:
    bodies = [json.dumps(line, ensure_ascii=False).encode() for line in lines]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    arguments = [sys.executable, "-m", "customs_risk", "serve", "--port", str(PORT)]
    with server(arguments, {"CUSTOMS_RISK_HOME": str(home)}, "/health/live") as group:
        return load(group, "/v1/scores", bodies, headers)


def floor(home: Path, lines: list[dict[str, Any]]) -> dict[str, float]:
    bodies = [json.dumps(line, ensure_ascii=False).encode() for line in lines]
    code = FLOOR.replace("PATH", repr(str(home / "floor.db"))).replace("PORT", str(PORT))
    with server([sys.executable, "-c", code], {}, "/v1/scores") as group:
        return load(group, "/v1/scores", bodies, {"Content-Type": "application/json"})


def mlflow(home: Path, vectors: np.ndarray[Any, Any]) -> dict[str, float]:
    """Serve the booster with `mlflow models serve` in this environment."""
    import warnings

    warnings.simplefilter("ignore")
    import mlflow.lightgbm

    folder = home / "mlflow-model"
    mlflow.lightgbm.save_model(lgb.Booster(model_file=str(home / "model.txt")), str(folder))
    filled = np.where(np.isnan(vectors), None, vectors)  # type: ignore[call-overload]
    bodies = [json.dumps({"inputs": [row.tolist()]}).encode() for row in filled]
    arguments = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "-p", str(PORT),
                 "--env-manager", "local", "--workers", "1"]  # fmt: skip
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": path}
    with server(arguments, quiet, "/ping") as group:
        return load(group, "/invocations", bodies, {"Content-Type": "application/json"})


def mlserver(home: Path, vectors: np.ndarray[Any, Any], python: str, own: dict[str, int]) -> dict[str, float]:
    """Serve the booster with MLServer's lightgbm runtime, in the environment of another Python."""
    folder = Path(tempfile.mkdtemp(prefix="mlserver-", dir=home))
    (folder / "model.bst").write_bytes((home / "model.txt").read_bytes())
    runtime = "mlserver_lightgbm.LightGBMModel"
    (folder / "model-settings.json").write_text(
        json.dumps({"name": "risk", "implementation": runtime, "parameters": {"uri": "./model.bst"}})
    )
    (folder / "settings.json").write_text(
        json.dumps({"http_port": PORT, "metrics_port": PORT + 2, "grpc_port": PORT + 1, **own})
    )
    filled = np.nan_to_num(vectors)
    bodies = [
        json.dumps(
            {"inputs": [{"name": "x", "shape": [1, len(row)], "datatype": "FP64", "data": row.tolist()}]}
        ).encode()
        for row in filled
    ]
    arguments = [str(Path(python).parent / "mlserver"), "start", str(folder)]
    with server(arguments, {}, "/v2/models/risk/ready") as group:
        return load(group, "/v2/models/risk/infer", bodies, {"Content-Type": "application/json"})


def row(name: str, measured: dict[str, float], peer: dict[str, float] | None, note: str) -> dict[str, Any]:
    return {
        "benchmark": name,
        "server CPU ms a request": measured["cpu"],
        "requests a CPU second": measured["per CPU second"],
        "p50 ms": measured["p50"],
        "p99 ms": measured["p99"],
        "ours over it, requests a CPU second": None
        if peer is None
        else peer["per CPU second"] / measured["per CPU second"],
        "note": note,
    }


def run(quick: bool, python: str | None) -> Rows:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        lines, vectors, token = prepare(home, 5_000 if quick else 20_000)
        asked = 600 if quick else 3_600
        mine = ours(home, lines[:asked], token)
        rows = [
            row(
                "customs-risk serve: score, contributions, words, stored", mine, None, "from history, durable"
            )
        ]
        peers: list[tuple[str, Callable[[], dict[str, float]], str]] = [
            (
                "floor: parse and commit a row",
                lambda: floor(home, lines[:asked]),
                "Starlette, SQLite in WAL, full sync",
            ),
            (
                "mlflow models serve",
                lambda: mlflow(home, vectors[: asked // 2]),
                "bare score of a ready vector",
            ),
        ]
        if python:
            peers.append(
                (
                    "MLServer, lightgbm runtime, its default settings",
                    lambda: mlserver(home, vectors[:asked], python, {}),
                    "bare score of a ready vector, by a worker process",
                )
            )
            peers.append(
                (
                    "MLServer, lightgbm runtime, parallel_workers 0",
                    lambda: mlserver(home, vectors[:asked], python, {"parallel_workers": 0}),
                    "bare score of a ready vector, in the server's own process",
                )
            )
        for name, measure, note in peers:
            rows.append(row(name, measure(), mine, note))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--mlserver", help="a Python that has mlserver and mlserver-lightgbm")
    asked = parser.parse_args()
    tell(run(asked.quick, asked.mlserver or os.environ.get("BENCHMARK_MLSERVER")), asked.json)


if __name__ == "__main__":
    main()
