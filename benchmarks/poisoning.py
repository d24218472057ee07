"""Whether lies in the labels are found: sources flipped and a past made up on simulated ports, over seeds.

python -m benchmarks.poisoning [--seeds N] [--clean N] [--lines N] [--first SEED] [--json OUT]

Harm is the average precision lost on all later lines, judged with the truth, when the model is trained on the
poisoned records instead of the clean ones of the same port. With BENCHMARK_TRIALS=FOLDER each port's trials
are kept there, and a run with more seeds goes on from them; empty it when a model or the gate has changed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from tqdm import tqdm

from benchmarks.rows import tell
from features.history import History
from features.store.archive import read_archive
from features.store.database import Store
from models.spec import ModelSpec, Target
from training.candidate import Bench, make_candidate
from training.dataset import build_dataset
from training.encode import encode
from training.figures import average_precision
from training.gates import Gate
from training.judge import read_truth, score_all
from training.period import Period, Span
from training.poisoning import poisoning_gate
from training.policy import gate_policy
from training.progress import SILENT
from training.split import split_out_of_time

HARM = 0.02
TRAINED_SHARE = 0.75
MADE_UP_SHARE = 0.10
"""Inspections made up for one enterprise, as a share of all that are labelled."""
BASE = {
    "party": "parties", "declaration": "declarations", "nonconformity": "nonconformities",
    "opinion": "opinions",
}  # fmt: skip
COMMAND = [sys.executable, "-m", "customs_risk"]
FAILED = ("rectified", "returned", "destroyed")
_SECOND = 1_000_000

Frame = pd.DataFrame
Outcome = tuple[str | None, float, bool]
"""The attack of a trial (None: clean), its harm, and whether the gate closed."""
Attack = Callable[[Frame, Frame, np.random.Generator], tuple[Frame, Frame]]


@dataclass(frozen=True)
class Port:
    """A simulated port: where it lies, its tables, and the end of what is trained on."""

    folder: Path
    inspections: Frame
    lines: Frame
    until: dt.date

    @property
    def cut(self) -> int:
        return Period.of_days(self.until).until


@dataclass(frozen=True)
class Trial:
    """One training: what the gate said, and the average precision on later lines (None: not asked)."""

    gate: Gate
    precision: float | None


def make_port(folder: Path, lines: int, seed: int, kinds: Sequence[str] = tuple(BASE)) -> Port:
    """Simulate a port and import all but its inspections, or these kinds."""
    port = folder / "port"
    simulate = [*COMMAND, "simulate", "--lines", str(lines), "--seed", str(seed), "--out", str(port)]
    subprocess.run(simulate, check=True, capture_output=True)
    for kind in kinds:
        bring(folder, kind, port / f"{BASE[kind]}.parquet")
    told = json.loads((port / "manifest.json").read_text())
    later = dt.timedelta(days=round(told["days"] * (1 - TRAINED_SHARE)))
    until = dt.date.fromisoformat(told["until"]) - later
    declared = pd.read_parquet(port / "declarations.parquet").drop_duplicates("id")
    return Port(folder, pd.read_parquet(port / "inspections.parquet"), declared, until)


def bring(home: Path, kind: str, file: Path) -> None:
    """Import a file; status 3 means that some rows were rejected, and said so."""
    command = [*COMMAND, "import", kind, str(file), "--home", str(home)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode in (0, 3), done.stderr.decode()


def attempt(port: Port, home: Path, attack: Attack | None, seed: int, *, judged: bool) -> Trial:
    """Train on a port's records, as they are or poisoned, and ask the gate."""
    for name in port.folder.glob("customs-risk.db*"):
        shutil.copy(name, home / name.name)
    inspections, extra = port.inspections, port.lines.iloc[:0]
    if attack is not None:
        known = inspections.known_at < port.cut
        poisoned, extra = attack(inspections[known], port.lines, np.random.default_rng(seed))
        inspections = pd.concat([poisoned, inspections[~known]]).sort_values("known_at")
    for kind, frame in (("declaration", extra), ("inspection", inspections)):
        if len(frame):
            frame.to_parquet(home / f"{kind}.parquet", index=False)
            bring(home, kind, home / f"{kind}.parquet")
    store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
    try:
        return train_and_ask(store, port, judged=judged)
    finally:
        store.close()


