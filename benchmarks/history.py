"""Counts by key over windows of time, beside pandas, Polars and DuckDB; growth; start with many stored lines.
`python -m benchmarks.history --json OUT [--declarations N] [--events N] [--large N] [--stored N] [--quick]`.

Every run has a process of its own, so that its peak memory is its own. Speed is rows per CPU second of the
work from integer columns in memory to 18 columns of counts: declarations and events, by three keys, over 30,
90 and 365 days, strictly before each row. All runs must agree on every column's sum.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from benchmarks.rows import row, tell  # noqa: E402
from features.instants import DAY  # noqa: E402

Integers = NDArray[np.int64]
Columns = dict[str, Integers]

DAYS = (30, 90, 365)
KEYS = ("consignee", "goods", "pair")
YEARS = 4
ROUNDS = 3
"""How often each run is made, in turn with the others; its best counts, as other work only takes away."""

BLOCK = 16_384
"""Rows whose counts are made together, as when features are built."""


def data(declarations: int, events: int) -> tuple[Columns, Columns]:
    """Make rows in order of time: 50,000 consignees, most of them small, each with up to 6 of 5,000 goods."""
    random = np.random.default_rng(7)

    def rows(size: int) -> Columns:
        consignee = (50_000 * random.random(size) ** 2).astype(np.int64)
        goods = (consignee * 7_919 + (6 * random.random(size) ** 2).astype(np.int64)) % 5_000
        at = np.sort(random.integers(0, YEARS * 365 * DAY, size))
        return {"at": at, "consignee": consignee, "goods": goods, "pair": consignee * 5_000 + goods}

    return rows(declarations), rows(events)


def ours(declared: Columns, happened: Columns) -> list[int]:
    """Group both sources into levels by hashed key, then sweep through time block by block."""
    from features.history.keys import Hashed, all_keys, key_spec
    from features.history.level import Births, Level, assemble, no_corrections
    from features.history.query import Query
    from features.history.sweep import Sweep

    spec = key_spec(("consignee", "hs10", "consignee_hs4"))
    spec = spec._replace(columns=np.array([[0, -1], [1, -1], [0, 1]]))

    def keys_of(columns: Columns) -> NDArray[np.uint64]:
        values = np.empty((len(columns["at"]), 2), dtype=np.uint64)
        for place, name in enumerate(("consignee", "goods")):
            np.add(columns[name].view(np.uint64), np.uint64(1), out=values[:, place])
        direction = np.zeros(len(values), dtype=np.int64)
        return all_keys(spec, Hashed(values, np.empty((0, 0), dtype=np.uint64), direction))

    def level_of(columns: Columns, keys: NDArray[np.uint64]) -> Level:
        size = len(keys)
        sequence, values = np.arange(size), np.empty((size, 0), dtype=np.int64)
        own = np.empty(size, dtype=np.uint64)

        def births_of(entity: int) -> Births:
            own[:] = keys[:, entity]
            return Births(own, own, columns["at"], sequence, values)

        return assemble(3, 3 * size, births_of, no_corrections(0))

    asked = keys_of(declared)
    lengths = np.array([days * DAY for days in DAYS], dtype=np.int64)
    levels = level_of(declared, asked), level_of(happened, keys_of(happened))
    sweeps = [Sweep([level], lengths, failures=False) for level in levels]
    sums = np.zeros((2, 3, len(DAYS)), dtype=np.int64)
    for start in range(0, len(asked), BLOCK):
        query = Query(asked[start : start + BLOCK], declared["at"][start : start + BLOCK], lengths)
        for source, sweep in enumerate(sweeps):
            sums[source] += np.einsum("rec->ec", sweep.count(query).cells[..., : len(DAYS)])
    return sums.ravel().tolist()


def both(declared: Columns, happened: Columns) -> Columns:
    """Put declarations and events in one table in order of time, with a flag for each."""
    joined = {name: np.concatenate([declared[name], happened[name]]) for name in declared}
    joined["d"] = np.repeat([1, 0], [len(declared["at"]), len(happened["at"])])
    joined["e"] = 1 - joined["d"]
    order = np.argsort(joined["at"], kind="stable")
    return {name: column[order] for name, column in joined.items()}


def polars_rolling(declared: Columns, happened: Columns) -> list[int]:
    """Groups of rows that roll through time, by key, in Polars."""
    import polars as pl

    joined = pl.DataFrame(both(declared, happened)).with_columns(pl.col("at").cast(pl.Datetime("us")))
    sums: dict[tuple[str, str, int], int] = {}
    for key in KEYS:
        frame = joined.sort(key, "at", maintain_order=True)
        asked = frame["d"] == 1
        for days in DAYS:
            groups = frame.rolling("at", period=f"{days}d", closed="left", group_by=key)
            found = groups.agg(pl.col("d").sum(), pl.col("e").sum()).filter(asked)
            sums |= {(flag, key, days): int(found[flag].sum()) for flag in ("d", "e")}
    return [sums[flag, key, days] for flag in ("d", "e") for key in KEYS for days in DAYS]


def polars_sums_over(declared: Columns, happened: Columns) -> list[int]:
    """Rolling sums of flags by time, over each key, in Polars: its fastest way to the same."""
    import polars as pl

    frame = pl.DataFrame(both(declared, happened)).with_columns(pl.col("at").cast(pl.Datetime("us")))
    sums = []
    for flag in ("d", "e"):
        for key in KEYS:
            windows = [
                pl.col(flag)
                .rolling_sum_by("at", window_size=f"{days}d", closed="left")
                .over(key)
                .alias(str(days))
                for days in DAYS
            ]
            found = frame.select(pl.col("d"), *windows).filter(pl.col("d") == 1)
            sums += [int(found[str(days)].fill_null(0).sum()) for days in DAYS]
    return sums


def pandas_asof(declared: Columns, happened: Columns) -> list[int]:
    """Running counts by key, looked up at both ends of each window with merge_asof in pandas."""
    import pandas as pd

    rows = pd.DataFrame(declared)
    sums = []
    for source in (declared, happened):
        for key in KEYS:
            known = pd.DataFrame({"at": source["at"], key: source[key]})
            known["count"] = known.groupby(key).cumcount() + 1

            def counted(at: Any, key: str = key, known: Any = known) -> Any:
                asked = pd.DataFrame({"at": at, key: rows[key]})
                found = pd.merge_asof(asked, known, on="at", by=key, allow_exact_matches=False)
                return found["count"].fillna(0)

            now = counted(rows["at"])
            sums += [int((now - counted(rows["at"] - days * DAY)).sum()) for days in DAYS]
    return sums


def duckdb_windows(declared: Columns, happened: Columns) -> list[int]:
    """Sums of flags over ranges of time, by key, in DuckDB."""
    import duckdb
    import pandas as pd

    connection = duckdb.connect(config={"threads": 1})
    connection.register("rows", pd.DataFrame(both(declared, happened)))
    sums = []
    for flag in ("d", "e"):
        for key in KEYS:
            windows = ", ".join(
                f'sum({flag}) over (partition by {key} order by "at" range between {days * DAY} preceding '
                f"and 1 preceding) w{days}"
                for days in DAYS
            )
            totals = ", ".join(f"sum(coalesce(w{days}, 0))" for days in DAYS)
            query = f"select {totals} from (select d, {windows} from rows) where d = 1"
            sums += [int(total) for total in connection.execute(query).fetchone()]
    return sums


RUNS: dict[str, Callable[[Columns, Columns], list[int]]] = {
    "ours": ours,
    "polars rolling": polars_rolling,
    "polars rolling_sum_by over": polars_sums_over,
    "pandas": pandas_asof,
    "duckdb": duckdb_windows,
}

PEERS = [name for name in RUNS if name != "ours"]


def run(name: str, declarations: int, events: int) -> dict[str, Any]:
    """Run one engine here and now, its code loaded and compiled beforehand by a run on few rows."""
    RUNS[name](*data(20_000, 5_000))
    tables = data(declarations, events)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    sums = RUNS[name](*tables)
    used = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"rate": declarations / used, "peak_mb": peak / 1024, "data_mb": before / 1024, "sums": sums}


def apart(*arguments: object) -> Any:
    """Run a part of this benchmark in a process of its own and return what it says."""
    command = [sys.executable, "-m", "benchmarks.history", "--part", *(str(each) for each in arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(declarations: int, events: int, peers: list[str]) -> list[dict[str, Any]]:
    """Set ours beside each peer, each at its best round; raises ValueError where the counts differ."""
    rounds = [
        {name: apart("run", name, declarations, events) for name in ("ours", *peers)} for _ in range(ROUNDS)
    ]
    best = {name: max((one[name] for one in rounds), key=itemgetter("rate")) for name in ("ours", *peers)}
    mine, rows = best["ours"], []
    for peer in peers:
        theirs = best[peer]
        if theirs["sums"] != mine["sums"]:
            raise ValueError(f"{peer} counts {theirs['sums']}, ours {mine['sums']}")
        note = (
            f"rows per CPU second; peak memory {mine['peak_mb']:,.0f} MB, {peer} {theirs['peak_mb']:,.0f} MB"
        )
        rows.append(row(f"18 counts, {declarations:,} lines: {peer}", mine["rate"], theirs["rate"], note))
    return rows


def growth(small: int, large: int, events: int) -> dict[str, Any]:
    """Compare the cost of a row among few and among many."""
    few, many = (
        max(
            (apart("run", "ours", rows, events * rows // small) for _ in range(ROUNDS)),
            key=itemgetter("rate"),
        )
        for rows in (small, large)
    )
    note = f"rows per CPU second, {large:,} lines (ours) beside {small:,}; peak {many['peak_mb']:,.0f} MB"
    return row("18 counts: many lines beside few", many["rate"], few["rate"], note)


def main() -> None:
    """Run all, or one part of it for the parent process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--declarations", type=int, default=5_000_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--large", type=int, default=20_000_000)
    parser.add_argument("--stored", type=int, default=30_000_000)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--folder", type=Path, help="where the stored lines go; needs 1 kB a line")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.quick:
        given.declarations, given.events, given.large, given.stored = 20_000, 2_000, 80_000, 20_000
    if given.part:
        from benchmarks.history_start import PARTS

        parts: dict[str, Callable[..., Any]] = {"run": lambda n, d, e: run(n, int(d), int(e)), **PARTS}
        print(json.dumps(parts[given.part[0]](*given.part[1:])))
        return
    rows = compare(given.declarations, given.events, [peer for peer in given.peers.split(",") if peer])
    if given.large:
        rows.append(growth(max(given.large // 40, 1), given.large, given.events // 10))
    if given.stored:
        from benchmarks.history_start import start

        rows += start(given.stored, given.folder, apart)
    tell(rows, given.json)


if __name__ == "__main__":
    main()
