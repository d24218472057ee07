"""What is read out of a simulated port's opinions, beside the truth of each, which nothing else may see.

python -m benchmarks.text_port [--lines N] [--seeds S …] [--json OUT]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from benchmarks.rows import row, tell
from benchmarks.simulated_port import prepared
from features.opinions.reading import Reading
from features.store.database import Store
from features.terms import Kind

RESAMPLES = 1000
REAL = ("real", "unfounded")
"""Sorts of opinions that tell of a hazard; the others are praise, denial, or about delivery and prices."""


class One(NamedTuple):
    """An opinion's truth, what its source stated, and its reading."""

    truth: dict[str, Any]
    stated: dict[str, Any]
    reading: Reading


def read_port(lines: int, seed: int, home: Path) -> list[One]:
    """Import a port and return, of each opinion, its truth, what its source stated, and its reading."""
    prepared(lines, seed, home)
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    sequences = {one.id: one.sequence for chunk in store.changes(kinds=[Kind.OPINION]) for one in chunk}
    readings = store.readings.of(sequences.values())
    store.close()
    stated = {one["id"]: one for one in pq.read_table(home / "port" / "opinions.parquet").to_pylist()}
    truth = pq.read_table(home / "port" / "truth_opinions.parquet").to_pylist()
    return [
        One(one, stated[one["id"]], readings[sequences[one["id"]]]) for one in truth if one["id"] in sequences
    ]


TASKS: dict[str, tuple[Callable[[One], bool], Callable[[One], bool]]] = {
    "heading, every opinion": (lambda _: True, lambda one: one.reading.hs4 == one.truth["heading"]),
    "heading, from the text alone": (
        lambda one: not one.stated["hs_code"] and not one.stated["product_name"],
        lambda one: one.reading.hs4 == one.truth["heading"],
    ),
    "hazard, where one is told": (
        lambda one: one.truth["sort"] in REAL,
        lambda one: one.truth["hazard"] in {told.hazard for told in one.reading.hazards},
    ),
    "no hazard, where none is told": (
        lambda one: one.truth["sort"] not in REAL,
        lambda one: not one.reading.hazards,
    ),
    "no complaint, where it is praise": (
        lambda one: one.truth["sort"] == "praise",
        lambda one: not one.reading.complaint,
    ),
    "repeat of the right opinion": (
        lambda one: one.truth["is_duplicate"],
        lambda one: one.reading.duplicate_of == one.truth["duplicate_of"],
    ),
    "no repeat, where it is none": (
        lambda one: not one.truth["is_duplicate"],
        lambda one: one.reading.duplicate_of is None,
    ),
}
"""What is asked: of which opinions, and when it is right."""


def measured(port: list[One], where: str) -> list[dict[str, Any]]:
    """Return the share that is right of each task, with its interval."""
    rows = []
    for name, (asked, right) in TASKS.items():
        answers = np.array([right(one) for one in port if asked(one)], dtype=float)
        drawn = np.random.default_rng(0).integers(0, len(answers), (RESAMPLES, len(answers)))
        low, high = np.quantile(answers[drawn].mean(axis=1), (0.025, 0.975))
        peer = 0.9 if name == "heading, every opinion" else None
        note = f"of {len(answers):,}, 95 % interval [{low:.3f}, {high:.3f}]"
        note += "; peer is the promise; 6 in 100 are filed under a wrong code, and the source is believed" * (
            peer == 0.9
        )
        rows.append(row(f"{where}: {name}", float(answers.mean()), peer, note))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=60_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            port = read_port(arguments.lines, seed, Path(folder))
            rows += measured(port, f"port of {arguments.lines:,}, seed {seed}")
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
