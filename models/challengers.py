"""Who is scored in the champion's shadow, and what it said there: append-only, never an answer to anyone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, insert, select

from features.instants import Instant
from features.store.statements import run_many
from features.store.tables import challengers, shadow_scores
from models.bundle import bundles_folder, verified_contents
from models.errors import PromotionError
from models.keys import public_keys

NOBODY = ""
"""The fingerprint of a row that ends a shadow."""


@dataclass(frozen=True, slots=True)
class Challenger:
    """A bundle chosen to be scored beside the champion of its target: since when, by whom, why."""

    target: str
    fingerprint: str
    version: str
    chosen_at: Instant
    chosen_by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShadowScore:
    """What champion and challenger said of one line, from what was visible before `as_of`."""

    score_id: str
    challenger: str
    target: str
    line_id: str
    champion: str
    as_of: Instant
    champion_probability: float
    challenger_probability: float


_COLUMNS = tuple(ShadowScore.__slots__)
_PUT = f"""
    INSERT INTO {shadow_scores.name} ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True, eq=False)
class Shadowed:
    """The shadow scores of a challenger: lines, instants and both probabilities, (n,) each, oldest first."""

    line_ids: tuple[str, ...]
    champions: tuple[str, ...]
    as_of: NDArray[np.int64]
    champion: NDArray[np.float64]
    challenger: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.line_ids)


def choose(engine: Engine, home: Path, chosen: Challenger) -> Challenger:
    """Let a bundle be scored in shadow from now on, in place of any other of its target.

    Its gates need not be open, as nobody is shown what it says; its signature must hold and its target be
    the row's. Raises PromotionError or BundleError. The fingerprint `NOBODY` ends the shadow.
    """
    if chosen.fingerprint != NOBODY:
        folder = bundles_folder(home) / chosen.fingerprint
        contents = verified_contents(folder, public_keys(home), fingerprint=chosen.fingerprint)
        target = json.loads(contents["manifest.json"])["target"]
        if target != chosen.target:
            raise PromotionError(f"bundle {chosen.fingerprint} predicts {target}, not {chosen.target}")
    with engine.begin() as connection:
        connection.execute(insert(challengers).values(asdict(chosen)))
    return chosen


def challenger(engine: Engine, target: str) -> Challenger | None:
    """Return who is scored in shadow for a target now; None where nobody is."""
    query = select(challengers).where(challengers.c.target == str(target))
    with engine.connect() as connection:
        row = connection.execute(query.order_by(challengers.c.sequence.desc()).limit(1)).mappings().first()
    if row is None or row["fingerprint"] == NOBODY:
        return None
    return Challenger(**{str(name): value for name, value in row.items() if name != "sequence"})


def add_shadow_scores(connection: Connection, scores: Sequence[ShadowScore]) -> None:
    """Store what a challenger said beside stored scores, where no other machine was first."""
    run_many(connection, _PUT, [tuple(getattr(score, name) for name in _COLUMNS) for score in scores])


def shadowed(engine: Engine, fingerprint: str) -> Shadowed:
    """Return all that a challenger said in shadow."""
    columns = shadow_scores.c
    query = select(
        columns.line_id, columns.champion, columns.as_of, columns.champion_probability,
        columns.challenger_probability,
    ).where(columns.challenger == fingerprint)  # fmt: skip
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query.order_by(columns.as_of, columns.score_id))]
    lines, champions, as_of, ours, theirs = zip(*rows, strict=True) if rows else ((),) * 5
    return Shadowed(
        lines, champions, np.array(as_of, dtype=np.int64), np.array(ours, float), np.array(theirs, float)
    )
