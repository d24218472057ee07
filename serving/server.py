"""Prepares the database and runs the server's processes."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from sqlalchemy import Engine

from features.history import History
from features.store.database import Store
from models.grading import SHIPPED, read_policy
from models.promotions import champion
from serving.champions import Champions
from serving.errors import CannotStart, NeedsPostgresql, NoModelInUse
from serving.grades import Policies
from serving.measures import DIRECTORY
from serving.settings import ServingSettings
from serving.storage.migrate import migrate
from serving.storage.scores import find_model

GRACE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int


def run(settings: ServingSettings, address: Address, *, without_model: bool) -> None:
    """Prepare the store and serve until told to stop; raises CannotStart."""
    prepare(settings, without_model=without_model)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    _tell_workers(settings)
    try:
        uvicorn.run(
            "serving.app:create_app",
            factory=True,
            host=address.host,
            port=address.port,
            workers=settings.workers,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    finally:
        shutil.rmtree(_metrics(settings), ignore_errors=True)


def prepare(settings: ServingSettings, *, without_model: bool) -> None:
    """Migrate the database, declare the store live and build its history once for all workers.

    Raises CannotStart where several workers would share one SQLite file, or no model is in use,
    InvalidGradingPolicy for a policy that cannot be followed, and VersionTaken for one that was changed under
    its version.
    """
    read_policy(settings.grading_policy or SHIPPED)
    if settings.workers > 1 and settings.database_url.startswith("sqlite"):
        raise NeedsPostgresql(
            f"{settings.workers} workers cannot share a SQLite file",
            f"SQLite 文件不能由 {settings.workers} 个进程共用",
        )
    settings.prepare()
    store = Store.open(settings.database_url)
    try:
        store.migrate()
        migrate(store.engine)
        Policies.open(store.engine, settings.grading_policy)
        if not without_model:
            _check_model(store, settings)
        store.go_live()
        History.open(store, settings.home / "history")
    finally:
        store.close()


def _check_model(store: Store, settings: ServingSettings) -> None:
    """Refuse to start where no model can be used; a bundle is tried once, not by each worker."""
    target = settings.target
    promotion = champion(store.engine, target)
    if promotion is None:
        raise NoModelInUse(f"no model is in use for {target}", f"{target} 尚无现行模型")
    if find_model(store.engine, promotion.fingerprint) is None:
        champions = Champions(store.engine, settings.home, [target])
        champions.poll()
        fault = champions.faults.get(target)
        if fault is not None:
            raise CannotStart(
                f"the model of {target} cannot be used: {fault}", f"{target} 的模型不可用：{fault}"
            )


@contextmanager
def accounts_database(settings: ServingSettings) -> Iterator[Engine]:
    """Lend the migrated database of the tokens."""
    settings.prepare()
    store = Store.open(settings.database_url)
    try:
        migrate(store.engine)
        yield store.engine
    finally:
        store.close()


def _tell_workers(settings: ServingSettings) -> None:
    """Hand the settings to the processes that uvicorn starts: the environment is all they inherit."""
    os.environ["CUSTOMS_RISK_HOME"] = str(settings.home.resolve())
    os.environ["CUSTOMS_RISK_DATABASE_URL"] = settings.database_url
    os.environ["CUSTOMS_RISK_TARGET"] = settings.target
    # One row is explained by one thread; OpenMP's own pool would only wait for itself.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if settings.workers > 1:
        folder = _metrics(settings)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        os.environ[DIRECTORY] = folder


def _metrics(settings: ServingSettings) -> str:
    return str(settings.home.resolve() / "metrics" / str(os.getpid()))
