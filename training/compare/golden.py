"""The golden set: frozen lines whose scores are kept, so that nothing moves without being seen.

The file holds ids, instants and scores only; the lines are read from the store, so that an erased line is
gone from here too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.facts import KnownHistory
from features.instants import now, show_instant
from features.lines import Lines
from features.store.database import Store
from models.calibration import log_odds_of
from models.risk_model import RiskModel
from training.dataset import Dataset, first_revisions
from training.errors import TrainingError
from training.judge import probability_of
from training.policy.gates import GoldenPolicy

Floats = NDArray[np.float64]


class BrokenGoldenSet(TrainingError):
    """A file of frozen lines that cannot be read."""

    title = "Unreadable golden set"
    title_zh = "基准样本文件无法读取"
    remedy = (
        "Restore the file from a backup; or freeze a new set from what the champion says now: with "
        "`customs-risk compare CHALLENGER CHAMPION --refreeze`, or move the file away before the next one."
    )
    remedy_zh = (
        "请从备份恢复该文件；或用 `customs-risk compare CHALLENGER CHAMPION --refreeze` "
        "按现行模型当前的评分重新固定基准样本，也可移走该文件，下次比较时自动重新固定。"
    )


@dataclass(frozen=True, slots=True, eq=False)
class GoldenSet:
    """Frozen lines with their instants, and the scores that versions once gave them by fingerprint."""

    file: Path
    frozen_at: str
    ids: tuple[str, ...]
    as_of: NDArray[np.int64]
    scores: dict[str, dict[str, float]]

    def save(self) -> None:
        """Write the set; whole or not at all."""
        lines = [{"id": id, "as_of": at} for id, at in zip(self.ids, self.as_of.tolist(), strict=True)]
        told = {"frozen_at": self.frozen_at, "lines": lines, "scores": self.scores}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own, as two processes may write at once.
        with NamedTemporaryFile("w", encoding="utf-8", dir=self.file.parent, delete=False) as fresh:
            fresh.write(json.dumps(told, indent=1) + "\n")
        Path(fresh.name).replace(self.file)


@dataclass(frozen=True, slots=True)
class Moved:
    """A frozen line of which both models say something different."""

    id: str
    ours: float
    theirs: float


@dataclass(frozen=True, slots=True)
class Golden:
    """What both models say of the frozen lines; `reproduced` is the champion's largest difference from what
    it once said, None where it is asked for the first time.
    """

    frozen_at: str
    lines: int
    erased: int
    reproduced: float | None
    moved: tuple[Moved, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the golden set's answer as JSON values."""
        moved = [{"id": each.id, "challenger": each.ours, "champion": each.theirs} for each in self.moved]
        return {
            "frozen_at": self.frozen_at, "lines": self.lines, "erased": self.erased,
            "champion_reproduced_to": self.reproduced, "moved": moved,
        }  # fmt: skip


def golden_file(home: Path, target: str) -> Path:
    """Return where a target's golden set lies."""
    return home / "golden" / f"{target}.json"


def check_golden_set(home: Path, target: str) -> None:
    """Raise BrokenGoldenSet, before any work, where there is a set that cannot be read."""
    file = golden_file(home, target)
    if file.exists():
        _read(file)


def golden_set(
    home: Path, dataset: Dataset, score: Callable[[Dataset], Floats], policy: GoldenPolicy
) -> GoldenSet:
    """Return the golden set of a target, frozen now if there is none; raises BrokenGoldenSet."""
    file = golden_file(home, str(dataset.target))
    return _read(file) if file.exists() else freeze(home, dataset, score, policy)


def freeze(
    home: Path, dataset: Dataset, score: Callable[[Dataset], Floats], policy: GoldenPolicy
) -> GoldenSet:
    """Return a golden set frozen now, which nobody was asked of; it is on file once it is saved.

    Lines are taken evenly along the champion's ranking of the dataset, so that every level is held.
    """
    order = np.argsort(score(dataset), kind="stable")
    rows = order[np.unique(np.linspace(0, len(order) - 1, min(policy.lines, len(order))).astype(int))]
    ids = tuple(str(id) for id in dataset.lines["id"][rows])
    file = golden_file(home, str(dataset.target))
    return GoldenSet(file, show_instant(now()), ids, dataset.as_of[rows], {})


def ask(
    store: Store,
    history: KnownHistory,
    golden: GoldenSet,
    models: tuple[RiskModel, RiskModel],
    policy: GoldenPolicy,
) -> Golden:
    """Score the frozen lines by challenger and champion, and list what moved the most first.

    What either says for the first time joins the set, to be kept when it is saved.
    """
    told = dict(zip(golden.ids, golden.as_of.tolist(), strict=True))
    filed = first_revisions(store, golden.ids)
    lines = Lines.of([line.record for line in filed])
    ids = [line.record.id for line in filed]
    as_of = np.array([told[id] for id in ids], dtype=np.int64)
    ours, theirs = (probability_of(model, lines, history, as_of) for model in models)
    reproduced = _difference(golden.scores.get(models[1].fingerprint), ids, theirs)
    for model, score in zip(models, (ours, theirs), strict=True):
        if model.fingerprint:
            golden.scores.setdefault(model.fingerprint, dict(zip(ids, score.tolist(), strict=True)))
    moved = _moved(ids, ours, theirs, policy)
    return Golden(golden.frozen_at, len(ids), len(golden.ids) - len(ids), reproduced, moved)


def _moved(ids: Sequence[str], ours: Floats, theirs: Floats, policy: GoldenPolicy) -> tuple[Moved, ...]:
    logits = [log_odds_of(score) for score in (ours, theirs)]
    step = np.abs(logits[0] - logits[1])
    far = (step > np.log(policy.moved_odds)) & (np.abs(ours - theirs) > policy.moved_probability)
    order = [int(at) for at in np.argsort(-np.abs(ours - theirs), kind="stable") if far[at]]
    return tuple(Moved(ids[at], float(ours[at]), float(theirs[at])) for at in order)


def _difference(stored: Mapping[str, float] | None, ids: Sequence[str], score: Floats) -> float | None:
    if stored is None:
        return None
    gaps = [abs(stored[id] - value) for id, value in zip(ids, score.tolist(), strict=True) if id in stored]
    return max(gaps, default=0.0)


class _Line(msgspec.Struct):
    id: str
    as_of: int


class _Stored(msgspec.Struct):
    """A golden set as it lies on file."""

    frozen_at: str
    lines: list[_Line]
    scores: dict[str, dict[str, float]]


def _read(file: Path) -> GoldenSet:
    try:
        told = msgspec.json.decode(file.read_bytes(), type=_Stored)
        as_of = np.array([line.as_of for line in told.lines], dtype=np.int64)
    except OSError as error:
        raise BrokenGoldenSet(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise BrokenGoldenSet(f"{file} is no golden set: {error}") from error
    return GoldenSet(file, told.frozen_at, tuple(line.id for line in told.lines), as_of, told.scores)
