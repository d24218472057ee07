"""The words of a comparison in Chinese and English."""

from __future__ import annotations

import re

from features.catalog import CATALOG
from features.feature import FAMILY_WORDS, Family
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

MEMBERS: dict[str, str] = {
    "codes and amounts": "代码与数值",
    "goods and ways": "商品与途径",
    "all features": "全部特征",
}
"""What each member of a mixture is called in Chinese."""

LATER = "later: "
_AGES = re.compile(r"first seen < (\d+) d|known ≥ (\d+) d")


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
        return _AGES.sub(_age, value), value
    zh, en = code_name(dimension, value, "zh"), code_name(dimension, value, "en")
    return f"{value} {zh or ''}".strip(), en or value


def _age(found: re.Match[str]) -> str:
    return f"首次申报不足 {found[1]} 天" if found[1] else f"首次申报已满 {found[2]} 天"


def family_words(name: str) -> Words:
    """Return what a family of features is called in both languages."""
    return FAMILY_WORDS[Family(name)] if name in frozenset(Family) else (name, name)


def feature_words(name: str) -> Words:
    """Return a feature's name with its label in both languages."""
    if name not in CATALOG:
        return name, name
    zh, en = CATALOG[name].label
    return f"{name} {zh}", en


def member_words(name: str) -> Words:
    """Return what a member of a mixture is called in both languages."""
    return MEMBERS.get(name, name), name


def cell_words(cell: str) -> Words:
    """Return a support cell, its direction, regime and chapter, in both languages."""
    direction, regime, chapter = cell.split(" ")
    coded = ("direction", direction), ("regime", regime)
    zh, en = ([code_name(*each, language) or each[1] for each in coded] for language in ("zh", "en"))
    return " ".join([*zh, chapter]), ", ".join([*en, chapter])
