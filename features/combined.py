"""Features that add up the evidence of several entities, as an officer does who reads file after file.

A port has few failures, so that a model cannot learn from them alone how to add dozens of log ratios. The
sums stand here with fixed weights, under 1 because the parts share records; what is missing or never seen
adds 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from features.facts import Facts, Floats
from features.feature import Aggregate, ColumnFunction, Family, Feature, Show


@dataclass(frozen=True, slots=True)
class Combined:
    """A weighted sum of log ratios; `parts` are aggregate features by name with their weights."""

    name: str
    family: Family
    words: tuple[str, str]
    parts: Mapping[str, float]


GOODS_HISTORY = Combined(
    "goods_history",
    Family.GOODS,
    ("按同类商品、原产国和目的国的查验记录", "By the inspections of such goods, origins and destinations"),
    {
        "nonconformity_ratio_by_hs4_origin_all": 0.5,
        "nonconformity_ratio_by_hs6_all": 0.5,
        "nonconformity_ratio_by_hs6_destination_all": 0.3,
        "nonconformity_ratio_by_origin_all": 0.3,
    },
)
TRADERS_HISTORY = Combined(
    "traders_history",
    Family.ENTERPRISE,
    ("按收发货人、货主和境外收发货人的查验记录", "By the inspections of its traders at home and abroad"),
    {
        "nonconformity_ratio_by_consignee_all": 0.5,
        "nonconformity_ratio_by_consignee_hs4_all": 0.3,
        "nonconformity_ratio_by_overseas_party_all": 0.3,
        "nonconformity_ratio_by_owner_all": 0.2,
    },
)
MAKERS_HISTORY = Combined(
    "makers_history",
    Family.MANUFACTURER,
    ("按生产企业和品牌的查验与外部通报记录", "By the inspections and notices of its manufacturer and brand"),
    {
        "nonconformity_ratio_by_manufacturer_all": 0.6,
        "nonconformity_ratio_by_brand_all": 0.4,
        "found_ratio_by_manufacturer_365d": 0.3,
        "found_ratio_by_brand_365d": 0.3,
    },
)
COMPLAINTS_HISTORY = Combined(
    "complaints_history",
    Family.OPINIONS,
    ("按对生产企业、品牌、收发货人和同类商品的投诉", "By the complaints about its makers, trader and goods"),
    {
        "hazard_ratio_by_manufacturer_365d": 0.3,
        "hazard_ratio_by_brand_365d": 0.3,
        "hazard_ratio_by_consignee_365d": 0.3,
        "hazard_ratio_by_hs4_origin_365d": 0.3,
    },
)
FRESH_COMPLAINTS = Combined(
    "fresh_complaints",
    Family.OPINIONS,
    (
        "按近30天对生产企业、品牌和收发货人的投诉（少量亦计）",
        "By the complaints about its makers and trader over 30 days, even one or two",
    ),
    {
        "hazard_lift_by_manufacturer_30d": 0.35,
        "hazard_lift_by_brand_30d": 0.35,
        "hazard_lift_by_consignee_30d": 0.3,
    },
)
"""What a bad batch announces itself by; it stands beside the whole, which speaks of lasting habits."""
_PARTS = (GOODS_HISTORY, TRADERS_HISTORY, MAKERS_HISTORY, COMPLAINTS_HISTORY)

ALL_HISTORY = Combined(
    "whole_history",
    Family.ENTERPRISE,
    (
        "综合商品、企业、生产企业和投诉的全部记录",
        "By all records of its goods, traders, makers and complaints",
    ),
    {name: weight for part in _PARTS for name, weight in part.parts.items()},
)


def weighted_cells(parts: Mapping[Aggregate, float]) -> Callable[[Facts], Floats]:
    """Return a function giving float64 (n, parts): each cell times its weight, 0 where it is missing."""
    by_measure: dict[str, list[tuple[int, Aggregate]]] = {}
    for position, source in enumerate(parts):
        by_measure.setdefault(source.measure, []).append((position, source))
    gathers = [
        (found[0][1].block, [position for position, _ in found], [source.cell for _, source in found])
        for found in by_measure.values()
    ]
    weights = np.array(list(parts.values()))

    def compute(facts: Facts) -> Floats:
        cells = np.empty((len(facts.lines), len(weights)))
        for block, positions, places in gathers:
            cells[:, positions] = block(facts).take(places, axis=1)
        return np.where(np.isnan(cells), 0.0, cells) * weights

    return compute


def sum_of(cells: Callable[[Facts], Floats], start: int, stop: int) -> ColumnFunction:
    """Return the sum of the weighted cells from `start` to `stop`, in their order."""

    def compute(facts: Facts) -> Floats:
        columns = facts.once(cells).T[start:stop]
        total: Floats = sum(columns[1:], start=columns[0])
        return total

    return compute


def combined_features(aggregates: Mapping[str, Feature]) -> Iterator[Feature]:
    """Yield the sums over `aggregates`, the aggregate features by name."""
    parts = _cells_of(ALL_HISTORY, aggregates)
    cells, sources, start = weighted_cells(parts), list(parts), 0
    for combined in _PARTS:
        stop = start + len(combined.parts)
        yield _feature(combined, sum_of(cells, start, stop), sources[start])
        start = stop
    yield _feature(ALL_HISTORY, sum_of(cells, 0, start), sources[0])
    fresh = _cells_of(FRESH_COMPLAINTS, aggregates)
    yield _feature(FRESH_COMPLAINTS, sum_of(weighted_cells(fresh), 0, len(fresh)), next(iter(fresh)))


def _cells_of(combined: Combined, aggregates: Mapping[str, Feature]) -> dict[Aggregate, float]:
    sources = {aggregates[name].source: weight for name, weight in combined.parts.items()}
    return {source: weight for source, weight in sources.items() if isinstance(source, Aggregate)}


def _feature(combined: Combined, compute: ColumnFunction, first: Aggregate) -> Feature:
    zh, en = combined.words
    return Feature(
        combined.name,
        combined.family,
        (f"{zh}综合判断", en),
        (f"{zh}，风险{{value}}", f"{en}, the risk is {{value}}"),
        compute,
        Show.ROUGHLY,
        compared=first.counted,
    )
