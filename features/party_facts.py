"""Features of the enterprises themselves: credit, age, penalties, recalls, reporting duties."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.facts import Facts, Floats
from features.feature import ColumnFunction, Family, Feature, Show

PARTY_COLUMNS: dict[str, tuple[Family, str, str]] = {
    "consignee": (Family.ENTERPRISE, "境内收发货人", "the consignee or consignor"),
    "owner": (Family.ENTERPRISE, "消费使用（生产销售）单位", "the owner of the goods"),
    "agent": (Family.ENTERPRISE, "申报单位", "the customs agent"),
    "manufacturer": (Family.MANUFACTURER, "生产企业", "the manufacturer"),
    "overseas_party": (Family.ENTERPRISE, "境外收发货人", "the overseas party"),
}
"""The line columns that name a party, with family, Chinese and English."""

_FACTS: tuple[tuple[str, str, str, float, Show], ...] = (
    ("credit_rank", "信用等级（4 最高，0 最低）", "Credit rank (4 best, 0 worst) of", 10.0, Show.COUNT),
    (
        "registered_days",
        "注册天数（至多十年）",
        "Days since registration (ten years at most) of",
        3650.0,
        Show.COUNT,
    ),
    ("penalties", "受处罚次数", "Penalties of", 1e3, Show.COUNT),
    ("recalls", "召回次数", "Recalls of", 1e3, Show.COUNT),
    ("duty_breaches", "未履行报告义务次数", "Reporting duties breached by", 1e3, Show.COUNT),
    ("known", "是否有企业档案", "There is a record of", 1.0, Show.YES_NO),
)


def party_fact(column: str, fact: str, largest: float) -> ColumnFunction:
    """Return a fact of the party that `column` names, up to `largest`; missing where none is known."""

    def compute(facts: Facts) -> Floats:
        return np.minimum(facts.party(column)[fact], largest)

    return compute


def party_features() -> Iterator[Feature]:
    """Yield every fact of every party column."""
    for column, (family, zh_party, en_party) in PARTY_COLUMNS.items():
        for fact, zh, en, largest, show in _FACTS:
            label = (f"{zh_party}{zh}", f"{en} {en_party}")
            sentence = (f"{label[0]}：{{value}}", f"{label[1]}: {{value}}")
            name = f"{fact}_of_{column}"
            yield Feature(name, family, label, sentence, party_fact(column, fact, largest), show)
