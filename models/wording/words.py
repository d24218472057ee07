"""The words behind a value: which of them moved it, and by how much."""

from __future__ import annotations

from features.goods.name_risk import Opened
from features.instants import show_instant
from features.wording import Language

FEW_WORDS = 8
"""Words that are said one by one; the others are summed."""
_BRIEF = 3


def words_text(opened: Opened, language: Language) -> str:
    """Say what the strongest words add, the others, the constant and the sum."""
    zh = language == "zh"
    parts = [_added(part.run.text, part.added) for part in opened.parts[:FEW_WORDS]]
    others = opened.parts[FEW_WORDS:]
    if others:
        name = f"其余 {len(others)} 项" if zh else f"{len(others)} others"
        parts.append(_added(name, sum(part.added for part in others)))
    parts.append(_added("常数" if zh else "constant", opened.intercept))
    said, day = ("，" if zh else ", ").join(parts), show_instant(opened.fitted_at)[:10]
    if zh:
        return f"按 {day} 前已知的查验结果，各词对数几率：{said}；合计 {opened.value:+.3f}（0 为通常）"
    return f"By results known before {day}, in log-odds: {said}; together {opened.value:+.3f} (0 is usual)"


def brief_words(opened: Opened, language: Language) -> str:
    """Say the strongest words, to stand behind a reason; empty where no word moved anything."""
    parts = [_added(part.run.text, part.added) for part in opened.parts[:_BRIEF]]
    return ("，" if language == "zh" else ", ").join(parts)


def _added(name: str, added: float) -> str:
    return f"{name} {added:+.3f}"
