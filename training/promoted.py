"""What was promoted, when, by whom and why, past which gates: as a table and as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from features.instants import show_instant
from models.promotions import Promotion
from training.report import Cell, Table, Words

ROLLED_BACK: Words = ("退回", "rolled back")
FORCED: Words = ("强制启用", "forced")
PROMOTED: Words = ("启用", "promoted")


def promotion_values(promotion: Promotion) -> dict[str, Any]:
    """Return a promotion as JSON values, its instant as text."""
    return {**asdict(promotion), "promoted_at": show_instant(promotion.promoted_at)}


def promotions_table(promoted: Sequence[Promotion]) -> Table:
    """Show promotions, oldest first; those forced past a gate are marked, and name it."""
    columns = (
        ("时间（上海）", "when (Shanghai)"), ("版本", "version"), ("方式", "how"), ("操作人", "by"),
        ("理由", "reason"), ("越过的门槛", "forced past"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (show_instant(each.promoted_at)[:19].replace("T", " "), each.version, _way(each),
         each.promoted_by, each.reason or None, each.closed or None)
        for each in promoted
    ]  # fmt: skip
    marked = frozenset(at for at, each in enumerate(promoted) if each.closed)
    nothing = ("尚未启用过模型", "no model was promoted yet") if not rows else None
    return Table(("启用历史", "Promotions"), columns, rows, nothing, marked)


def _way(promotion: Promotion) -> Words:
    if promotion.rolled_back:
        return ROLLED_BACK
    return FORCED if promotion.forced else PROMOTED
