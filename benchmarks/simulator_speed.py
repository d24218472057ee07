"""CPU seconds of `customs-risk simulate` by number of lines, files included; the first run may also compile.

It has no peer: what it is held to is 1,000,000 lines in at most 120 seconds on one core.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.rows import tell
from training.simulator.params import load_params
from training.simulator.simulate import Request, simulate_port

SIZES = (1_000, 100_000, 1_000_000)


def measure(lines: int) -> dict[str, Any]:
    params, digest = load_params()
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        rows = simulate_port(Request(lines, 1, Path(folder), params, digest))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        seconds, clock = time.process_time() - cpu, time.perf_counter() - wall
        return {
            "benchmark": f"simulate {lines:,} lines, CPU seconds",
            "ours": round(seconds, 1),
            "peer": None,
            "ratio": None,
            "note": f"{sum(rows.values()):,} rows, {size / 1e6:.0f} MB; by the clock {clock:.1f} s",
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="*", default=SIZES)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = [measure(lines) for lines in arguments.lines]
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
