"""Servers beside which an explained score is measured: a floor that only stores, peers with bare scores."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np

Floats = np.ndarray[Any, Any]

PORT = 18231
JSON = {"Content-Type": "application/json"}
_SCORE = "bare score of a ready vector"
_FLOOR = """
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


class Subject(NamedTuple):
    """A server to be measured: how it is started, on which port, and what it is asked."""

    name: str
    note: str
    arguments: list[str]
    environment: dict[str, str]
    port: int
    ready: str
    target: str
    bodies: list[bytes]
    headers: dict[str, str] = JSON


def floor(home: Path, lines: list[dict[str, Any]]) -> Subject:
    """Return a server that parses a line and commits a row."""
    port = PORT + 10
    code = _FLOOR.replace("PATH", repr(str(home / "floor.db"))).replace("PORT", str(port))
    return Subject(
        "floor: parse and commit a row", "Starlette, SQLite in WAL, full sync",
        [sys.executable, "-c", code], {}, port, "/v1/scores", "/v1/scores",
        [json.dumps(line, ensure_ascii=False).encode() for line in lines],
    )  # fmt: skip


def mlflow(home: Path, vectors: Floats) -> list[Subject]:
    """Serve the booster with `mlflow models serve` in this environment, asked in three ways.

    As its documentation logs a model, with a signature, and sends a data frame; a data frame without a
    signature; and what costs it least, a list of numbers that are not named, which nothing checks.
    """
    import warnings

    warnings.simplefilter("ignore")
    import pandas as pd
    from mlflow.lightgbm import save_model
    from mlflow.models import infer_signature

    booster = lgb.Booster(model_file=str(home / "model.txt"))
    names = [f"feature_{column}" for column in range(vectors.shape[1])]
    rows = np.nan_to_num(vectors)
    signature = infer_signature(pd.DataFrame(rows, columns=names), booster.predict(rows))
    signed, plain = home / "mlflow-signed", home / "mlflow-plain"
    save_model(booster, str(signed), signature=signature)
    save_model(booster, str(plain))
    named = [{"dataframe_split": {"columns": names, "data": [row.tolist()]}} for row in rows]
    listed = [{"inputs": [row.tolist()]} for row in np.where(np.isnan(vectors), None, vectors)]  # type: ignore[call-overload]
    few = named[: len(named) // 9]  # thirty times dearer: fewer tell as much
    return [
        _mlflow("named columns, signature", signed, PORT + 20, few),
        _mlflow("named columns, no signature", plain, PORT + 21, named),
        _mlflow("nameless list, no signature", plain, PORT + 22, listed),
    ]


def _mlflow(how: str, folder: Path, port: int, bodies: Iterable[dict[str, Any]]) -> Subject:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return Subject(
        f"mlflow models serve, {how}", _SCORE,
        [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "-p", str(port),
         "--env-manager", "local", "--workers", "1"],
        {"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": path}, port, "/ping", "/invocations",
        [json.dumps(body).encode() for body in bodies],
    )  # fmt: skip


def mlserver(home: Path, vectors: Floats, python: str, workers: int | None) -> Subject:
    """Serve the booster with MLServer's lightgbm runtime, in the environment of another Python."""
    folder = Path(tempfile.mkdtemp(prefix="mlserver-", dir=home))
    port = PORT + 30 if workers is None else PORT + 40 + workers
    (folder / "model.bst").write_bytes((home / "model.txt").read_bytes())
    runtime = "mlserver_lightgbm.LightGBMModel"
    (folder / "model-settings.json").write_text(
        json.dumps({"name": "risk", "implementation": runtime, "parameters": {"uri": "./model.bst"}})
    )
    ports = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    own = {} if workers is None else {"parallel_workers": workers}
    (folder / "settings.json").write_text(json.dumps({**ports, **own}))
    tensors = (
        {"name": "x", "shape": [1, len(row)], "datatype": "FP64", "data": row.tolist()}
        for row in np.nan_to_num(vectors)
    )
    process = "by a worker process" if workers is None else "in the server's own process"
    return Subject(
        f"MLServer, lightgbm runtime, {_SETTINGS[workers]}", f"{_SCORE}, {process}",
        [str(Path(python).parent / "mlserver"), "start", str(folder)], {}, port, "/v2/models/risk/ready",
        "/v2/models/risk/infer", [json.dumps({"inputs": [tensor]}).encode() for tensor in tensors],
    )  # fmt: skip


_SETTINGS = {None: "its default settings", 0: "parallel_workers 0"}
