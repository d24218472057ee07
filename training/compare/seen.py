"""What gates saw, said in Chinese beside the English that is signed.

Reports of earlier versions are read as they were signed, so their sentences are what is put into words here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from features.terms import Selection
from models.wording.terms import word
from training.compare.slices import DIMENSIONS
from training.compare.words import figure_words, slice_words
from training.figures import NO_INTERVAL
from training.report import Words

FIRST: dict[str, str] = {
    "not judged": "未判定",
    "worst": "最差",
    "least": "增益最小",
    "least likely": "概率最小",
    "all together": "合计",
}
"""What may stand before a part of a sentence, in Chinese; a month may, too."""

PHRASES: tuple[tuple[str, str], ...] = (
    (r"largest error (\S+) log-odds on (\d+) lines", r"\2 行中最大误差 \1（对数优势）"),
    (r"slope (\S+) ± (\S+) on (\d+) positives", r"斜率 \1 ± \2（\3 行不合格）"),
    (r"no slope can be told on (\d+) positives", r"无法得出斜率（\1 行不合格）"),
    (r"chances of import do not rise with the margin", "进口的概率不随模型得分上升"),
    (r"chances of export do not rise with the margin", "出口的概率不随模型得分上升"),
    (
        r"the interval must touch (\S+) to (\S+), the slope exceed (\S+)",
        r"区间须触及 \1 至 \2，斜率须大于 \3",
    ),
    (r"(\d+) lines scored in a process of its own", r"已在独立进程中评分 \1 行"),
    (r"there is no champion yet", "尚无现行模型"),
    (r"the champion had learned from every line of the test", "现行模型已由测试段的每一行学习"),
    (r"(\d+) positives, (\d+) needed", r"\1 行不合格，须有 \2 行"),
    (r"average precision (\S+), champion (\S+)", r"平均精度 \1，现行模型 \2"),
    (r"differs by (\S+ \[.+\]) on (\d+) lines", r"相差 \1（\2 行）"),
    (
        r"(\d+) months with (\S+) or more failures expected or found",
        r"预期或查实至少 \2 行不合格的有 \1 个月",
    ),
    (
        r"(\d+) months with (\S+) or more failures expected or found, "
        r"farthest (\S+): (\d+) found, (\S+) expected",
        r"预期或查实至少 \2 行不合格的有 \1 个月，偏离最远的 \3 查实 \4、预期 \5",
    ),
    (r"(\d+) found, (\S+) expected", r"查实 \1，预期 \2"),
    (
        r"each month's interval must touch (\S+) to (\S+), that of all together (\S+) to (\S+)",
        r"各月区间须触及 \1 至 \2，合计须触及 \3 至 \4",
    ),
    (r"(\d+) of (\d+) slices have (\d+) positives", r"\2 个分组中 \1 个至少有 \3 行不合格"),
    (
        r"(\d+) of (\d+) slices have (\d+) positives in (\d+) enterprises",
        r"\2 个分组中 \1 个至少有 \3 行、\4 家企业不合格",
    ),
    (re.escape(NO_INTERVAL[1]), NO_INTERVAL[0]),
    (r"slope (\S+) on (\d+) positives", r"斜率 \1（\2 行不合格）"),
    (r"first asked", "首次评分"),
    (r"champion's scores came again to (\S+)", r"现行模型重算得分，最大相差 \1"),
    (r"(\d+) of (\d+) moved, (\S+) may", r"\2 行中 \1 行移动，允许 \3"),
    (r"families' rank correlation (\S+) on (\d+) lines, (\S+) needed", r"\2 行上特征类的秩相关 \1，须达 \3"),
    (
        r"(\S+ \[.+\]) times the champion's CPU a line, (\S+) allowed",
        r"每行 CPU 时间为现行模型的 \1 倍，允许 \2 倍",
    ),
    (
        r"(\d+) sources and enterprises judged, (\d+) lines needed",
        r"已判定 \1 个来源和企业，每个至少 \2 行",
    ),
)
"""Parts of sentences and what they are in Chinese."""

SOURCES: dict[str, str] = {
    "office": "海关",
    "laboratory": "实验室",
    "selected_by": "抽中方式",
    "enterprise": "企业",
}
"""Whose labels are judged, in Chinese."""
COUNTED: dict[str, str] = {
    "failures": "不合格",
    "passes": "合格",
    "random passes": "随机抽查合格",
    "random passes lately": "近期随机抽查合格",
}
"""What is counted of them, in Chinese."""
_SUSPECT = re.compile(
    rf"({'|'.join(SOURCES)}) (.+): (\d+) ({'|'.join(COUNTED)})(?: at (.+))?, (\S+) expected \(p (\S+)\)"
)
_SLICE = re.compile(rf"({'|'.join(DIMENSIONS)}) (.+): (\S+ \[.+\])")
_FIGURE = re.compile(r"(\w+_at_\S+pct) differs by (.+)")
_FIRST = re.compile(rf"({'|'.join(FIRST)}|\d{{4}}-\d\d): (.+)")


def seen_words(seen: str) -> Words:
    """Return what a gate saw in both languages; a part that is not known, as an error's, stays as it is."""
    return "；".join(_part(part) for part in seen.split("; ")), seen


def _part(part: str) -> str:
    return next(_told(part), part)


def _told(part: str) -> Iterator[str]:
    """Yield what a part is in Chinese, by each way that knows it."""
    for english, chinese in PHRASES:
        if found := re.fullmatch(english, part):
            yield found.expand(chinese)
    for pattern, say in _WAYS:
        if found := pattern.fullmatch(part):
            yield say(found)


def _suspect(found: re.Match[str]) -> str:
    kind, name, count, counted, where, expected, p = found.groups()
    bare = name.removesuffix(" (lately)")
    shown = bare
    if kind == "selected_by":
        with suppress(ValueError):
            shown = word(Selection(bare), "zh")
    place = "" if where is None else f"在 {where} "
    lately = "" if bare == name else "（近期）"
    return f"{SOURCES[kind]} {shown}{lately}：{place}{COUNTED[counted]} {count} 行，预期 {expected}（p {p}）"


def _slice(found: re.Match[str]) -> str:
    dimension, value, gain = found.groups()
    return f"{DIMENSIONS[dimension][0]} {slice_words(dimension, value)[0]}：{gain}"


_WAYS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_SUSPECT, _suspect),
    (_SLICE, _slice),
    (_FIGURE, lambda found: f"{figure_words(found[1])[0]}相差 {found[2]}"),
    (_FIRST, lambda found: f"{FIRST.get(found[1], found[1])}：{_part(found[2])}"),
)