def train_and_ask(store: Store, port: Port, *, judged: bool) -> Trial:
    dataset = build_dataset(store, Target.NONCONFORMING, port.cut)
    history = History.build(store)
    encoded = encode(dataset, history)
    spec = ModelSpec(threads=1)
    gate = poisoning_gate(read_archive(store), dataset, encoded.table, spec, gate_policy())
    if not judged:
        return Trial(gate, None)
    bench = Bench(dataset, encoded, split_out_of_time(dataset), spec, SILENT)
    model = make_candidate(bench, keep_test=False).model
    truth = read_truth(port.folder / "port" / "truth.parquet")
    later = score_all(store, history, model, Span(port.cut, 2**62), truth)
    return Trial(gate, average_precision(later.positive, later.probability))


def flipped(rows: Frame, chosen: np.ndarray) -> Frame:
    """Turn the results of the chosen inspections round; pending ones stay pending."""
    outcome = rows.outcome.to_numpy().copy()
    bad, good = np.isin(outcome, FAILED) & chosen, (outcome == "pass") & chosen
    outcome[bad], outcome[good] = "pass", "rectified"
    return rows.assign(outcome=outcome)


def flip(kind: str, share: float = 1.0, name: str | None = None) -> Attack:
    """Flip the labels of a source: the one named, or the one with most inspections."""

    def attack(rows: Frame, lines: Frame, random: np.random.Generator) -> tuple[Frame, Frame]:
        sources = rows.declaration_id.map(lines.set_index("id").office) if kind == "office" else rows[kind]
        source = name or sources.value_counts().index[0]
        # All revisions of an inspection turn together.
        lies = rows.id.map(dict(zip(rows.id.unique(), random.random(rows.id.nunique()) < share, strict=True)))
        return flipped(rows, ((sources == source) & lies).to_numpy()), lines.iloc[:0]

    return attack


def make_up(
    rows: Frame, lines: Frame, random: np.random.Generator, *, everywhere: bool = False
) -> tuple[Frame, Frame]:
    """Give the enterprise with most failures a clean past: copies of its lines, at one laboratory or all."""
    owner = rows.declaration_id.map(lines.set_index("id").consignee)
    failed = rows[rows.outcome.isin(FAILED)]
    enterprise = owner[failed.index].value_counts().index[0]
    count = round(MADE_UP_SHARE * rows.id.nunique())
    end = int(rows.known_at.max())
    own = lines[(lines.consignee == enterprise) & (lines.known_at < end)]
    copies = own.iloc[random.integers(0, len(own), count)].copy()
    at = np.sort(end - random.integers(5, 180, count) * 86_400 * _SECOND - random.integers(0, 10**9, count))
    names = [f"made-up-{number}" for number in range(count)]
    copies = copies.assign(id=names, happened_at=at, known_at=at + 60 * _SECOND, office=own.office.iloc[0])
    looks = rows[rows.outcome == "pass"].iloc[random.integers(0, (rows.outcome == "pass").sum(), count)]
    looked = at + 2 * 86_400 * _SECOND
    known = rows.laboratory.dropna().to_numpy()
    laboratory = known[random.integers(0, len(known), count)] if everywhere else known[0]
    looks = looks.assign(
        id=[f"look-{name}" for name in names], declaration_id=names, happened_at=looked,
        known_at=looked + 3_600 * _SECOND, laboratory=laboratory, depth="laboratory",
    )  # fmt: skip
    return pd.concat([rows, looks]).sort_values("known_at"), copies.sort_values("known_at")


ATTACKS: dict[str, Attack] = {
    "largest office flipped": flip("office"),
    "half of the largest office flipped": flip("office", 0.5),
    "largest laboratory flipped": flip("laboratory"),
    "random draws flipped": flip("selected_by", name="random"),
    "targeted ones flipped": flip("selected_by", name="targeting"),
    "one enterprise's past made up at one laboratory": make_up,
    "one enterprise's past made up at all laboratories": partial(make_up, everywhere=True),
}


