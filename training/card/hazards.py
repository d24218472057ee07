"""What a model card says of hazards: how well they are foretold, and on how many findings that rests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.text.lexicon import hazards
from models.grading.words import HAZARD_BASES
from training.report import Cell, Table, Words, figure

FIGURES: dict[str, Words] = {
    "log_loss": ("对数损失（越低越好）", "log loss (lower is better)"),
    "macro_log_loss": ("各危害平均对数损失", "log loss, mean over hazards"),
    "macro_recall": ("各危害平均召回率", "recall, mean over hazards"),
    "top3": ("前三项中包含实际危害", "among the first three"),
}


def hazard_tables(card: Mapping[str, Any]) -> list[Table]:
    """Return the tables of a card's hazard model; none for a card from before hazards."""
    told = card.get("hazards")
    return [] if not told else [_foretold(told), _support(told)]


def _foretold(told: Mapping[str, Any]) -> Table:
    figures = told["figures"]
    columns = (
        ("指标", "figure"),
        ("本模型", "this model"),
        ("总体占比", "base rate"),
        ("仅按品目", "heading alone"),
    )
    ways = ("", "_base", "_heading")
    rows: list[tuple[Cell, ...]] = [
        (words, *(figure(figures[f"hazard_{name}{way}"]) for way in ways))
        for name, words in FIGURES.items()
        if figures.get(f"hazard_{name}") is not None
    ]
    count = figures["hazard_findings"]
    zh, en = _speaking(told)
    note = f"{zh}；测试段 {count:.0f} 条不合格记录", f"{en}; {count:.0f} findings in the test"
    return Table(("不合格时的危害", "Hazard, given nonconformity"), columns, rows, note)


def _speaking(told: Mapping[str, Any]) -> Words:
    """Say what answers in this bundle: trees, shares of like goods alone, or the taxonomy."""
    if not told["findings"]:
        return HAZARD_BASES["taxonomy"]
    trees = len(told.get("trees_for", ()))
    if trees:
        return (
            f"本模型按同类商品占比并经树模型修正（{trees} 种危害）",
            f"this model answers by shares of like goods corrected by trees (for {trees} hazards)",
        )
    return (
        "本模型仅按同类商品占比：树模型在后续记录上未见确定增益或记录过少，未采用",
        "this model answers by shares of like goods alone: trees gained nothing beyond doubt on later "
        "findings, or there were too few",
    )


def _support(told: Mapping[str, Any]) -> Table:
    known = hazards()
    rows = [((known[name].zh, known[name].en), count) for name, count in told["support"].items()]
    without = told["unnamed"]
    note = (
        f"计入 {told['findings']:g} 条（外部发现计半条）；{without} 条未载明危害",
        f"{told['findings']:g} findings count, those made elsewhere half; {without} state no hazard",
    )
    columns = (("危害", "hazard"), ("不合格记录", "findings"))
    return Table(("各危害的依据", "What hazards are learnt from"), columns, rows, note)
