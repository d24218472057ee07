"""What declared names add: the same model with and without them, judged on later lines, on ports and on KCS.

python -m benchmarks.goods_names [--lines N] [--seeds S …] [--kcs FOLDER] [--json OUT]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cn_sampling import roc_auc
from benchmarks.data import DATA
from benchmarks.kcs import JUDGE_FROM, TRAIN_UNTIL, imported
from benchmarks.paired import Gains, compared, pooled
from benchmarks.rows import row, tell
from benchmarks.simulated_port import prepared
from features.catalog import MODEL_FEATURES
from features.goods.edition import Edition
from features.goods.features import NAME_RISK, goods_features
from features.goods.known_names import LearntNames
from features.goods.name_risk import NameRisk
from features.history import History
from features.lines import Lines
from features.store.database import Store
from models.risk_model import RiskModel
from models.spec import ModelSpec, Target
from training.candidate import Bench, make_candidate
from training.dataset import build_dataset, first_revisions
from training.encode import encode
from training.judge import Scored, read_truth, score_all, score_span
from training.period import Period, Span
from training.progress import SILENT
from training.split import split_out_of_time
from training.text_risk import fit_name_risk

RESAMPLES, ASKED = 400, 1_000
WITHOUT = tuple(name for name in MODEL_FEATURES if name not in {each.name for each in goods_features()})
EVERY = (*WITHOUT, *(feature.name for feature in goods_features()))
VIEWS = {"without": WITHOUT, "with the risk of words": (*WITHOUT, NAME_RISK), "with mismatch too": EVERY}
"""The columns of each model; whatever else the default columns are, they are alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """One model for each view, and what reading the names took: CPU seconds and editions."""

    models: dict[str, RiskModel]
    name_risk: NameRisk
    seconds: float


def learn(store: Store, history: History, target: Target, period: Period) -> Learnt:
    """Train one model for each view on the same rows and folds, as `customs-risk train` does."""
    dataset = build_dataset(store, target, period.until)
    folds = split_out_of_time(dataset)
    began = time.process_time()
    name_risk = fit_name_risk(store, target, period.until)
    seconds = time.process_time() - began
    models = {}
    for name, columns in VIEWS.items():
        encoded = encode(dataset, history, columns, name_risk=name_risk)
        bench = Bench(dataset, encoded, folds, ModelSpec(target=target, threads=1), SILENT)
        models[name] = make_candidate(bench, keep_test=False).model
    return Learnt(models, name_risk, seconds)


def ports(lines: int, seeds: list[int], work: Path) -> list[dict[str, Any]]:
    """Judge on all later lines of simulated ports, inspected or not, by the truth."""
    rows: list[dict[str, Any]] = []
    gains: Gains = {}
    for seed in seeds:
        home = work / f"port{seed}"
        until, judged_from = prepared(lines, seed, home)
        store = Store.open(f"sqlite:///{home / 'customs-risk.db'}")
        history, truth = History.build(store), read_truth(home / "port" / "truth.parquet")
        learnt = learn(store, history, Target.NONCONFORMING, Period.of_days(until))
        span = Span.of_days(judged_from, None)
        scored = {
            name: score_all(store, history, model, span, truth) for name, model in learnt.models.items()
        }
        where = f"port of {lines:,}, seed {seed}"
        rows += compared(where, scored, gains, RESAMPLES)
        rows += [cost(where, learnt), mismatched(where, store, learnt, scored["without"])]
        store.close()
    return [*rows, *pooled(gains)]


