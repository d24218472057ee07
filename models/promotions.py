"""Which bundle is in use for a target: append-only promotions in the product's database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, RowMapping, insert, select

from features.instants import Instant
from features.store.tables import promotions
from models.bundle import bundles_folder, read_bundle, verified_contents
from models.errors import NoChampion, PromotionError
from models.keys import public_keys
from models.risk_model import RiskModel


@dataclass(frozen=True, slots=True)
class Nomination:
    """A bundle put forward as champion: by whom, why, and whether against its gates."""

    target: str
    fingerprint: str
    version: str
    promoted_by: str
    reason: str = ""
    forced: bool = False
    closed: str = ""
    """The gates that it is forced past, with what was seen."""
    rolled_back: bool = False
    """Whether it undoes the promotion before."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion that happened; the last one of a target names its champion."""

    sequence: int
    target: str
    fingerprint: str
    version: str
    promoted_at: Instant
    promoted_by: str
    reason: str
    forced: bool
    gates_passed: bool
    closed: str = ""
    rolled_back: bool = False


def promote(engine: Engine, home: Path, nomination: Nomination, at: Instant) -> Promotion:
    """Make a bundle the champion of its target, if its signature holds and its signed gates passed.

    A bundle whose gates failed is refused unless the nomination is forced and gives a reason. Raises
    PromotionError or BundleError.
    """
    passed = _gates_passed(home, nomination)
    if not passed and not (nomination.forced and nomination.reason.strip()):
        raise PromotionError(
            f"{nomination.target} version {nomination.version} did not pass its gates: "
            "only a forced promotion with a reason may take it into use"
        )
    row = {
        "target": str(nomination.target),
        "fingerprint": nomination.fingerprint,
        "version": str(nomination.version),
        "promoted_at": at,
        "promoted_by": nomination.promoted_by,
        "reason": nomination.reason,
        "forced": nomination.forced,
        "gates_passed": passed,
        "closed": nomination.closed,
        "rolled_back": nomination.rolled_back,
    }
    with engine.begin() as connection:
        key = connection.execute(insert(promotions).values(row)).inserted_primary_key
    assert key is not None
    return Promotion(sequence=int(key[0]), **row)  # type: ignore[arg-type]


def champion(engine: Engine, target: str) -> Promotion | None:
    """Return the promotion in force for a target; None before the first."""
    newest = select(promotions).where(promotions.c.target == str(target))
    with engine.connect() as connection:
        row = connection.execute(newest.order_by(promotions.c.sequence.desc()).limit(1)).mappings().first()
    return None if row is None else _promotion(row)


def history(engine: Engine, target: str | None = None) -> list[Promotion]:
    """Return all promotions, oldest first; of one target or of all."""
    query = select(promotions).order_by(promotions.c.sequence)
    if target is not None:
        query = query.where(promotions.c.target == str(target))
    with engine.connect() as connection:
        return [_promotion(row) for row in connection.execute(query).mappings()]


def previous(engine: Engine, target: str) -> Promotion | None:
    """Return the champion before the present one; None where there was none.

    A rollback undoes a promotion, so that a second rollback goes one further back and not forth again. A
    promotion of a former champion is one like any other.
    """
    champions: list[Promotion] = []
    for promotion in history(engine, target):
        if promotion.rolled_back:
            _undo(champions, promotion.fingerprint)
        if not champions or champions[-1].fingerprint != promotion.fingerprint:
            champions.append(promotion)
    return champions[-2] if len(champions) > 1 else None


def _undo(champions: list[Promotion], fingerprint: str) -> None:
    """Take away the champions after the last one of a fingerprint, where there is one."""
    places = [at for at, each in enumerate(champions[:-1]) if each.fingerprint == fingerprint]
    if places:
        del champions[places[-1] + 1 :]


def rollback(engine: Engine, home: Path, target: str, promoted_by: str, at: Instant) -> Promotion:
    """Return to the champion before the present one, as a promotion of its own."""
    present, before = champion(engine, target), previous(engine, target)
    if present is None or before is None:
        raise PromotionError(f"{target} has no champion before the present one to return to")
    reason = f"rollback from {present.version}"
    if before.reason:
        reason = f"{reason}; first promoted because: {before.reason}"
    nomination = Nomination(
        target=before.target,
        fingerprint=before.fingerprint,
        version=before.version,
        promoted_by=promoted_by,
        reason=reason,
        forced=before.forced,
        closed=before.closed,
        rolled_back=True,
    )
    return promote(engine, home, nomination, at)


def standing(engine: Engine, target: str) -> Promotion:
    """Return the promotion in force for a target; NoChampion where nothing was promoted."""
    promotion = champion(engine, target)
    if promotion is None:
        raise NoChampion(f"no model was ever promoted for {target}", value=target)
    return promotion


def load_champion(engine: Engine, home: Path, target: str) -> RiskModel:
    """Read the champion of a target from {home}/bundles; NoChampion where nothing was promoted."""
    return load_promoted(home, standing(engine, target))


def load_promoted(home: Path, promotion: Promotion) -> RiskModel:
    """Read the bundle of a promotion, verified to be the one promoted and to have passed or been forced."""
    if not _gates_passed(home, promotion) and not (promotion.forced and promotion.reason.strip()):
        raise PromotionError(f"{promotion.target} version {promotion.version} did not pass its gates")
    folder = bundles_folder(home) / promotion.fingerprint
    return read_bundle(folder, public_keys(home), fingerprint=promotion.fingerprint)


def _gates_passed(home: Path, bundle: Nomination | Promotion) -> bool:
    folder = bundles_folder(home) / bundle.fingerprint
    contents = verified_contents(folder, public_keys(home), fingerprint=bundle.fingerprint)
    target = json.loads(contents["manifest.json"])["target"]
    if target != bundle.target:
        raise PromotionError(f"bundle {bundle.fingerprint} predicts {target}, not {bundle.target}")
    return _all_open(json.loads(contents["gates.json"]))


def _all_open(report: Mapping[str, Any]) -> bool:
    """Believe a report that passed only if each gate that it lists did."""
    return report.get("passed") is True and all(gate["passed"] is True for gate in report.get("gates", ()))


def _promotion(row: RowMapping) -> Promotion:
    values: dict[str, Any] = dict(row)
    return Promotion(**values)
