"""Features of what the goods are declared as: the risk of the words, and whether they fit the code."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.coded import FEW, distinct_pairs, distinct_rows
from features.facts import Facts, Floats
from features.feature import Family, Feature, Show
from features.goods.tariff import tariff_likeness

NAME_RISK, HEADING_MARGIN = "declared_name_risk", "name_heading_margin"


def name_risk(facts: Facts) -> Floats:
    """Return log-odds of the declared name and model against the usual, by the newest edition then."""
    lines, risk = facts.lines, facts.name_risk
    if len(lines) < FEW:
        return risk.values(lines["goods_name"].tolist(), lines["goods_model"].tolist(), facts.as_of)
    pairs, place = distinct_pairs(lines.coded("goods_name"), lines.coded("goods_model"))
    return risk.values_of(pairs, place, facts.as_of)


def heading_margin(facts: Facts) -> Floats:
    """Return how sure names make the declared heading, less the best other one.

    What recurs in many lines is read once by each edition.
    """
    lines, read = facts.lines, facts.name_risk.known.margins
    if len(lines) < FEW:
        return read(lines["goods_name"].tolist(), lines["hs4"].tolist(), facts.as_of)
    edition = facts.name_risk.newest(facts.as_of)
    rows, place = distinct_rows(lines.coded("goods_name"), lines.coded("hs4"), edition)
    told = read(lines["goods_name"][rows].tolist(), lines["hs4"][rows].tolist(), facts.as_of[rows])
    return np.asarray(told[place])


def likeness(facts: Facts) -> Floats:
    """Return how like the name is to what the tariff calls goods of the declared heading."""
    lines = facts.lines
    if len(lines) < FEW:
        return tariff_likeness(lines["goods_name"].tolist(), lines["hs4"].tolist())
    pairs, place = distinct_pairs(lines.coded("goods_name"), lines.coded("hs4"))
    return tariff_likeness(*zip(*pairs, strict=True))[place]


def goods_features() -> Iterator[Feature]:
    """Yield the features of declared names."""
    yield Feature(
        NAME_RISK,
        Family.GOODS,
        ("申报品名与规格型号的用词", "Words of the declared name and model"),
        (
            "按此前同类用词的查验结果，申报品名与规格型号的风险{value}",
            "By inspections of goods declared in such words, the risk is {value}",
        ),
        name_risk,
        Show.ROUGHLY,
    )
    yield Feature(
        HEADING_MARGIN,
        Family.GOODS,
        ("品名与申报品目的相符程度", "Whether the name fits the declared heading"),
        (
            "按此前品名和税则名称，属于申报品目的把握减去最可能的其他品目为 {value}（负数：更像其他品目）",
            "By earlier names and the tariff's, the declared heading is surer than any other by {value} "
            "(below 0: the name is more like another)",
        ),
        heading_margin,
    )
    yield Feature(
        "name_tariff_likeness",
        Family.GOODS,
        ("品名与税则名称的相似度", "Likeness of the name to the tariff's"),
        (
            "品名与申报品目税则名称的最高相似度为 {value}",
            "The name is {value} like the likeliest tariff name of the declared heading",
        ),
        likeness,
        Show.PERCENT,
    )
