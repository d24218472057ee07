"""Lines declared after all learning, read once, so that several learners are judged on the same frame."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from features.instants import start_of_day
from features.lines import Lines
from features.store.database import Store
from training.dataset import first_revisions
from training.judge import Truth, lookup


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """Later lines as their first revision said, the instant of each, and what came of them."""

    lines: Lines
    as_of: np.ndarray
    positive: np.ndarray

    @property
    def ways(self) -> list[str]:
        """Each line's direction."""
        return [str(way) for way in self.lines["direction"]]


def later_of_port(store: Store, port: Path, judged_from: dt.date, truth: Truth) -> Later:
    """Read every line a port declared from a day on, inspected or not, with its outcome by the truth."""
    declared = pq.read_table(port / "declarations.parquet", columns=["id", "happened_at"])
    late = declared["happened_at"].to_numpy() >= start_of_day(judged_from)
    ids = {id for id in declared["id"].filter(late).to_pylist() if id in truth.outcome}
    filed = [
        line for line in first_revisions(store, ids) if line.record.happened_at >= start_of_day(judged_from)
    ]
    lines = Lines.of([line.record for line in filed])
    as_of = np.array([line.as_of for line in filed], dtype=np.int64)
    return Later(lines, as_of, lookup(truth.outcome, lines["id"]) > 0.5)
