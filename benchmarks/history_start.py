"""How a history of many stored lines starts, shares memory, follows new records and is compacted.

A part of `benchmarks.history`. The segment is made of drawn numbers, entity by entity, with all tallies; the
store behind it holds its last record only, so that what is measured is the history.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import update

from features.entities import TALLIES
from features.history import History
from features.history.grouping import group_by_key, place_births, place_values
from features.history.keys import BOTH_SEEDS, KEY_COLUMNS, Hashed, entity_keys, hash_texts, key_spec
from features.history.level import Level, empty_level, frozen, running
from features.history.parties import party_rows
from features.history.segment import current, make_current, seal
from features.history.shelf import Shelf
from features.instants import DAY
from features.lines import Lines
from features.records import Declaration
from features.store.database import Store
from features.store.entries import Entry
from features.store.tables import record_counter
from features.terms import Direction
from features.text import TEXT_VERSION

YEARS = 6
END = 1_700_000_000_000_000
LINES = 40_000
CARDINALITY = {
    "office": 700,
    "origin": 240,
    "departure": 240,
    "destination": 240,
    "agent": 5_000,
    "brand": 9_000,
}
SHARE = {
    "declared": 1.0,
    "priced": 0.9,
    "inspected": 0.05,
    "found": 0.002,
    "complained": 0.005,
    "endangered": 0.003,
}
PROBES, FOLLOWED = 2_000, 200
DRAWN = "segment-drawn"


def prepare(stored: int, folder: Path) -> dict[str, Any]:
    """Write a segment of `stored` lines and a store that ends with it; returns its size."""
    url, segment = store_url(folder), folder / "history" / DRAWN
    segment.mkdir(parents=True)
    store = Store.open(url)
    store.migrate()
    with store.writing() as connection:
        connection.execute(update(record_counter).values(sequence=stored - 1))
    store.append([Entry(record=line(0), known_at=END)], imported=True)
    store.go_live()
    random = np.random.default_rng(3)
    for tally in TALLIES:
        write_tally(segment, tally, int(stored * SHARE[tally]), random)
    for name, column in party_rows([])._asdict().items():
        np.save(segment / f"party.{name}.npy", column)
    np.save(segment / "waiting.npy", np.empty(0, dtype=np.uint64))
    shelf = Shelf(store, folder / "history", TEXT_VERSION)
    seal(segment, stored, END, shelf.anchor(stored, store.head().readings))
    make_current(segment)
    store.close()
    return {"gb": sum(path.stat().st_size for path in segment.iterdir()) / 1e9}


def write_tally(segment: Path, tally: str, events: int, random: np.random.Generator) -> None:
    """Draw one tally's events and write its level, an entity at a time."""
    declared = TALLIES[tally]
    entities, measures = len(declared.entities), len(declared.measures)
    level = empty_level(entities, measures)._asdict()
    born = np.sort(random.integers(END - YEARS * 365 * DAY, END, events))
    values = random.integers(0, 2, (events, measures))

    def room(name: str, rows: int, *width: int) -> NDArray[np.int64]:
        shape, path = (rows, *width), segment / f"{tally}.{name}.npy"
        return np.lib.format.open_memmap(path, "w+", np.int64, shape).view(np.ndarray)

    rooms = room("born", events * entities), room("sequence", events * entities)
    sums = room("sums", events * entities + 1, measures)
    blocks = []
    for place, entity in enumerate(declared.entities):
        drawn = (LINES * random.random(events) ** 2).astype(np.int64)
        keys, checks = (known[drawn] for known in known_keys(entity))
        groups = group_by_key(keys, checks)
        place_births(born, np.arange(1, events + 1), groups, place * events, rooms)
        place_values(values, groups, place * events, sums)
        blocks.append(groups)
    level |= {
        "blocks": running(np.array([len(block.keys) for block in blocks])),
        "keys": np.concatenate([block.keys for block in blocks]),
        "checks": np.concatenate([block.checks for block in blocks]),
        "offsets": running(np.concatenate([block.counts for block in blocks])),
        "corrected": np.zeros(1 + sum(len(block.keys) for block in blocks), dtype=np.int64),
    }
    for name, column in frozen(Level(**level))._asdict().items():
        if name not in ("born", "sequence", "sums"):
            np.save(segment / f"{tally}.{name}.npy", column)


@cache
def known_keys(entity: str) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the key of an entity, and its check, for each of the lines that there are."""
    columns = [
        hash_texts([text(column, number) for number in range(LINES)], BOTH_SEEDS) for column in KEY_COLUMNS
    ]
    values, checks = (np.stack(some, axis=1) for some in zip(*columns, strict=True))
    hashed = Hashed(values, checks, np.zeros(LINES, dtype=np.int64))
    found = np.empty(LINES, dtype=np.uint64), np.empty(LINES, dtype=np.uint64)
    entity_keys(key_spec((entity,)), hashed, np.arange(LINES), 0, found)
    return found


def text(column: str, number: int) -> str | None:
    """Return what a line says in a column."""
    code = f"{1_000 + number % 1_200}{number:06d}"
    known = {"hs_code": code, "hs4": code[:4], "hs6": code[:6], "unit": "035", "preference": None}
    return known.get(column, f"{column}{number % CARDINALITY.get(column, LINES)}")


def line(number: int) -> Declaration:
    """Make a line as it may be declared."""
    columns = (*(column for column in KEY_COLUMNS if column not in ("hs4", "hs6")),)
    said = {column: text(column, number % LINES) for column in columns}
    more = {"happened_at": END, "direction": Direction.IMPORT, "quantity": 2.0, "value_cny": 100.0}
    return Declaration(id=f"line-{number}", **said, **more)


def store_url(folder: Path) -> str:
    """Return the URL of the benchmark's store."""
    return f"sqlite:///{folder}/records.db"


