"""Runs what a request will run once before the first one, so that it need not wait for a compiler."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import product

from features.history import rehearsal
from features.store.database import Store
from features.terms import Direction
from serving.champions import Champion, uncalibrated
from serving.scorer import Ask, Scorer

_LOG = logging.getLogger("customs_risk.serving")

_SIZES = (1, 3, 5)
"""Lines of a block that are explained each in its own way."""


def rehearse(store: Store, scorer: Scorer, champions: Iterable[Champion]) -> None:
    """Follow made-up records and score made-up lines by each model; nothing of them is kept."""
    _LOG.info("Made-up lines are scored first; after installation this compiles for up to half a minute.")
    rehearsal.rehearse(store)
    for champion in champions:
        scored = [each for each in Direction if not uncalibrated(champion, each)]
        for direction, size in product(scored[:1], _SIZES):
            lines = [rehearsal.made_up(number, direction) for number in range(size)]
            scorer.score(champion, lines, Ask(what_if=True))
