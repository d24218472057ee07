"""What MLflow shows besides trainings: promotions, comparisons, judgements, searches, settings' origins.

The store and the files that a command wrote are the record. An MLflow that fails stops none of them: it is
told on the log, and that is all.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from features.instants import now, show_instant
from features.store.database import Store
from models import promotions
from models.promotions import Promotion
from training.errors import UnknownVersion
from training.promoted import promotion_values
from training.tracking import CHALLENGER, CHAMPION, Run, Tracking, Version
from training.tuning.found import Found

log = logging.getLogger(__name__)


@contextmanager
def mirrored(what: str) -> Iterator[None]:
    """Let MLflow fail at what is on record elsewhere, and say so."""
    try:
        yield
    except Exception as error:
        log.warning("MLflow does not show %s (it is on record all the same): %s", what, error)


def show_promotion(store: Store, home: Path, promotion: Promotion) -> None:
    """Move the alias `champion`, tag who promoted, when, why and past which gates, and attach the history.

    The version that was champion before is told what took its place.
    """
    with mirrored(f"the promotion of {promotion.version}"):
        tracking = Tracking(home)
        told = promotions.history(store.engine, promotion.target)
        versions = {str(version): version for version in tracking.versions(promotion.target)}
        chosen = versions.get(promotion.version)
        if chosen is None:
            return  # a champion that was trained elsewhere has no run here
        tracking.drop_alias(chosen, CHALLENGER)
        tracking.alias(chosen, CHAMPION)
        tracking.tag(chosen, _promoted(promotion))
        before = versions.get(told[-2].version) if len(told) > 1 else None
        if before is not None and before != chosen:
            way = " (rollback)" if promotion.rolled_back else ""
            at = show_instant(promotion.promoted_at)
            tracking.tag(before, {"replaced_at": at, "replaced_by": f"{promotion.version}{way}"})
        history = [promotion_values(each) for each in told]
        _attach(tracking, chosen, "promotions", {"promotions.json": _json(history)})


def show_report(home: Path, version: str, place: str, files: Mapping[str, str]) -> None:
    """Attach a report, as texts by file name, to the run of a version, if it was trained here."""
    with mirrored(f"{place} of {version}"):
        tracking = Tracking(home)
        name, _, number = version.partition("/")
        try:
            chosen = tracking.version(name, int(number) if number.isdecimal() else 0)
        except UnknownVersion:
            return  # a champion that was trained elsewhere has no run here
        _attach(tracking, chosen, place, files)


def show_origin(home: Path, version: Version, origin: Mapping[str, str]) -> None:
    """Tag a version with where its settings come from."""
    with mirrored(f"where the settings of {version} come from"):
        Tracking(home).tag(version, origin)


def show_search(home: Path, found: Found) -> None:
    """Log a search as a run: its best settings and figures, and its table of trials."""
    with mirrored("the search"), tempfile.TemporaryDirectory() as folder:
        target, told = str(found.spec.target), found.to_dict()
        (Path(folder) / "trials.csv").write_text(found.trials_csv(), encoding="utf-8")
        (Path(folder) / "params.json").write_text(_json(told), encoding="utf-8")
        figures = ("mean_average_precision", "of_defaults", "trials", "pruned")
        title = f"{target} tuned {show_instant(now())[:10]}, {found.trials} trials"
        run = Run(
            target=target,
            params=told["parameters"],
            metrics={name: float(told[name]) for name in figures},
            tags={"kind": "tuning", "study": found.study, "mlflow.runName": title},
            artifacts={"tuning": Path(folder)},
        )
        Tracking(home).log(run)


def _promoted(promotion: Promotion) -> dict[str, str]:
    return {
        "promoted_at": show_instant(promotion.promoted_at),
        "promoted_by": promotion.promoted_by,
        "promotion_reason": promotion.reason,
        "promotion_forced": "yes" if promotion.forced else "no",
        "promotion_forced_past": promotion.closed,
        "promotion_is_rollback": "yes" if promotion.rolled_back else "no",
        "replaced_at": "",  # whatever took its place before
        "replaced_by": "",
    }


def _attach(tracking: Tracking, version: Version, place: str, files: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        tracking.attach(version, {place: Path(folder)})


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
