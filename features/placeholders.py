"""What people write into a field that they have nothing to say in."""

from __future__ import annotations

import unicodedata

_LATIN = ("none", "nil", "null", "na", "nobatch", "nolot", "unknown", "notapplicable")
_CHINESE = (
    "无",
    "暂无",
    "没有",
    "不详",
    "未知",
    "未注明",
    "未提供",
    "不适用",
    "无批号",
    "无批次",
    "无批次号",
    "无生产批号",
)
_WORDS = frozenset([*_LATIN, *_CHINESE])


def is_placeholder(text: str) -> bool:
    """Say whether a name or number stands for nothing: only signs or zeros ("-", "000"), or "无", "N/A".

    Width, case, spaces and punctuation make no difference.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    said = "".join(sign for sign in folded if sign.isalnum())
    return not said.strip("0") or said in _WORDS
