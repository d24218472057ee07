"""Queries on scores: a score is written once, with its evidence, and never changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from features.instants import Instant
from features.store.statements import run_many
from serving.storage.event_lines import Scored, follow
from serving.storage.positions import allot, last_position
from serving.storage.tables import SCORE_MODELS, SCORES
from serving.storage.transactions import writing

_FLOAT = np.dtype("<f8")


class StoredScore(msgspec.Struct, frozen=True):
    """A score as it was given; `vector` and `contributions` are float64 in little-endian bytes.

    `line_sequence` is the declaration revision scored, None for a what-if, whose `line` is kept as JSON.
    `event`, `grade` and `grading` (JSON) are the policy step after the score; None in scores from before it.
    """

    id: str
    line_id: str
    target: str
    fingerprint: str
    spec_fingerprint: str
    scored_at: Instant
    as_of: Instant
    sequence: int
    line_sequence: int | None
    line: str | None
    what_if: bool
    status: str
    direction: str
    regime: str
    hs_code: str
    base: float
    log_odds: float
    probability: float
    percentile: float | None
    percentile_basis: str
    vector: bytes
    contributions: bytes
    warnings: str
    caller: str
    event: str | None = None
    grade: str | None = None
    grading: str | None = None


class ScoreModel(msgspec.Struct, frozen=True):
    """The model a score names: its features, each with its family, in the order of the score's vector.

    `vocabularies` turn the vector's category numbers back into codes: number 2 is the first code.
    """

    fingerprint: str
    target: str
    version: str | None
    spec_fingerprint: str
    features: tuple[tuple[str, str], ...]
    vocabularies: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ScoreFilter:
    """Which scores to list; None asks for any."""

    line_id: str | None = None
    target: str | None = None
    direction: str | None = None
    regime: str | None = None
    hs_prefix: str | None = None
    fingerprint: str | None = None
    what_if: bool | None = None
    grade: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    min_probability: float | None = None
    before: str | None = None


def to_bytes(values: NDArray[np.float64]) -> bytes:
    """Write float64 values as stored."""
    return np.ascontiguousarray(values, dtype=_FLOAT).tobytes()


def from_bytes(stored: bytes) -> NDArray[np.float64]:
    """Read stored float64 values; the same bits."""
    return np.frombuffer(stored, dtype=_FLOAT).astype(np.float64, copy=True)


def add_scores(connection: Connection, scores: Sequence[StoredScore]) -> None:
    """Store scores in the transaction of their declarations."""
    if not scores:
        return
    first = allot(connection, len(scores))
    rows = [(*msgspec.structs.astuple(score), first + place) for place, score in enumerate(scores)]
    run_many(connection, _INSERT, rows)
    graded = [one for one in scores if not one.what_if and one.grading is not None]
    if graded:
        follow(connection, [Scored(one.target, one.line_id, one.event, one.grading) for one in graded])


_INSERT = (
    f"INSERT INTO {SCORES.name} ({', '.join(StoredScore.__struct_fields__)}, position) "
    f"VALUES ({', '.join('?' * (len(StoredScore.__struct_fields__) + 1))})"
)
"""Spelt out, as it stands on the path of every score."""
_INDEXED = frozenset({"target", "direction", "regime", "grade"})
"""Columns by whose index SQLite would look through scores of all times; written as `x || ''` it does not."""
_COLUMNS = [SCORES.c[name] for name in StoredScore.__struct_fields__]


def find_score(engine: Engine, score_id: str) -> StoredScore | None:
    """Return a score by its id."""
    with engine.connect() as connection:
        row = connection.execute(select(*_COLUMNS).where(SCORES.c.id == score_id)).first()
    return None if row is None else StoredScore(*row)


def list_scores(engine: Engine, wanted: ScoreFilter, limit: int) -> list[StoredScore]:
    """Return at most `limit` scores, newest first, that were made before `wanted.before`."""
    query = select(*_COLUMNS).where(*_conditions(wanted)).order_by(SCORES.c.id.desc()).limit(limit)
    with engine.connect() as connection:
        return [StoredScore(*row) for row in connection.execute(query)]


def follow_scores(
    engine: Engine, wanted: ScoreFilter, after: int, limit: int
) -> tuple[list[StoredScore], int]:
    """Return at most `limit` scores committed after a position, oldest first, and the position to go on from.

    What is committed later stands after that position, whichever of its scores match.
    """
    until = last_position(engine)  # asked first: all up to there is visible to the query below
    place = SCORES.c.position
    query = select(place, *_COLUMNS).where(*_conditions(wanted, in_order=True), place > after, place <= until)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(place).limit(limit)).all()
    scores = [StoredScore(*columns) for _, *columns in rows]
    return scores, rows[-1][0] if len(rows) == limit else max(after, until)


def scored_lines(connection: Connection, line_ids: Sequence[str]) -> set[str]:
    """Return which of these lines have a score that was no what-if."""
    query = select(SCORES.c.line_id).where(SCORES.c.line_id.in_(line_ids), SCORES.c.what_if.is_(False))
    return set(connection.execute(query.distinct()).scalars())


def recent_probabilities(engine: Engine, among: ScoreFilter, limit: int) -> NDArray[np.float64]:
    """Return the probabilities of the newest scores that match, at most `limit`, in rising order."""
    query = select(SCORES.c.probability).where(*_conditions(among)).order_by(SCORES.c.id.desc()).limit(limit)
    with engine.connect() as connection:
        found = np.fromiter(connection.execute(query).scalars(), dtype=np.float64)
    return np.sort(found)


def add_model(engine: Engine, model: ScoreModel) -> None:
    """Remember a model that scores will name; a no-op where it is known."""
    if find_model(engine, model.fingerprint) is not None:
        return
    values = msgspec.structs.asdict(model)
    values["features"] = json.dumps(model.features)
    values["vocabularies"] = json.dumps(model.vocabularies, ensure_ascii=False)
    try:
        with writing(engine) as connection:
            connection.execute(insert(SCORE_MODELS).values(values))
    except IntegrityError:
        return  # another worker was first


def find_model(engine: Engine, fingerprint: str) -> ScoreModel | None:
    """Return a model that scores name."""
    with engine.connect() as connection:
        wanted = select(SCORE_MODELS).where(SCORE_MODELS.c.fingerprint == fingerprint)
        row = connection.execute(wanted).mappings().first()
    if row is None:
        return None
    texts = ("features", "vocabularies")
    values = {str(name): json.loads(value) if name in texts else value for name, value in row.items()}
    return msgspec.convert(values, ScoreModel)


def _conditions(wanted: ScoreFilter, in_order: bool = False) -> list[ColumnElement[bool]]:
    """Say what is wanted; `in_order` of positions no other index than theirs should be used."""
    columns = SCORES.c
    found = [
        (columns[name].concat("") if in_order and name in _INDEXED else columns[name]) == value
        for name in ("line_id", "target", "direction", "regime", "fingerprint", "what_if", "grade")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.hs_prefix is not None:
        found.append(columns.hs_code.startswith(wanted.hs_prefix, autoescape=True))
    if wanted.since is not None:
        found.append(columns.scored_at >= wanted.since)
    if wanted.until is not None:
        found.append(columns.scored_at < wanted.until)
    if wanted.min_probability is not None:
        found.append(columns.probability >= wanted.min_probability)
    if wanted.before is not None:
        found.append(columns.id < wanted.before)
    return found
