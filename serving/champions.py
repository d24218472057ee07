"""The models that answer: each target's champion, taken up while the one before still answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from features.catalog import CATALOG
from features.errors import FeaturesError
from features.instants import Instant
from features.terms import Direction
from models.bundle import bundles_folder, verified_contents
from models.errors import ModelsError
from models.keys import public_keys
from models.promotions import Promotion, champion, load_promoted
from models.risk_model import RiskModel
from models.trial import try_bundle
from serving.storage.scores import ScoreModel, add_model, find_model

_LOG = logging.getLogger("customs_risk.serving")
RETRY_SECONDS = 60.0
"""A promoted bundle that could not be used is tried again after so long."""


@dataclass(frozen=True, slots=True, eq=False)
class Champion:
    """A promoted model, loaded, tried and ready to answer."""

    promotion: Promotion
    model: RiskModel
    families: tuple[str, ...]

    @property
    def target(self) -> str:
        """Return what the model predicts."""
        return self.promotion.target

    @property
    def learned_until(self) -> Instant:
        """Return the end of the records the model learned from; its promotion where its card is silent."""
        period = self.model.card.get("period")
        said = period.get("learned_until") if isinstance(period, Mapping) else None
        return said if isinstance(said, int) else self.promotion.promoted_at

    def described(self) -> ScoreModel:
        """Return what a score must keep of its model to be read without it."""
        spec = self.model.feature_spec
        features = tuple(zip(spec.names, self.families, strict=True))
        version, fingerprint = self.promotion.version, self.promotion.fingerprint
        vocabularies = dict(spec.vocabularies)
        return ScoreModel(fingerprint, self.target, version, spec.fingerprint, features, vocabularies)


def load(home: Path, promotion: Promotion) -> Champion:
    """Load a promoted bundle and answer once with it, so that no request pays for what is prepared lazily."""
    model = load_promoted(home, promotion)
    model.feature_spec.prepare()
    for rows in (1, 64):  # single rows and batches are compiled apart
        X = np.zeros((rows, len(model.feature_spec.names)))
        model.explain(X, [next(iter(model.calibrations))] * rows)
    families = tuple(str(CATALOG[name].family) for name in model.feature_spec.names)
    return Champion(promotion, model, families)


class Champions:
    """Each target's champion; `poll` takes up new promotions, and a bundle that fails changes nothing."""

    def __init__(self, engine: Engine, home: Path, targets: Sequence[str]) -> None:
        self._engine = engine
        self._home = home
        self.targets = tuple(targets)
        self._current: dict[str, Champion] = {}
        self._failed: dict[str, tuple[int, float]] = {}
        self.faults: dict[str, str] = {}
        """Target to why its promoted bundle is not in use."""

    def current(self, target: str) -> Champion | None:
        """Return the model that answers for a target now."""
        return self._current.get(target)

    def all(self) -> list[Champion]:
        """Return every model that answers now."""
        return list(self._current.values())

    def poll(self) -> None:
        """Take up each target's newest promotion if it is not in use yet."""
        for target in self.targets:
            promotion = champion(self._engine, target)
            if promotion is not None and self._is_due(promotion):
                self._take_up(promotion)

    def _is_due(self, promotion: Promotion) -> bool:
        used = self._current.get(promotion.target)
        if used is not None and used.promotion.sequence == promotion.sequence:
            return False
        failed, since = self._failed.get(promotion.target, (-1, 0.0))
        return failed != promotion.sequence or time.monotonic() - since >= RETRY_SECONDS

    def _take_up(self, promotion: Promotion) -> None:
        target = promotion.target
        try:
            folder = bundles_folder(self._home) / promotion.fingerprint
            verified_contents(folder, public_keys(self._home), fingerprint=promotion.fingerprint)
            if find_model(self._engine, promotion.fingerprint) is None:
                # A malformed model text kills the process that parses it: let that be another one. A bundle
                # that has answered here before is the same to the bit, and needs no second trial.
                try_bundle(folder, self._home)
            taken = load(self._home, promotion)
        except (ModelsError, FeaturesError, KeyError, OSError) as error:
            self.faults[target] = f"promotion {promotion.sequence}, version {promotion.version}: {error}"
            self._failed[target] = promotion.sequence, time.monotonic()
            _LOG.error("cannot take up %s %s", target, self.faults[target])
            return
        add_model(self._engine, taken.described())
        self._current[target] = taken
        self.faults.pop(target, None)
        _LOG.info("%s version %s is in use", target, promotion.version)


class Poller:
    """Calls `poll` every `seconds` in a thread of its own until closed."""

    def __init__(self, poll: Callable[[], None], seconds: float) -> None:
        self._poll = poll
        self._seconds = seconds
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="champion-poll", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop polling and wait for the last poll to end."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(self._seconds):
            try:
                self._poll()
            except (SQLAlchemyError, FeaturesError) as error:
                _LOG.warning("cannot ask the database: %s", error)


def uncalibrated(champion: Champion, direction: Direction) -> bool:
    """Say whether the model was never calibrated for a direction, and so cannot score its lines."""
    return direction not in champion.model.calibrations
