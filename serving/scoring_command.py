"""The work of `customs-risk score`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tqdm import tqdm

from features.history import History
from features.importing.entries import RowPlan, mapped_plan, plain_plan
from features.importing.mapping import load_mapping
from features.importing.rejects import Rejects
from features.importing.source import Source
from features.instants import Instant, now
from features.store.database import Store
from features.terms import Kind
from models.promotions import champion
from serving.champions import Champion, load
from serving.errors import NoModelInUse
from serving.files import FileScoring
from serving.grades import Policies
from serving.grading import LineGrader
from serving.percentiles import Percentiles
from serving.scorer import Scorer
from serving.settings import ServingSettings
from serving.storage.migrate import ready


def score_file(
    settings: ServingSettings,
    file: Path,
    out: Path,
    *,
    explain: bool,
    mapping: str | None,
    rejects: Path | None,
) -> dict[str, Any]:
    """Score a file of declarations into a Parquet file and return the figures of it.

    Raises UnreadableFile, NoModelInUse, InvalidGradingPolicy, VersionTaken, and DatabaseOlder where nothing
    was ever imported.
    """
    present = now()
    plan = _plan(mapping, present)
    store = Store.open(settings.database_url)
    try:
        ready(store)
        model = _champion(store, settings)
        history = History.open(store, settings.home / "history")
        percentiles = Percentiles(store.engine, settings.percentile_days, settings.percentile_enough)
        grader = LineGrader(store.engine, Policies.open(store.engine, settings.grading_policy).current)
        scorer = Scorer(history, percentiles, grader, settings.stale_model_days, following=False)
        rejects_file = rejects or settings.home / "rejects" / f"score-{present}.csv"
        with Rejects(rejects_file) as rejected, tqdm(unit=" lines", disable=None) as bar:
            scoring = FileScoring(scorer, model, plan, rejected, explain)
            summary = scoring.run(file, out, lambda source: _show(bar, source))
    finally:
        store.close()
    return {
        "scored": summary.scored,
        "rejected": summary.rejected,
        "left_out": summary.left_out,
        "rejects_file": str(rejects_file) if summary.rejected else None,
        "target": model.target,
        "version": model.promotion.version,
        "fingerprint": model.promotion.fingerprint,
        "sequence": scorer.sequence,
    }


def _plan(mapping: str | None, present: Instant) -> RowPlan:
    if mapping is None:
        return plain_plan(Kind.DECLARATION, present)
    return mapped_plan(load_mapping(mapping), Kind.DECLARATION, present)


def _champion(store: Store, settings: ServingSettings) -> Champion:
    promotion = champion(store.engine, settings.target)
    if promotion is None:
        target = settings.target
        raise NoModelInUse(f"no model is in use for {target}", f"{target} 尚无现行模型")
    return load(settings.home, promotion)


def _show(bar: Any, source: Source) -> None:
    bar.total = source.size
    bar.update(source.position() - bar.n)
