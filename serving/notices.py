"""What to know about a score before leaning on it: unseen categories, odd codes, an old model."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from features.doubts import DOUBTS, WITHOUT_VALUE

Language = Literal["zh", "en"]

_VALUE = ((" {value} ", " {value!r}"), ("：", ""))
"""How a doubt shows the value: in Chinese and English, and where there is none."""

TEXTS: dict[str, tuple[str, str]] = {
    code: (
        f"{{field}}{_VALUE[code in WITHOUT_VALUE][0]}{zh}",
        f"{{field}}{_VALUE[code in WITHOUT_VALUE][1]} {en}",
    )
    for code, (en, zh) in DOUBTS.items()
} | {
    "unseen_category": (
        "{field} 的取值 {value} 在模型训练数据中未出现过，按未知类别计算",
        "{field} {value!r} did not occur in the model's training data and counts as unknown",
    ),
    "own_result": (
        "该行已有自身的检验结果：按该结果之前已知的情况评分（见 as_of），结果不参与自身评分",
        "the line has results of its own: it is scored by what was known before them (see as_of), "
        "as a label is not a feature of itself",
    ),
    "stale_model": (
        "模型所用数据截至 {value}，距今已久，请考虑重新训练",
        "the model has learned from records until {value} only; consider training again",
    ),
}
"""Code of a notice to its Chinese and English text."""


class Notice(Struct, frozen=True):
    """One warning; `field` and `value` say what it is about."""

    code: str
    field: str | None = None
    value: str | None = None

    def text(self, language: Language) -> str:
        """Say the warning in words."""
        zh, en = TEXTS.get(self.code, ("{field} {value}", "{field} {value!r}"))
        return (zh if language == "zh" else en).format(field=self.field, value=self.value)
