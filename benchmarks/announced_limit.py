"""What complaints and findings elsewhere are worth at best: the truth's own belief with them and without.

python -m benchmarks.announced_limit [--lines N] [--seeds S …] [--json OUT]

`p_observable` knows the world's coefficients and reads every text without error. The same belief that hears
nothing differs in that alone, so that the difference is the most that opinions can add on such a port.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks.announced import Announced, announced_in, earlier
from benchmarks.rows import row, tell
from benchmarks.simulated_port import TRAINED_SHARE
from training.figures import average_precision
from training.simulator.inspecting import inspect_lines
from training.simulator.params import load_params
from training.simulator.simulate import Request, make_world, simulate_port

DEAF, BEST = "p_observable that hears nothing", "p_observable"


def limit(lines: int, seed: int, folder: Path) -> tuple[Announced, tuple[float, float]]:
    """Simulate a port; return its announced batches as both beliefs score them, and average precisions."""
    request = Request(lines, seed, folder, *load_params())
    simulate_port(request)
    deaf = inspect_lines(make_world(request), hears=False).log.observable
    table = pq.read_table(folder / "truth.parquet", columns=["id", "declared_at", "p_observable", "y"])
    truth = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    declared = truth["declared_at"]
    later = declared >= declared.min() + TRAINED_SHARE * (declared.max() - declared.min())
    scores = {DEAF: deaf[later], BEST: truth["p_observable"][later]}
    found = announced_in(folder, truth["id"][later], declared[later], scores)
    failed = truth["y"][later] > 0
    return found, (average_precision(failed, scores[BEST]), average_precision(failed, scores[DEAF]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[*range(18, 28)])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    ports, precisions = [], []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            port, both = limit(arguments.lines, seed, Path(folder))
        ports.append(port)
        precisions.append(both)
    with_, without = np.mean(precisions, axis=0).tolist()
    gains = np.array(precisions) @ (1, -1)
    note = f"from {gains.min():+.4f} to {gains.max():+.4f} over {len(gains)} ports; peer: {DEAF}"
    rows: list[dict[str, Any]] = [
        row(f"all ports: mean average precision, {BEST}", with_, without, note),
        *earlier(ports, DEAF, BEST),
    ]
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
