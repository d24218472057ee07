"""What can be wrong with a history."""

from __future__ import annotations

from features.errors import FeaturesError


class HistoryError(FeaturesError):
    """The history cannot answer what was asked."""

    title = "History"
    title_zh = "历史统计"
    remedy = "Ask for a tally, an entity and a window of features.entities."
    remedy_zh = "请使用 features.entities 中列出的统计、主体和时间窗口。"


class KeyCollision(HistoryError):
    """Two entities, or two record ids, with one 64-bit key: their counts would be mixed."""

    title = "Two entities share a key"
    title_zh = "两个主体的键相同"
    remedy = "Set another HASH_SEED in features/history/keys.py and build the history anew."
    remedy_zh = "请在 features/history/keys.py 中更换 HASH_SEED 并重建历史。"


class UnusableSegment(HistoryError):
    """A segment folder that is damaged, or made by other code or from another store."""

    title = "Unusable history segment"
    title_zh = "历史分段不可用"
    remedy = "Nothing: the history is built anew from the store."
    remedy_zh = "无需处理:系统会从记录库重建历史。"
