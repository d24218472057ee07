"""What one worker holds: store, writer, history, models and callers; opened at start, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

from sqlalchemy import Engine

from features.code_tables import table
from features.errors import FeaturesError
from features.history import History
from features.store.database import Store
from features.store.writer import GroupWriter
from models.spec import Target
from serving.accounts.callers import Callers
from serving.api.schemas import Readiness
from serving.blocks import Blocks
from serving.champions import Champion, Champions, Poller
from serving.errors import InvalidRequest, NoModel, NotReady
from serving.giving import give
from serving.grades import Policies
from serving.grading import LineGrader
from serving.measures import MODEL_FAULTS, MODEL_PROMOTION
from serving.percentiles import Percentiles
from serving.rehearsal import rehearse
from serving.scorer import Scorer
from serving.settings import ServingSettings
from serving.shadow import Shadow
from serving.storage.migrate import is_current
from serving.storage.scores import ScoreModel, find_model
from serving.upkeep import Upkeep

READY = "ready"
LARGE = 16_384
"""Bytes of a body from which on reading it takes longer than handing it to a thread."""
P = ParamSpec("P")
T = TypeVar("T")


class Models(dict[str, ScoreModel]):
    """The models that stored scores name, by fingerprint; each is read once, and NotReady where it is not
    there."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def __missing__(self, fingerprint: str) -> ScoreModel:
        found = find_model(self._engine, fingerprint)
        if found is None:
            raise NotReady(
                f"model {fingerprint} of a stored score is not recorded", f"模型 {fingerprint} 无记录"
            )
        self[fingerprint] = found
        return found


@dataclass(slots=True, eq=False)
class Services:
    """Everything that a request needs; made by `open_services`."""

    settings: ServingSettings
    store: Store
    writer: GroupWriter
    champions: Champions
    callers: Callers
    scorer: Scorer
    blocks: Blocks
    poller: Poller
    upkeep: Poller
    shadow: Shadow
    executor: ThreadPoolExecutor
    policies: Policies
    models: Models

    def champion(self, target: str) -> Champion:
        """Return the model in use for a target; raises InvalidRequest and NotReady."""
        found = self.champions.current(target)
        if found is not None:
            return found
        if target not in set(Target):
            names = ", ".join(Target)
            raise InvalidRequest(
                f"target {target!r}: must be one of {names}",
                f"target {target!r}：须为 {names} 之一",
                field="target",
            )
        raise NoModel(f"no model is in use for {target}", f"{target} 尚无现行模型", field="target")

    def score_model(self, fingerprint: str) -> ScoreModel:
        """Return the model that a stored score names; raises NotReady."""
        return self.models[fingerprint]

    async def in_thread(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a function for a large body in a thread, as it would hold up others here."""
        call = partial(function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self.executor, call)

    def readiness(self) -> Readiness:
        """Say what is ready and what is missing.

        While an old model answers, the fault of a new one is a warning.
        """
        target = self.settings.target
        fault = self.champions.faults.get(target)
        model = READY if self.champions.current(target) else fault or f"no model is in use for {target}"
        parts = {"migrations": self._migrations(), "dictionary": self._dictionary(), "model": model}
        parts["opinions"] = self._opinions()
        faults = [*sorted(self.champions.faults.items()), *sorted(self.shadow.faults.items())]
        warnings = [f"{name}: {reason}" for name, reason in faults]
        return Readiness(
            ready=all(state == READY for state in parts.values()), parts=parts, warnings=warnings
        )

    def _migrations(self) -> str:
        try:
            self.store.check()
            return READY if is_current(self.store.engine) else "the serving tables are not migrated"
        except FeaturesError as error:
            return str(error)

    def _dictionary(self) -> str:
        """Say whether the code tables are here; a model of another text version is not taken up at all."""
        empty = [name for name in ("countries", "hs_chapters", "customs_districts") if not table(name)]
        return f"code tables are empty: {', '.join(empty)}" if empty else READY

    def _opinions(self) -> str:
        """Say whether this version of the text code has read every opinion that is stored."""
        unread = 0 if self.store.readings.are_read() else self.store.readings.unread()
        return f"{unread:,} opinions are to be read: run customs-risk retag" if unread else READY

    def rehearse(self) -> None:
        """Run once what a request will run, so that none waits for a compiler."""
        used = (self.champions.current(target) for target in self.champions.targets)
        rehearse(self.store, self.scorer, [champion for champion in used if champion is not None])

    def close(self) -> None:
        """Answer what was submitted, then stop."""
        self.poller.close()
        self.upkeep.close()
        self.shadow.close()
        self.executor.shutdown()
        self.blocks.close()
        self.writer.close()
        self.store.close()


def open_services(settings: ServingSettings) -> Services:
    """Open the store and all that stands on it; a missing model leaves the worker unready, not dead."""
    settings.prepare()
    store = Store.open(settings.database_url)
    store.check()
    engine = store.engine
    champions = Champions(
        engine, settings.home, [settings.target, *(t for t in Target if t != settings.target)]
    )
    _poll(champions)
    percentiles = Percentiles(engine, settings.percentile_days, settings.percentile_enough)
    history = History.open(store, settings.home / "history")
    policies = Policies.open(engine, settings.grading_policy)
    scorer = Scorer(history, percentiles, LineGrader(engine, policies.current), settings.stale_model_days)
    upkeep = Upkeep(store, settings.answers_kept_days)
    upkeep.start()
    writer = GroupWriter(store)
    models = Models(engine)
    return Services(
        settings=settings,
        store=store,
        writer=writer,
        champions=champions,
        callers=Callers(engine, settings.token_memory_seconds),
        scorer=scorer,
        blocks=Blocks(scorer, writer, store, partial(give, policies=policies, models=models)),
        poller=Poller(partial(_poll, champions), settings.champion_poll_seconds),
        upkeep=Poller(upkeep.poll, settings.champion_poll_seconds),
        shadow=Shadow(store, settings.home, champions.targets, scorer).watch(settings.champion_poll_seconds),
        # One thread reads large bodies: two would only wait for each other.
        executor=ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader"),
        policies=policies,
        models=models,
    )


def _poll(champions: Champions) -> None:
    """Take up new promotions and show which are in use."""
    champions.poll()
    for target in champions.targets:
        MODEL_FAULTS.labels(target).set(target in champions.faults)
        used = champions.current(target)
        if used is not None:
            MODEL_PROMOTION.labels(target).set(used.promotion.sequence)
