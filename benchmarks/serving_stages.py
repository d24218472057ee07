"""Where the time of a scored request goes: the stages of a block, one after the other in one thread.

`python -m benchmarks.serving_stages --json OUT HOME BODIES`: HOME is a server's, BODIES a JSON list of lines.
Run in a process of its own by `benchmarks.serving_cost`. What a server spends beside these stages is HTTP,
handing over between its threads, and finding its caches cold after every wait.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

import serving.scorer
from benchmarks.rows import tell
from features.history import History
from features.store.append import lock_counter
from features.store.held import HeldConnection
from models.risk_model import RiskModel
from serving.accounts.callers import Caller
from serving.accounts.scopes import Scope
from serving.api.scoring import Sender, read, read_options
from serving.app import settle_memory
from serving.blocks import score_block
from serving.giving import record_given
from serving.grading import LineGrader
from serving.services import Services, open_services
from serving.settings import ServingSettings

BLOCK, HELD_SECONDS = 4, 60.0
STAGES = {
    "read": "reading and checking the line",
    "refresh": "applying to the history what was recorded before",
    "features": "features from the history",
    "explain": "score and contributions",
    "grade": "hazards and grade",
    "score": "percentile, notices, laying out",
    "give": "words and JSON",
    "record": "rows of the line and its score",
    "commit": "beginning and committing the transaction",
}

Spent = defaultdict[str, float]


def timed(spent: Spent, stage: str, function: Callable[..., Any], within: str = "") -> Callable[..., Any]:
    """Return the function, its CPU seconds added to a stage and taken from the one that it is a part of."""

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        start = time.thread_time()
        try:
            return function(*arguments, **named)
        finally:
            seconds = time.thread_time() - start
            spent[stage] += seconds
            spent[within] -= seconds

    return call


def watch(spent: Spent) -> None:
    """Time the parts of a scoring where they are called."""
    History.refresh = timed(spent, "refresh", History.refresh, "score")  # type: ignore[method-assign]
    RiskModel.explain = timed(spent, "explain", RiskModel.explain, "score")  # type: ignore[method-assign]
    LineGrader.grade = timed(spent, "grade", LineGrader.grade, "score")  # type: ignore[method-assign]
    serving.scorer.build_frame = timed(spent, "features", serving.scorer.build_frame, "score")  # type: ignore[attr-defined]


def answer(services: Services, spent: Spent, held: HeldConnection, bodies: Sequence[bytes]) -> None:
    """Answer one block as a server does, but in this thread."""
    sender = Sender(Caller("benchmark", frozenset(Scope)), "en", None)
    options = read_options({})

    def write(given: Sequence[Any]) -> None:
        with services.store.writing(held) as connection:
            lock_counter(connection)
            timed(spent, "record", record_given, "commit")(services.store, given, connection)

    jobs = timed(spent, "read", lambda: [read(services, sender, options, body) for body in bodies])()
    scorings = timed(spent, "score", score_block)(services.scorer, jobs)
    give = services.blocks.give
    given = timed(spent, "give", lambda: [give(*each) for each in zip(jobs, scorings, strict=True)])()
    timed(spent, "commit", write)(given)


def run(home: Path, bodies: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return the CPU ms of each stage a request, the median over blocks; the first quarter warms up."""
    os.environ["CUSTOMS_RISK_HOME"] = str(home)
    services = open_services(ServingSettings())
    services.rehearse()
    settle_memory()
    spent: Spent = defaultdict(float)
    watch(spent)
    held = HeldConnection(HELD_SECONDS)
    blocks = []
    for at in range(0, len(bodies) - BLOCK + 1, BLOCK):
        spent.clear()
        answer(services, spent, held, bodies[at : at + BLOCK])
        blocks.append([spent[stage] for stage in STAGES])
    held.give_back()
    services.close()
    counted = blocks[len(blocks) // 4 :]
    medians = np.median(counted, axis=0) / BLOCK * 1e3
    note = f"CPU of its stage alone, in one thread, blocks of {BLOCK}, median of {len(counted)}"
    return [
        {"benchmark": f"of it: {name}", "server CPU ms a request": float(medians[place]), "note": note}
        for place, name in enumerate(STAGES.values())
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("bodies", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    bodies = [json.dumps(line).encode() for line in json.loads(asked.bodies.read_text())]
    tell(run(asked.home, bodies), asked.json)


if __name__ == "__main__":
    main()
