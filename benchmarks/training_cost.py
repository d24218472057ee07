"""What a whole training costs beside LightGBM's own fit: CPU time of each part, and peak memory.

python -m benchmarks.training_cost [--lines N] [--seed S] [--quick] [--inspected plan|every] [--json OUT]

The port is simulated and imported in processes of its own, which are not counted. Then the steps of `train`
run here, on one thread. LightGBM's fit is what fitting the members takes, binning of its data and the choice
of the number of trees included; its small models for hazards and for the gate against lies count as the
rest. `every` gives each line of the port a result, so that as many are taught as there are; `plan` leaves
the 8 % inspected.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import lightgbm as lgb
import pandas as pd

from benchmarks.poisoning import bring
from benchmarks.rows import tell
from benchmarks.simulated_port import prepared
from benchmarks.unveiled import PortRecords, every_line
from features.store.database import Store
from models.spec import ModelSpec
from training import fit
from training.period import Period
from training.pipeline import Workshop, retrain
from training.progress import Progress

PROMISED = 0.5
FIT, FIT_STEP = "LightGBM's own fit", "fit, mix, calibrate, refit"
PARTS = {
    FIT: ("fit", "advised_fits"),
    "rows and labels": ("preparation", "build_dataset"),
    "words of declared names": ("preparation", "fit_name_risk"),
    "frame": ("preparation", "encode"),
    "figures with intervals": ("examination", "evaluate"),
    "exact contributions checked": ("examination", "additivity_gate"),
    "gate against lies": ("examination", "poisoning_gate"),
    "loads elsewhere": ("examination", "loading_gate"),
    "slices": ("examination", "slice_labels"),
    "contributions of a sample": ("registration", "sample_of"),
    "model card": ("registration", "model_card"),
    "signed bundle": ("registration", "store_bundle"),
    "plots": ("registration", "draw_explanations"),
}
"""Functions timed by themselves: the module of `training` that calls each, and its name there."""


@dataclass(frozen=True)
class Watch(Progress):
    """Progress that keeps the CPU seconds of each step, of the parts within, and the peak memory after it."""

    spent: dict[str, float] = field(default_factory=dict)
    peak: dict[str, float] = field(default_factory=dict)
    inside: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Time a step of the pipeline."""
        self.inside.append(title)
        with self.timing(f"{title}: rest"):
            yield
        self.inside.pop()

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Time a part; what is spent within is taken off the step around it."""
        around = self.inside and f"{self.inside[-1]}: rest"
        began = cpu()
        yield
        taken = cpu() - began
        self.spent[name] = self.spent.get(name, 0.0) + taken
        if around and around != name:
            self.spent[around] = self.spent.get(around, 0.0) - taken
        self.peak[name] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and is timed."""

        @wraps(work)
        def run(*given: Any, **named: Any) -> Any:
            with self.timing(name):
                return work(*given, **named)

        return run

    def own_fit(self, *given: Any, **named: Any) -> lgb.Booster:
        """Fit by LightGBM; only what the members take counts as the fit."""
        if self.inside[-1] != FIT_STEP:
            return lgb.train(*given, **named)
        with self.timing(FIT):
            return lgb.train(*given, **named)


def cpu() -> float:
    """Return the CPU seconds of this process and of those it waited for."""
    return sum(os.times()[:4])


def trained(store: Store, home: Path, period: Period) -> tuple[Watch, int]:
    """Train as the command does, watched; return what each part took, and the rows that were taught."""
    watch = Watch()
    timed_lightgbm = SimpleNamespace(train=watch.own_fit, Dataset=lgb.Dataset, Booster=lgb.Booster)
    with ExitStack() as stack:
        timed_lightgbm.early_stopping = lgb.early_stopping
        stack.enter_context(mock.patch.object(fit, "lgb", timed_lightgbm))
        for name, (module, function) in PARTS.items():
            owner = importlib.import_module(f"training.{module}")
            timed = watch.timed(name, getattr(owner, function))
            stack.enter_context(mock.patch.object(owner, function, timed))
        registered = retrain(Workshop(store, home, watch), ModelSpec(threads=1), period)
    return watch, int(registered.card["data"]["rows"])


def run(lines: int, seed: int, home: Path, *, every: bool) -> list[dict[str, Any]]:
    """Simulate, import and train; one row a part, and the whole beside the fit."""
    until = stored_port(lines, seed, home, every=every)
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    watch, rows = trained(store, home, Period.of_days(until))
    store.close()
    looked = "every line inspected" if every else "inspected as planned"
    told = f"{lines:,} lines, seed {seed}, {looked}: {rows:,} rows to learn from, one thread"
    return table(watch, told)


def stored_port(lines: int, seed: int, home: Path, *, every: bool) -> dt.date:
    """Simulate and import a port, unless `home` has this very one; return the last day to train on."""
    told, port = home / "port.json", [lines, seed, every]
    if told.exists() and (known := json.loads(told.read_text()))["port"] == port:
        return dt.date.fromisoformat(known["until"])
    until, _ = prepared(lines, seed, home)
    if every:
        inspect_every_line(home)
    told.write_text(json.dumps({"port": port, "until": until.isoformat()}))
    return until


def inspect_every_line(home: Path) -> None:
    """Give each line a result of its own, the truth's, beside what was recorded."""
    port = home / "port"
    tables = [pd.read_parquet(port / f"{name}.parquet") for name in ("inspections", "declarations", "truth")]
    known = PortRecords(tables[0], tables[1].drop_duplicates("id"), tables[2])
    every_line(known).to_parquet(home / "every.parquet", index=False)
    bring(home, "inspection", home / "every.parquet")


def table(watch: Watch, told: str) -> list[dict[str, Any]]:
    """Lay out the parts from the dearest down, the whole first."""
    own = watch.spent[FIT]
    rest = sum(watch.spent.values()) - own
    rows = [
        row("everything beyond LightGBM's own fit", rest, own, max(watch.peak.values()))
        | {"promised": PROMISED, "note": told},
        row(FIT, own, own, watch.peak[FIT]),
    ]
    parts = sorted(watch.spent.items(), key=lambda part: -part[1])
    return rows + [row(name, spent, own, watch.peak[name]) for name, spent in parts if name != FIT]


def row(part: str, spent: float, own: float, peak: float) -> dict[str, Any]:
    return {"part": part, "CPU s": spent, "times the fit": spent / own, "peak memory so far, MB": round(peak)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="100,000 lines")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inspected", choices=("plan", "every"), default="every")
    parser.add_argument("--work", type=Path, help="keep the home here, and use the port that it has")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines, home = 100_000 if asked.quick else asked.lines, asked.work or Path(folder)
        rows = run(lines, asked.seed, home, every=asked.inspected == "every")
    tell(rows, asked.json)


if __name__ == "__main__":
    main()