def memory() -> dict[str, float]:
    """Return this process's memory in MB: its own, and what it shares through mapped files.

    Mapped pages that only one of two processes has read yet count as private in /proc; here they do not.
    """
    rows = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    sizes = {row.split(":")[0]: int(row.split()[1]) / 1024 for row in rows}
    own, all_of_it = sizes["Anonymous"], sizes["Rss"]
    return {"private": own, "shared": all_of_it - own, "rss": all_of_it}


def serve(folder: Path) -> None:
    """Open the history and count for probes; say how long that took, then, when asked, the memory."""
    store = Store.open(store_url(folder))
    start, cpu = time.perf_counter(), time.process_time()
    history = History.open(store, folder / "history")
    opened = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    segment = current(folder / "history")
    if segment is None or segment.name != DRAWN:
        raise ValueError(f"The drawn segment was not mapped but replaced by {segment}.")
    times = []
    for number in range(PROBES):
        probe, as_of = Lines.of([line(number)]), np.array([history.watermark + 1])
        start = time.perf_counter()
        for tally in TALLIES:
            history.counts(tally, probe, as_of)
        times.append(time.perf_counter() - start)
    print(json.dumps({**opened, "probe_us": float(np.median(times)) * 1e6}), flush=True)
    sys.stdin.readline()
    print(json.dumps(memory()), flush=True)
    sys.stdin.readline()


def follow(folder: Path) -> dict[str, float]:
    """Store records one at a time and in a burst, and measure how soon they count; then compact."""
    store = Store.open(store_url(folder))
    history = History.open(store, folder / "history")
    lags = []
    for number in range(FOLLOWED):
        store.append([Entry(record=line(10_000 + number))])
        start = time.perf_counter()
        history.refresh()
        lags.append(time.perf_counter() - start)
    for first, size in ((20_000, 1_000), (30_000, 10_000)):  # a first burst compiles what the second needs
        store.append([Entry(record=line(first + number)) for number in range(size)])
        start = time.perf_counter()
        history.refresh()
        burst = time.perf_counter() - start
    start, cpu = time.perf_counter(), time.process_time()
    history.compact()
    spent = {"compact": time.perf_counter() - start, "compact_cpu": time.process_time() - cpu}
    return {"lag_us": float(np.median(lags)) * 1e6, "burst": burst, **spent, "tail": history.tail_weight}


@contextmanager
def served(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `serve` in a process of its own until the block ends."""
    command = [sys.executable, "-c", f"from benchmarks.history_start import *; serve(Path({str(folder)!r}))"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def heard(process: subprocess.Popen[str], say: str = "") -> Any:
    """Say a line to a process if there is one to say, and return what it answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    if say:
        process.stdin.write(say)
        process.stdin.flush()
    return json.loads(process.stdout.readline())


def start(stored: int, where: Path | None, apart: Any) -> list[dict[str, Any]]:
    """Measure all of it under a folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="history-", dir=where))
    try:
        size = apart("prepare", stored, folder)["gb"]
        with served(folder) as first, served(folder) as second:
            opened = [heard(first), heard(second)]
            used = [heard(first, "now\n"), heard(second, "now\n")]
        followed = apart("follow", folder)
    finally:
        shutil.rmtree(folder)
    lines = f"{stored:,} stored lines"

    def row(benchmark: str, value: float, note: str) -> dict[str, Any]:
        return {
            "benchmark": f"{lines}: {benchmark}",
            "ours": value,
            "peer": None,
            "ratio": None,
            "note": note,
        }

    return [
        row(
            "start, s", opened[1]["seconds"], f"map a segment of {size:.1f} GB; CPU {opened[1]['cpu']:.2f} s"
        ),
        row("one line, all tallies, µs", opened[1]["probe_us"], "median, keys not seen before"),
        row(
            "private memory, MB",
            used[1]["private"],
            f"of each of two processes; resident {used[1]['rss']:,.0f}",
        ),
        row("shared memory, MB", used[1]["shared"], "mapped pages and libraries that both use"),
        row(
            "lag of the tail, µs", followed["lag_us"], "from commit to counted, one record at a time, median"
        ),
        row("lag of a burst, s", followed["burst"], "10,000 records at once"),
        row("compact, s", followed["compact"], f"CPU {followed['compact_cpu']:.1f} s; tail of 11,200 lines"),
    ]


PARTS: dict[str, Any] = {
    "prepare": lambda stored, folder: prepare(int(stored), Path(folder)),
    "follow": lambda folder: follow(Path(folder)),
}
os.environ.setdefault("OMP_NUM_THREADS", "1")