def run(seeds: int, clean: int, lines: int, first: int) -> list[dict[str, Any]]:
    """Poison the first ports, leave the others clean, and count; one row a kind of attack."""
    harms: dict[str, list[tuple[float, bool]]] = {name: [] for name in ATTACKS}
    alarms: list[bool] = []
    with tqdm(
        total=seeds * (1 + len(ATTACKS)) + max(clean - seeds, 0), unit="training", file=sys.stderr
    ) as bar:
        for seed in range(first, first + max(seeds, clean)):
            for name, harm, stopped in kept(seed, lines, attacked=seed < first + seeds):
                bar.update()
                bar.write(f"seed {seed} {name or 'clean'}: {harm:+.4f} {'stopped' if stopped else ''}")
                if name is None:
                    alarms.append(stopped)
                else:
                    harms[name].append((harm, stopped))
    return summarise(harms, alarms, lines)


def kept(seed: int, lines: int, *, attacked: bool) -> Iterator[Outcome]:
    """Yield a port's trials; of a port done before, those kept in the folder that the environment names."""
    folder = os.environ.get("BENCHMARK_TRIALS")
    file = Path(folder or "") / f"{lines}-{seed}{'-attacked' * attacked}.json"
    if folder and file.exists():
        yield from (tuple(one) for one in json.loads(file.read_text()))
        return
    done = []
    for one in trials(seed, lines, attacked=attacked):
        yield one
        done.append(one)
    if folder:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(done))


def trials(seed: int, lines: int, *, attacked: bool) -> Iterator[Outcome]:
    """Yield for the clean port and each attack on it the harm and whether the gate closed."""
    with tempfile.TemporaryDirectory() as folder:
        port = make_port(Path(folder), lines, seed)
        clean = _attempt(port, None, seed, judged=attacked)
        yield None, 0.0, not clean.gate.passed
        for name, attack in ATTACKS.items() if attacked else ():
            poisoned = _attempt(port, attack, seed, judged=True)
            assert clean.precision is not None
            assert poisoned.precision is not None
            yield name, clean.precision - poisoned.precision, not poisoned.gate.passed


def _attempt(port: Port, attack: Attack | None, seed: int, *, judged: bool) -> Trial:
    with tempfile.TemporaryDirectory() as home:
        return attempt(port, Path(home), attack, seed, judged=judged)


def summarise(
    harms: dict[str, list[tuple[float, bool]]], alarms: list[bool], lines: int
) -> list[dict[str, Any]]:
    every = [pair for pairs in harms.values() for pair in pairs]
    note = f"{lines:,} lines a port"
    alarmed = share("poisoning: false alarms on clean ports", sum(alarms), len(alarms), 0.05, note)
    return [alarmed, power("all attacks", every), *(power(name, pairs) for name, pairs in harms.items())]


def power(name: str, pairs: list[tuple[float, bool]]) -> dict[str, Any]:
    harmful = [stopped for harm, stopped in pairs if harm >= HARM]
    lesser = [stopped for harm, stopped in pairs if harm < HARM]
    told = [harm for harm, _ in pairs]
    note = f"{len(harmful)} of {len(pairs)} harmed so; {sum(lesser)} of {len(lesser)} lesser ones stopped"
    if told:
        note = f"{note}; harm {np.mean(told):+.3f} on average, {max(told):+.3f} at most"
    name = f"poisoning: power where harm is {HARM:g} or more, {name}"
    return share(name, sum(harmful), len(harmful), 0.9, note)


def share(benchmark: str, count: int, trials: int, peer: float, note: str) -> dict[str, Any]:
    """A share of trials with its Wilson interval; `peer` is what is promised."""
    if not trials:
        none = {"ours": None, "peer": peer, "ratio": None}
        return {"benchmark": benchmark, **none, "note": f"no such trial; {note}"}
    low, high = binomtest(count, trials).proportion_ci(method="wilson")
    told = f"{count} of {trials}, 95 % interval [{low:.2f}, {high:.2f}]; {note}"
    ours = count / trials
    return {"benchmark": benchmark, "ours": ours, "peer": peer, "ratio": ours / peer, "note": told}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--clean", type=int, default=60)
    parser.add_argument("--lines", type=int, default=30_000)
    parser.add_argument("--first", type=int, default=401, help="first seed; the gate was made on 1 to 312")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = run(arguments.seeds, arguments.clean, arguments.lines, arguments.first)
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
