"""Gathers a score's evidence anew from the records it was made from, to hold against a hash."""

from __future__ import annotations

from pathlib import Path

from features.store.database import Store
from serving.bundling import rebuilt_bundle
from serving.errors import CannotReplay
from serving.specs import spec_of
from serving.storage.scores import StoredScore, find_model


def evidence_sha256(store: Store, home: Path, score: StoredScore) -> str:
    """Return the SHA-256 of a score's evidence, from the records up to its sequence; raises CannotReplay."""
    model = find_model(store.engine, score.fingerprint)
    if model is None:
        raise CannotReplay(
            f"model {score.fingerprint} of the score is not recorded",
            f"评分所用模型 {score.fingerprint} 无记录",
        )
    return rebuilt_bundle(store, score, model, spec_of(home, score.fingerprint)).sha256
