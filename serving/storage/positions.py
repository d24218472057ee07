"""Places of scores in the order in which they are committed, so that whoever follows them misses none."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, func, select

from features.instants import Instant
from features.store.statements import fetch, run_at_once
from features.store.tables import shadow_scores
from serving.storage.tables import SCORE_COUNTER, SCORES

_ADVANCE = f"UPDATE {SCORE_COUNTER.name} SET position = position + ? RETURNING position"
_LAST = f"SELECT position FROM {SCORE_COUNTER.name}"


def allot(connection: Connection, count: int) -> int:
    """Return the first of `count` positions in a row.

    The counter stays locked until the transaction ends, so that nobody can see a position before every lower
    one. An id cannot tell that: it is drawn when scoring begins, and a large request commits later than
    small ones that began after it.
    """
    [(last,)] = fetch(connection, _ADVANCE, count)
    return int(last) - count + 1


def last_position(engine: Engine) -> int:
    """Return the last position whose score is committed; 0 before the first."""
    [(last,)] = run_at_once(engine, _LAST)
    return int(last)


def position_before(engine: Engine, scored_at: Instant) -> int:
    """Return a position after which every score stands that was, or will be, made at an instant or later."""
    last = last_position(engine)
    # Of a bare column the databases would take the minimum by walking its index from the first score on.
    first = select(func.min(SCORES.c.position + 0)).where(SCORES.c.scored_at >= scored_at)
    with engine.connect() as connection:
        found = connection.execute(first).scalar()
    return last if found is None else min(last, found - 1)


def position_shadowed(engine: Engine, fingerprint: str) -> int | None:
    """Return the last position whose score a challenger was put beside; None before the first."""
    beside = SCORES.join(shadow_scores, shadow_scores.c.score_id == SCORES.c.id)
    last = select(func.max(SCORES.c.position)).select_from(beside)
    with engine.connect() as connection:
        return connection.execute(last.where(shadow_scores.c.challenger == fingerprint)).scalar()
