"""Features of what the goods are declared as: the risk of the words, and whether they fit the code."""

from __future__ import annotations

from collections.abc import Iterator

from features.facts import Facts, Floats
from features.feature import Family, Feature, Show

NAME_RISK = "declared_name_risk"


def name_risk(facts: Facts) -> Floats:
    """Return log-odds of the declared name and model against the usual, by the newest edition then."""
    lines = facts.lines
    return facts.name_risk.values(lines["goods_name"].tolist(), lines["goods_model"].tolist(), facts.as_of)


def goods_features() -> Iterator[Feature]:
    """Yield the features of declared names."""
    yield Feature(
        NAME_RISK,
        Family.GOODS,
        ("申报品名与规格型号的用词", "Words of the declared name and model"),
        (
            "按此前同类用词的查验结果，申报品名与规格型号的风险约为通常的 {value} 倍",
            "By inspections of goods declared in such words, the risk is about {value} times the usual",
        ),
        name_risk,
        Show.TIMES,
    )
