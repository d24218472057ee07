"""Records per CPU second from a file into SQLite, beside a plain `executemany` of the same rows.

The peer reads the same file and inserts its cells into one table, in transactions of the same size, and
does nothing else: no checks, no types, no revisions, no hashes, no order. The ratio is what those cost.
"""

from __future__ import annotations

import argparse
import csv
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet as pq
from click.testing import CliRunner

from benchmarks.rows import tell
from features.importing.entries import plain_plan
from features.importing.importer import BATCH, Importer
from features.importing.rejects import Rejects
from features.instants import now
from features.store.database import Store
from features.terms import Kind
from training.simulator.cli import simulate

LINES = 50_000
REPEATS = 3


def write_files(folder: Path, lines: int) -> list[Path]:
    """Simulate declaration lines and lay them down as Parquet and as CSV."""
    CliRunner().invoke(
        simulate, ["--lines", str(lines), "--seed", "7", "--out", str(folder)], catch_exceptions=False
    )
    parquet = folder / "declarations.parquet"
    pyarrow.csv.write_csv(pq.read_table(parquet), folder / "declarations.csv")
    return [parquet, folder / "declarations.csv"]


def ours(path: Path, folder: Path) -> int:
    """Import a file into a fresh store; return how many records were stored."""
    store = Store.open(f"sqlite:///{folder / 'ours.db'}")
    store.migrate()
    with Rejects(folder / "rejects.csv") as rejects:
        summary = Importer(store, Kind.DECLARATION, plain_plan(Kind.DECLARATION, now()), rejects).run(path)
    store.close()
    if summary.exit_status:
        raise RuntimeError(f"{path}: {summary}")
    return sum(summary.records.values())


def peer(path: Path, folder: Path) -> int:
    """Insert a file's cells into one table as they stand; return how many rows it has."""
    connection = sqlite3.connect(folder / "peer.db")
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    columns, rows = cells(path)
    connection.execute(f"CREATE TABLE lines ({', '.join(columns)})")
    insert = f"INSERT INTO lines VALUES ({', '.join('?' * len(columns))})"
    count = 0
    while batch := list(islice(rows, BATCH)):
        with connection:
            connection.executemany(insert, batch)
        count += len(batch)
    connection.close()
    return count


def cells(path: Path) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Return a file's columns and the cells of its rows."""
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        batches = file.iter_batches(BATCH)
        return file.schema_arrow.names, (
            row for batch in batches for row in zip(*map(values, batch.columns), strict=True)
        )
    reader = csv.reader(path.open(encoding="utf-8", newline=""))
    return next(reader), reader


def values(column: Any) -> list[Any]:
    """Return a column's values as SQLite takes them."""
    plain = column.cast("int64") if str(column.type).startswith("timestamp") else column
    found: list[Any] = plain.to_pylist()
    return found


def speed(work: Callable[[Path, Path], int], path: Path) -> tuple[float, float]:
    """Return records per CPU second and per second of the best of a few runs."""
    best = (0.0, 0.0)
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            cpu, wall = time.process_time(), time.perf_counter()
            count = work(path, Path(folder))
            best = max(best, (count / (time.process_time() - cpu), count / (time.perf_counter() - wall)))
    return best


def run(lines: int = LINES) -> list[dict[str, Any]]:
    """Import the same rows from Parquet and CSV, ours and the peer's, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        return [row(path) for path in write_files(Path(folder), lines)]


def row(path: Path) -> dict[str, Any]:
    """Measure one file."""
    (mine, wall), (theirs, _) = speed(ours, path), speed(peer, path)
    return {
        "benchmark": f"import {path.suffix[1:]} into SQLite, records per CPU second",
        "ours": round(mine),
        "peer": round(theirs),
        "ratio": round(mine / theirs, 3),
        "note": f"peer: executemany of the raw cells; ours by the clock {wall:,.0f} records/s",
    }


def main() -> None:
    """Run and print; `--json` writes the rows for the common page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = run(arguments.lines)
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
