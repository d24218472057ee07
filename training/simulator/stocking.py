"""A simulated port whose records are already in a store: where notebooks and trials begin."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from features.importing.entries import plain_plan
from features.importing.importer import Importer
from features.importing.rejects import Rejects
from features.instants import now
from features.settings import Settings
from features.store.database import Store
from features.terms import Kind
from training.errors import TrainingError
from training.progress import SILENT, Progress
from training.simulator.params import load_params
from training.simulator.simulate import Request, simulate_port
from training.workshop import Workshop

FILES: dict[Kind, str] = {
    Kind.PARTY: "parties",
    Kind.DECLARATION: "declarations",
    Kind.INSPECTION: "inspections",
    Kind.NONCONFORMITY: "nonconformities",
    Kind.OPINION: "opinions",
}
"""The record files of a simulated port, in the order of import; the truth files are not among them."""


def small_port(lines: int, seed: int, folder: Path) -> Request:
    """Ask for a port that inspects a third of its lines and has twice the defects: few lines teach much.

    Its rates are no port's rates.
    """
    usual, _ = load_params()
    replace = msgspec.structs.replace
    policy = replace(usual.policy, random=0.10, random_food=0.12, target=0.25)
    params = replace(usual, policy=policy, risk=replace(usual.risk, defective=0.06))
    return Request(lines, seed, folder, params, hashlib.sha256(msgspec.json.encode(params)).hexdigest())


def stocked_workshop(request: Request, home: Path, progress: Progress = SILENT) -> Workshop:
    """Simulate a port into the request's folder, import its records into `home`, and open the workshop there.

    The truth files stay in the folder. Whoever asks closes the store. Raises TrainingError where a record
    was rejected.
    """
    simulate_port(request, progress)
    settings = Settings(home=home).prepare()
    store = Store.open(settings.database_url)
    store.migrate()
    for kind, name in FILES.items():
        with progress.step(f"import {name}"):
            _bring(store, kind, request.folder / f"{name}.parquet", settings.home / "rejects")
    return Workshop(store, settings.home, progress)


def _bring(store: Store, kind: Kind, file: Path, rejects: Path) -> None:
    with Rejects(rejects / f"{kind}.csv") as rejected:
        summary = Importer(store, kind, plain_plan(kind, now()), rejected).run(file)
    if summary.exit_status:
        told = "; ".join(summary.unreadable) or f"{summary.rejected} rows rejected, see {rejected.path}"
        raise TrainingError(f"{file} was not imported whole: {told}")
