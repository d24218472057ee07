"""A challenger in the champion's shadow: it scores, after the answer, what the champion scored.

Nobody is shown what it says. It works from stored scores in a thread of its own, on one worker of a machine:
a request never waits for it. Without a challenger it asks the database once a second and does nothing.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, TextIO, TypeAlias

import numpy as np
from prometheus_client import Counter
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from features.errors import FeaturesError, StoreError
from features.frame import build_frame
from features.instants import Instant
from features.lines import Lines
from features.records import Declaration
from features.store.database import Store
from models.bundle import bundles_folder, read_bundle
from models.challengers import Challenger, ShadowScore, add_shadow_scores, challenger
from models.errors import ModelsError
from models.keys import public_keys
from models.risk_model import RiskModel
from models.trial import try_bundle
from serving.champions import RETRY_SECONDS, Poller
from serving.measures import SHADOW_FAULTS
from serving.scorer import Scorer
from serving.storage.positions import last_position, position_before, position_shadowed
from serving.storage.tables import SCORES
from serving.storage.transactions import writing

_LOG = logging.getLogger("customs_risk.serving")
AT_ONCE = 200
"""Scores taken up in one go, so that whoever waits for the processor does not wait long."""
SHADOWED = Counter("customs_risk_shadow_scores_total", "Lines scored by a challenger in shadow.", ["target"])


_Row: TypeAlias = Any
"""A stored score: id, line_sequence, fingerprint, as_of, sequence, probability, position."""


class Shadow:
    """Follows the stored scores of each target that has a challenger, in the order of their commits."""

    def __init__(self, store: Store, home: Path, targets: Sequence[str], scorer: Scorer) -> None:
        self._store = store
        self._home = home
        self._targets = tuple(targets)
        self._scorer = scorer
        self._models: dict[str, RiskModel] = {}
        self._after: dict[tuple[str, Instant], int] = {}
        self._failed: dict[str, float] = {}
        self.faults: dict[str, str] = {}
        """Target to why its challenger is not being scored."""
        self._lock: TextIO | None = None
        self._poller: Poller | None = None

    def watch(self, seconds: float) -> Self:
        """Follow every so many seconds in a thread of its own, until closed."""
        self._poller = Poller(self.follow, seconds)
        return self

    def follow(self) -> None:
        """Score in shadow what was scored since the last time, for each target that has a challenger.

        What fails is tried again, at the next poll where it was the database's, else every minute.
        """
        for target in self._targets:
            chosen = challenger(self._store.engine, target)
            if chosen is None:
                self._well(target)
            elif self._is_due(chosen) and self._alone():
                self._follow(chosen)

    def _is_due(self, chosen: Challenger) -> bool:
        since = self._failed.get(chosen.fingerprint)
        return since is None or time.monotonic() - since >= RETRY_SECONDS

    def _follow(self, chosen: Challenger) -> None:
        try:
            while self._advance(chosen) == AT_ONCE:
                pass
        except (StoreError, SQLAlchemyError) as error:
            self._ill(chosen, error)
        except (ModelsError, FeaturesError, KeyError, OSError) as error:
            self._failed[chosen.fingerprint] = time.monotonic()
            self._ill(chosen, error)
        else:
            self._well(chosen.target)

    def _ill(self, chosen: Challenger, error: Exception) -> None:
        self.faults[chosen.target] = f"{chosen.version} cannot be scored in shadow: {error}"
        SHADOW_FAULTS.labels(chosen.target).set(1)
        _LOG.error("%s", self.faults[chosen.target])

    def _well(self, target: str) -> None:
        if self.faults.pop(target, None) is not None:
            _LOG.info("the shadow of %s goes on", target)
        SHADOW_FAULTS.labels(target).set(0)

    def close(self) -> None:
        """Stop, and let another worker follow."""
        if self._poller is not None:
            self._poller.close()
        if self._lock is not None:
            self._lock.close()

    def _alone(self) -> bool:
        """Say whether this is the machine's worker that follows; it stays so until it ends."""
        if self._lock is None:
            file = (self._home / "shadow.lock").open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._lock = file
        return True

    def _advance(self, chosen: Challenger) -> int:
        """Score the next stored scores; returns how many there were."""
        until = last_position(self._store.engine)
        choice = chosen.fingerprint, chosen.chosen_at
        after = self._after.get(choice)
        if after is None:
            after = self._begin(chosen)
        rows = self._waiting(chosen, after, until) if after < until else []
        if rows:
            self._keep(self._scored(chosen, rows))
        self._after[choice] = rows[-1].position if len(rows) == AT_ONCE else until
        return len(rows)

    def _begin(self, chosen: Challenger) -> int:
        """Return after which position to go on: when it was chosen, or where others stopped since."""
        done = position_shadowed(self._store.engine, chosen.fingerprint) or 0
        return max(done, position_before(self._store.engine, chosen.chosen_at))

    def _waiting(self, chosen: Challenger, after: int, until: int) -> Sequence[_Row]:
        columns = SCORES.c
        query = select(
            columns.id, columns.line_sequence, columns.fingerprint, columns.as_of, columns.sequence,
            columns.probability, columns.position,
        ).where(
            columns.position > after, columns.position <= until,
            columns.target.concat("") == chosen.target,  # so that its index is not used: scores of all times
            columns.what_if.is_(False), columns.fingerprint != chosen.fingerprint,
        )  # fmt: skip
        with self._store.engine.connect() as connection:
            return connection.execute(query.order_by(columns.position).limit(AT_ONCE)).all()

    def _scored(self, chosen: Challenger, rows: Sequence[_Row]) -> list[ShadowScore]:
        """Score lines as of the instants at which the champion scored them; erased ones are left out."""
        model = self._model(chosen)
        revisions = {
            each.sequence: each.record
            for each in self._store.at_sequences([row.line_sequence for row in rows])
        }
        found = [(row, revisions.get(row.line_sequence)) for row in rows]
        known = [
            (row, line)
            for row, line in found
            if isinstance(line, Declaration) and line.direction in model.calibrations
        ]
        if not known:
            return []
        history = self._scorer.history_to(max(row.sequence for row, _ in known))
        lines = Lines.of([line for _, line in known])
        as_of = np.array([row.as_of for row, _ in known], dtype=np.int64)
        frame = build_frame(lines, history, as_of, model.feature_spec)
        told = model.probability(model.check_frame(frame), lines["direction"])
        return [
            ShadowScore(
                row.id, chosen.fingerprint, chosen.target, line.id, row.fingerprint, row.as_of,
                row.probability, probability,
            )
            for (row, line), probability in zip(known, told.tolist(), strict=True)
        ]  # fmt: skip

    def _model(self, chosen: Challenger) -> RiskModel:
        model = self._models.get(chosen.fingerprint)
        if model is None:
            folder = bundles_folder(self._home) / chosen.fingerprint
            keys = public_keys(self._home)
            try_bundle(folder, self._home)
            model = read_bundle(folder, keys, fingerprint=chosen.fingerprint)
            self._models = {chosen.fingerprint: model}
            _LOG.info("%s is scored in shadow", chosen.version)
        return model

    def _keep(self, scores: list[ShadowScore]) -> None:
        with writing(self._store.engine) as connection:
            add_shadow_scores(connection, scores)
        for score in scores:
            SHADOWED.labels(score.target).inc()
