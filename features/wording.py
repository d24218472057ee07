"""Say a feature's value to an officer, in Chinese or English."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from features.feature import Feature, Show

Language: TypeAlias = Literal["zh", "en"]

UNKNOWN, MISSING, FIRST_SEEN = 0, 1, 2
"""Codes of a category: not in the vocabulary, not stated, and from where the vocabulary begins."""

_WEEKDAYS = {
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_YES_NO = {"zh": ("否", "是"), "en": ("no", "yes")}
_NOT_STATED = {"zh": "未申报", "en": "not stated"}
_NEW_CODE = {"zh": "模型未见过的代码", "en": "a code that the model has not seen"}
_NOT_KNOWN = {"zh": "{label}：没有可比的记录或未申报", "en": "{label}: nothing known or not stated"}
_YEAR_OR_NEVER = {"zh": "365 以上（或从未）", "en": "365 or more, or never"}


def _number(value: float) -> str:
    return f"{value:,.2f}"


_FAR = 20


def _significant(value: float) -> str:
    """Write large amounts whole, small ones with three significant digits."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


_ROUGHLY = {
    "zh": ("不到总体的 {} 倍", "约为总体的 {} 倍", "超过总体的 {} 倍"),
    "en": ("less than {} times the usual", "about {} times the usual", "more than {} times the usual"),
}


def _roughly(ratio: float, language: Language) -> str:
    """Say a ratio to the usual; beyond twenty times either way only that, as none means 1,617 times."""
    less, about, more = _ROUGHLY[language]
    if ratio < 1 / _FAR:
        return less.format(f"{1 / _FAR:g}")
    return more.format(_FAR) if ratio > _FAR else about.format(_number(ratio))


_SHOWN: dict[Show, Callable[[float], str]] = {
    Show.NUMBER: _number,
    Show.COUNT: lambda value: f"{value:,.0f}",
    Show.PERCENT: lambda value: f"{value:.0%}",
    Show.TIMES: lambda value: _number(math.exp(min(value, 100.0))),
    Show.AMOUNT: lambda value: _significant(math.exp(min(value, 100.0))),
    Show.SHARE: lambda value: f"{math.expm1(min(value, 100.0)) / 10_000:.2%}",
}


def _code(value: float, language: Language, vocabulary: Sequence[str]) -> str:
    position = int(value)
    if position == MISSING:
        return _NOT_STATED[language]
    known = FIRST_SEEN <= position < FIRST_SEEN + len(vocabulary)
    return vocabulary[position - FIRST_SEEN] if known else _NEW_CODE[language]


def show_value(show: Show, value: float, language: Language, vocabulary: Sequence[str] = ()) -> str:
    """Write a value as it stands in its sentence; `vocabulary` is a category's, from the spec."""
    if show is Show.CODE:
        return _code(value, language, vocabulary)
    if show is Show.DAYS:
        return _YEAR_OR_NEVER[language] if value >= 365 else f"{value:.0f}"
    if show is Show.YES_NO:
        return _YES_NO[language][1 if value > 0 else 0]
    if show is Show.ROUGHLY:
        return _roughly(math.exp(min(value, 100.0)), language)
    if show is Show.WEEKDAY:
        return _WEEKDAYS[language][int(value) % 7]
    return _SHOWN[show](value)


def say(feature: Feature, value: float | None, language: Language, vocabulary: Sequence[str] = ()) -> str:
    """Return the feature's sentence with its value, or that nothing is known where it is None or NaN."""
    at = 0 if language == "zh" else 1
    if value is None or math.isnan(value):
        return _NOT_KNOWN[language].format(label=feature.label[at])
    return feature.sentence[at].format(value=show_value(feature.show, value, language, vocabulary))
