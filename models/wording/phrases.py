"""The fixed phrases around the features' own sentences, as (Chinese, English)."""

from __future__ import annotations

from typing import TypeAlias

from features.feature import FAMILY_WORDS
from models.explain import OTHER

Phrase: TypeAlias = tuple[str, str]

RAISES: Phrase = ("风险升高 {points} 个百分点", "raises the risk by {points} percentage points")
LOWERS: Phrase = ("风险降低 {points} 个百分点", "lowers the risk by {points} percentage points")
HARDLY_RAISES: Phrase = (
    "风险升高不足 0.1 个百分点",
    "raises the risk by less than 0.1 percentage points",
)
HARDLY_LOWERS: Phrase = (
    "风险降低不足 0.1 个百分点",
    "lowers the risk by less than 0.1 percentage points",
)
REASON: Phrase = ("{sentence}，{effect}", "{sentence}; {effect}")
LINE: Phrase = ("不合格概率 {probability}：{reason}", "Probability of nonconformity {probability}: {reason}")
NO_REASON: Phrase = ("与常见情况无差别", "nothing sets this line apart")
SCORE: Phrase = (
    "不合格概率 {probability}（基准 {base}）",
    "Probability of nonconformity {probability} (base {base})",
)
STEPS: Phrase = (
    "百分点按列出顺序逐项累加得出，顺序不同则各项不同；对数几率与顺序无关。"
    "基准是已查验申报的平均，进口、出口分别校准，未按查验机会加权。",
    "Percentage points are steps along this order and depend on it; log-odds do not. "
    "The base is the mean over inspected lines, calibrated apart for imports and exports, "
    "not weighted for the lines passed over.",
)
REST_OF_ONE: Phrase = ("其余 1 项：{effect}", "The one other feature: {effect}")
REST: Phrase = ("其余 {count} 项合计：{effect}", "The other {count} features together: {effect}")
AUDITED: Phrase = ("{sentence}（对数几率 {log_odds:+.6f}）", "{sentence} (log-odds {log_odds:+.6f})")
HEADED: Phrase = ("{family}：{effect}", "{family}: {effect}")
COUNTED: Phrase = ("{text}（{count}）", "{text} ({count})")
TOTAL: Phrase = (
    "合计：基准 {base:+.6f}，各项之和 {added:+.6f}，对数几率 {log_odds:+.6f}",
    "Total: base {base:+.6f}, contributions {added:+.6f}, log-odds {log_odds:+.6f}",
)
FAMILIES: dict[str, Phrase] = {
    **{str(family): words for family, words in FAMILY_WORDS.items()},
    OTHER: ("其他", "Other"),
}
