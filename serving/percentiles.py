"""Where a probability stands among recent scores of its direction and regime."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from features.instants import DAY, Instant
from serving.champions import Champion
from serving.storage.scores import ScoreFilter, recent_probabilities

RECENT = "scores of the last {days} days"
REFERENCE = "training reference"
TOO_FEW = "too few lines of its regime"
"""There is no percentile: regimes are not mixed in one ranking, and this one has too few lines of its own."""
SAMPLE = 20_000
"""At most so many of the newest scores are ranked among."""

Group = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Percentile:
    """The share of lines below, 0 to 100, ties counted half; `basis` says among which, or why among none."""

    value: float | None
    basis: str


class Percentiles:
    """Ranks a probability among this model's own scores, or its training reference where they are too few.

    Another model's probabilities are on another footing, so a new champion starts from its reference. What-
    ifs are never ranked among. The scores are read again when older than `seconds`.
    """

    def __init__(
        self,
        engine: Engine,
        days: int,
        enough: int,
        seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._days = days
        self._enough = enough
        self._seconds = seconds
        self._clock = clock
        self._among_recent = RECENT.format(days=days)
        self._recent: dict[Group, tuple[float, list[float]]] = {}
        self._reading: set[Group] = set()

    def of(
        self, champion: Champion, group: tuple[str, str], probability: float, at: Instant | None
    ) -> Percentile:
        """Rank a probability within (direction, regime); `at` is when it was scored, None for the past.

        None where neither scores nor reference hold enough lines of this direction and regime.

        A score as of the past is ranked in the reference only: scores given since are of its future.
        """
        recent = None if at is None else self._scores(champion, group, at)
        if recent is not None and len(recent) >= self._enough:
            below, upto = bisect_left(recent, probability), bisect_right(recent, probability)
            return Percentile(50.0 * (below + upto) / len(recent), self._among_recent)
        value = champion.model.reference.percentile(probability, *group)
        return Percentile(value, TOO_FEW if value is None else REFERENCE)

    def _scores(self, champion: Champion, group: tuple[str, str], at: Instant) -> list[float]:
        key = (champion.promotion.fingerprint, *group)
        read_at, scores = self._recent.get(key, (None, None))
        if scores is None:
            return self._read(champion.target, key, at)
        if read_at is not None and self._clock() - read_at > self._seconds and key not in self._reading:
            self._reading.add(key)  # the caller is not kept waiting for a newer ranking
            threading.Thread(target=self._read, args=(champion.target, key, at), daemon=True).start()
        return scores

    def _read(self, target: str, key: Group, at: Instant) -> list[float]:
        fingerprint, direction, regime = key
        among = ScoreFilter(
            target=target,
            direction=direction,
            regime=regime,
            fingerprint=fingerprint,
            what_if=False,
            since=at - self._days * DAY,
        )
        try:
            scores = recent_probabilities(self._engine, among, SAMPLE).tolist()
            self._recent[key] = self._clock(), scores
        finally:
            self._reading.discard(key)
        return scores
