"""CPU and wall seconds of `customs-risk simulate` by number of lines, files included; the first run also compiles."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from training.simulator.params import load_params
from training.simulator.simulate import Request, simulate_port

SIZES = (1_000, 100_000, 1_000_000)


def measure(lines: int) -> dict[str, Any]:
    params, digest = load_params()
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        rows = simulate_port(Request(lines, 1, Path(folder), params, digest))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        return {
            "lines": lines,
            "rows of all files": sum(rows.values()),
            "wall s": round(time.perf_counter() - wall, 1),
            "CPU s": round(time.process_time() - cpu, 1),
            "MB": round(size / 1e6, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="*", default=SIZES)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = [measure(lines) for lines in arguments.lines]
    for row in rows:
        print("   ".join(f"{name} {value}" for name, value in row.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
