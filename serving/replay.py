"""Recomputes a stored score, from its vector or from the records themselves, and compares bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.frame import build_frame
from features.history import History
from features.lines import Lines
from features.records import Declaration
from features.store.database import Store
from features.terms import Direction, Kind
from models.bundle import bundles_folder, read_bundle
from models.keys import public_keys
from models.risk_model import RiskModel
from serving.errors import CannotReplay, Redacted
from serving.grading import AskedOnce
from serving.regrading import Difference, Inputs, grade_differences
from serving.storage.scores import StoredScore, find_score, from_bytes


@dataclass(frozen=True, slots=True)
class Replayed:
    """A score and what differed when computed again; `features`: its vector was rebuilt, too."""

    score: StoredScore
    features: bool
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Say whether every bit came out again."""
        return not self.differences


def replay(store: Store, home: Path, score_id: str, *, features: bool) -> Replayed:
    """Compute a stored score again with the model that gave it.

    From the stored vector, or with `features` from the records up to the stored sequence, known before
    `as_of`; its grade too, by the policy it names. Raises CannotReplay where score, bundle, policy or line
    are missing, BundleError where the bundle was altered.
    """
    score = find_score(store.engine, score_id)
    if score is None:
        raise CannotReplay(f"no score has the id {score_id!r}", f"没有编号为 {score_id!r} 的评分")
    folder = bundles_folder(home) / score.fingerprint
    if not folder.is_dir():
        raise CannotReplay(f"the bundle {folder} is missing", f"缺少模型包 {folder}")
    model = read_bundle(folder, public_keys(home), fingerprint=score.fingerprint)
    stored = from_bytes(score.vector)
    differences: list[Difference] = []
    vector, opinions = rebuilt(store, model, score) if features else (stored, None)
    if features:
        differences += _differences(model.feature_spec.names, stored, vector)
    explained = model.explain(vector[np.newaxis, :], [Direction(score.direction)]).row(0)
    differences += _score_differences(model, score, explained)
    again = Inputs(vector, explained[-1], opinions)
    differences += grade_differences(store.engine, model.hazards, score, again)
    return Replayed(score, features, tuple(differences))


def rebuilt(
    store: Store, model: RiskModel, score: StoredScore
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Build a score's vector (k,) and its tally of opinions from the records it was made from."""
    counted = History.build(store, score.sequence, model.feature_spec.text_version)
    history = AskedOnce(counted)
    as_of, lines = np.array([score.as_of], dtype=np.int64), Lines.of([scored_line(store, score)])
    frame = build_frame(lines, history, as_of, model.feature_spec)
    return model.check_frame(frame)[0], history.opinions(lines, as_of)[0]


def scored_line(store: Store, score: StoredScore) -> Declaration:
    """Return the line as it was scored; raises Redacted where it was redacted since."""
    if score.line is not None:
        return msgspec.json.decode(score.line, type=Declaration)
    for revision in store.revisions(Kind.DECLARATION, [score.line_id]).get(score.line_id, []):
        if revision.sequence == score.line_sequence and isinstance(revision.record, Declaration):
            return revision.record
    raise Redacted(
        f"line {score.line_id!r} was redacted: its vector can be replayed, its features cannot be rebuilt",
        f"申报行 {score.line_id!r} 已删除：可由已存特征向量复算，但无法重建特征",
    )


def _score_differences(
    model: RiskModel, score: StoredScore, explained: tuple[float, NDArray[np.float64], float, float]
) -> list[Difference]:
    base, contributions, log_odds, probability = explained
    shown = ("base", "log_odds", "probability")
    stored = np.array([score.base, score.log_odds, score.probability])
    found = _differences(shown, stored, np.array([base, log_odds, probability]))
    names = tuple(f"contribution of {name}" for name in model.feature_spec.names)
    return found + _differences(names, from_bytes(score.contributions), contributions)


def _differences(
    names: tuple[str, ...], stored: NDArray[np.float64], again: NDArray[np.float64]
) -> list[Difference]:
    """Compare bits; only that one missing value is as missing as another is let pass."""
    if len(stored) != len(again):
        raise CannotReplay(
            f"the score has {len(stored)} numbers where its model gives {len(again)}",
            f"评分含 {len(stored)} 个数值，而其模型给出 {len(again)} 个",
        )
    same = (stored.view(np.int64) == again.view(np.int64)) | (np.isnan(stored) & np.isnan(again))
    return [Difference(names[at], float(stored[at]), float(again[at])) for at in np.flatnonzero(~same)]