def mismatched(where: str, store: Store, learnt: Learnt, later: Scored) -> dict[str, Any]:
    """Tell later lines under their own heading from the same names under the heading of another line."""
    random = np.random.default_rng(0)
    filed = first_revisions(store, random.choice(later.ids, ASKED, replace=False).tolist())
    lines = Lines.of([line.record for line in filed])
    names, own = lines["goods_name"].tolist(), lines["hs4"]
    other = own[random.permutation(len(own))]
    as_of = np.array([line.as_of for line in filed], dtype=np.int64)
    ours, theirs = (
        told_apart(known, names, own, other, as_of) for known in (learnt.name_risk.known, LearntNames(()))
    )
    note = f"{len(names)} later lines, each under another's heading too; peer knows the tariff's names alone"
    return row(f"{where}: ROC AUC of a name under its own heading", ours, theirs, note)


def told_apart(
    known: LearntNames, names: Sequence[str | None], own: np.ndarray, other: np.ndarray, as_of: np.ndarray
) -> float:
    """Return the chance that a name has more margin under its own heading; equal headings are left out."""
    differ = np.flatnonzero(own != other)
    asked = [names[place] for place in differ.tolist()]
    margins = [known.margins(asked, headings[differ].tolist(), as_of[differ]) for headings in (own, other)]
    right = np.repeat([True, False], len(differ))
    return roc_auc(right, np.nan_to_num(np.concatenate(margins)))


def titles(folder: Path) -> list[dict[str, Any]]:
    """Do the same with public goods titles, three quarters of them as declared names that are known."""
    read = pd.read_csv(folder / "goods_titles.csv.gz", dtype=str).drop_duplicates("title_tokens")
    shuffled = read.sample(frac=1.0, random_state=0)
    names = shuffled["title_tokens"].str.replace(" ", "").tolist()
    headings = shuffled["hs10"].str[:4].to_numpy()
    cut = len(names) * 3 // 4
    pairs = Counter(zip(names[:cut], headings[:cut].tolist(), strict=True))
    known = LearntNames([Edition(0, 0, (), (), tuple((*pair, times) for pair, times in pairs.items()))])
    asked, own = names[cut : cut + ASKED], headings[cut : cut + ASKED]
    other, as_of = np.random.default_rng(0).permutation(own), np.zeros(len(asked), dtype=np.int64)
    ours, theirs = (told_apart(each, asked, own, other, as_of) for each in (known, LearntNames(())))
    note = f"{len(asked)} titles, {cut:,} others known whole; peer knows the tariff's names alone"
    return [row("public titles: ROC AUC of a title under its own heading", ours, theirs, note)]


def kcs(folder: Path, work: Path) -> list[dict[str, Any]]:
    """Judge on the later part of KCS, which declares no names: nothing may be lost."""
    store = imported(folder, work)
    history, rows = History.build(store), []
    for target in Target:
        learnt = learn(store, history, target, Period.of_days(TRAIN_UNTIL))
        span = Span.of_days(JUDGE_FROM, None)
        scored = {name: score_span(store, history, model, span) for name, model in learnt.models.items()}
        rows += compared(f"KCS {target}", scored, {}, RESAMPLES)
    store.close()
    return rows


def cost(where: str, learnt: Learnt) -> dict[str, Any]:
    """Say what fitting the editions took."""
    editions = len(learnt.name_risk.editions)
    size = len(json.dumps(learnt.name_risk.to_dict(), ensure_ascii=False).encode())
    note = f"{editions} editions over {len(learnt.name_risk.runs):,} runs, {size / 1e6:.1f} MB in the bundle"
    return row(f"{where}: fitting the editions, CPU s", learnt.seconds, None, note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--kcs", type=Path, default=DATA / "kcs")
    parser.add_argument("--titles", type=Path, default=DATA / "goods_titles")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = ports(arguments.lines, arguments.seeds, Path(folder))
        for name, data in (("titles", arguments.titles), ("kcs", arguments.kcs)):
            if not data.is_dir():
                rows.append(row(name, None, None, f"not run: there is no folder {data.name}"))
            else:
                rows += kcs(data, Path(folder) / "kcs") if name == "kcs" else titles(data)
    tell(rows, arguments.json)


if __name__ == "__main__":
    main()
