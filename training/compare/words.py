"""The words of a comparison in Chinese and English."""

from __future__ import annotations

from models.wording.codes import code_name
from training.compare.slices import UNSTATED
from training.report import Words

CODES = frozenset({"origin", "supervision_mode", "office"})

GATES: dict[str, str] = {
    "contributions add up": "贡献之和等于得分",
    "calibration holds": "校准保持",
    "not worse than the champion": "不劣于现行模型",
    "recall at capacity holds": "查验能力内的查获率保持",
    "calibration holds by month": "逐月校准保持",
    "no slice is worse": "各分组均不变差",
    "golden set holds": "基准样本保持",
    "reasons are stable": "理由稳定",
    "scores are not slower": "评分不变慢",
    "loads elsewhere": "可在独立进程加载",
    "no source lies": "无来源作假迹象",
}
"""What each gate is called in Chinese."""

LATER = "later: "


def gate_words(name: str) -> Words:
    """Return what a gate is called in both languages."""
    bare = name.removeprefix(LATER)
    zh = GATES.get(bare, bare)
    return (f"后续数据：{zh}" if bare != name else zh), name


def figure_words(name: str) -> Words:
    """Return what a figure of the ranking is called in both languages."""
    kind, _, share = name.partition("_at_")
    if kind == "average_precision":
        return "平均精度", "average precision"
    share = share.removesuffix("pct") + " %"
    zh, en = {"recall": ("查获率", "recall"), "precision": ("命中率", "precision")}[kind]
    return f"查验 {share} 时的{zh}", f"{en} at {share}"


def slice_words(dimension: str, value: str) -> Words:
    """Return a slice's code with its name in both languages."""
    if value == UNSTATED:
        return "未申报", "unstated"
    if dimension not in CODES:
        return value, value
    zh, en = code_name(dimension, value, "zh"), code_name(dimension, value, "en")
    return f"{value} {zh or ''}".strip(), en or value
