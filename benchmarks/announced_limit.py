"""What complaints and findings elsewhere are worth at best: the truth's own belief with them and without.

python -m benchmarks.announced_limit [--lines N] [--seeds S …] [--json OUT]

`p_observable` knows the world's coefficients and reads every text without error. The same belief that hears
nothing differs in that alone, so that the difference is the most that complaints and findings elsewhere can
add on such a port. What complaints add alone is the difference to a belief that hears of findings elsewhere;
officers take no notice of complaints in either, so that both learn from the same inspections.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from msgspec import structs

from benchmarks.announced import Announced, announced_in, earlier
from benchmarks.rows import row, tell
from benchmarks.simulated_port import TRAINED_SHARE
from training.figures import average_precision
from training.simulator.inspecting import Setting, inspect_lines
from training.simulator.params import load_params
from training.simulator.simulate import Request, make_world, simulate_port

DEAF, BEST = "p_observable that hears nothing", "p_observable"
COMPARED = ((BEST, DEAF), ("p_observable, officers heedless", "p_observable that hears of findings alone"))


def limit(lines: int, seed: int, folder: Path) -> tuple[Announced, tuple[float, ...]]:
    """Simulate a port; return its announced batches as two beliefs score them, and average precisions of all
    that are compared."""
    request = Request(lines, seed, folder, *load_params())
    simulate_port(request)
    world = make_world(request)
    deaf = inspect_lines(world, hears=False).log.observable
    heedless = replace(world, params=structs.replace(world.params, policy=_heedless(world)))
    beliefs = [inspect_lines(each).log.observable for each in (heedless, without_complaints(heedless))]
    table = pq.read_table(folder / "truth.parquet", columns=["id", "declared_at", "p_observable", "y"])
    truth = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    declared = truth["declared_at"]
    later = declared >= declared.min() + TRAINED_SHARE * (declared.max() - declared.min())
    scores = {DEAF: deaf[later], BEST: truth["p_observable"][later]}
    found = announced_in(folder, truth["id"][later], declared[later], scores)
    failed = truth["y"][later] > 0
    every = (scores[BEST], scores[DEAF], *(belief[later] for belief in beliefs))
    return found, tuple(average_precision(failed, score) for score in every)


def without_complaints(world: Setting) -> Setting:
    """Return a world in which nobody complains, nor is expected to; findings elsewhere stay."""
    silent = structs.replace(world.params.opinions, per_defect=0.0, per_line=0.0, lead=0.0)
    nobody = world.complaints.take(np.zeros(len(world.complaints.line), dtype=np.bool_))
    return replace(world, params=structs.replace(world.params, opinions=silent), complaints=nobody)


def _heedless(world: Setting) -> Any:
    return structs.replace(world.params.policy, complaint_weight=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[*range(50, 66)])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    ports, precisions = [], []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            port, both = limit(arguments.lines, seed, Path(folder))
        ports.append(port)
        precisions.append(both)
    rows = [_row(*pair, np.array(precisions)[:, 2 * at :][:, :2]) for at, pair in enumerate(COMPARED)]
    tell([*rows, *earlier(ports, DEAF, BEST)], arguments.json)


def _row(ours: str, peer: str, found: np.ndarray) -> dict[str, Any]:
    """Set the mean average precision of two beliefs, (ports, 2), side by side."""
    gains, (with_, without) = found @ (1, -1), found.mean(axis=0).tolist()
    note = f"from {gains.min():+.4f} to {gains.max():+.4f} over {len(gains)} ports; peer: {peer}"
    return row(f"all ports: mean average precision, {ours}", with_, without, note)


if __name__ == "__main__":
    main()
