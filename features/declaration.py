"""Features of the declared values: codes, amounts, weights, dates and what does not fit together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.facts import Facts, Floats
from features.feature import Category, ColumnFunction, Family, Feature, Show
from features.instants import DAY, SECOND

_SHANGHAI_OFFSET = 8 * 3600 * SECOND
_SMALLEST, _LARGEST = 1e-9, 1e15

CATEGORIES: tuple[tuple[str, Family, str, str], ...] = (
    ("direction", Family.ROUTE, "进出口方向", "Direction"),
    ("regime", Family.GOODS, "监管类别", "Legal regime"),
    ("hs2", Family.GOODS, "HS 章（2 位）", "HS chapter"),
    ("hs4", Family.GOODS, "HS 品目（4 位）", "HS heading"),
    ("hs6", Family.GOODS, "HS 子目（6 位）", "HS subheading"),
    ("hs_code", Family.GOODS, "商品编号", "HS code"),
    ("ciq_code", Family.GOODS, "检验检疫编码", "Inspection and quarantine code"),
    ("purpose", Family.GOODS, "用途", "Purpose"),
    ("unit", Family.GOODS, "法定计量单位", "Legal unit"),
    ("origin", Family.ORIGIN, "原产国（地区）", "Origin"),
    ("origin_indicator", Family.ORIGIN, "原产地标记", "Origin indicator"),
    ("preference", Family.ORIGIN, "优惠贸易协定", "Preference"),
    ("departure", Family.ROUTE, "启运国（地区）", "Departure"),
    ("destination", Family.ROUTE, "最终目的国（地区）", "Destination"),
    ("trading_country", Family.ROUTE, "贸易国（地区）", "Trading country"),
    ("office", Family.ROUTE, "申报地海关", "Customs office"),
    ("port_office", Family.ROUTE, "进出境关别", "Port of entry or exit"),
    ("district", Family.ROUTE, "境内目的地/货源地", "Domestic district"),
    ("transport_mode", Family.ROUTE, "运输方式", "Transport mode"),
    ("supervision_mode", Family.ROUTE, "监管方式", "Supervision mode"),
    ("process_type", Family.ROUTE, "通关流程类型", "Process type"),
    ("levy_nature", Family.PRICE, "征免性质", "Levy nature"),
    ("payment_type", Family.PRICE, "付款方式", "Payment type"),
    ("terms", Family.PRICE, "成交方式", "Terms of delivery"),
    ("currency", Family.PRICE, "币制", "Currency"),
)
"""Text columns of the lines that are features as they stand: column, family, Chinese and English name."""


def _log(values: Floats) -> Floats:
    return np.log(np.minimum(np.maximum(values, _SMALLEST), _LARGEST))


def _ratio(above: Floats, below: Floats) -> Floats:
    """Return above / below; what is divided by nothing has no ratio."""
    return np.where(below > 0, above / below, np.nan)


def log_of(column: str) -> ColumnFunction:
    """Return the natural logarithm of a number column."""
    return lambda facts: _log(facts.lines[column])


def log_ratio_of(above: str, below: str) -> ColumnFunction:
    """Return the natural logarithm of one number column over another."""
    return lambda facts: _log(_ratio(facts.lines[above], facts.lines[below]))


def number(column: str, largest: float = _LARGEST) -> ColumnFunction:
    """Return a number column as declared, up to `largest`."""
    return lambda facts: np.minimum(facts.lines[column], largest)


def unlike(one: str, other: str) -> ColumnFunction:
    """Return 1 where two text columns differ, 0 where they agree, missing where one of them is."""

    def compute(facts: Facts) -> Floats:
        differ = np.not_equal(facts.lines[one], facts.lines[other]).astype(np.float64)
        return np.where(facts.missing(one) | facts.missing(other), np.nan, differ)

    return compute


def unstated(column: str) -> ColumnFunction:
    """Return 1 where a text column says nothing, else 0."""
    return lambda facts: facts.missing(column).astype(np.float64)


def net_to_gross(facts: Facts) -> Floats:
    """Return net over gross weight, up to 10."""
    return np.minimum(_ratio(facts.lines["net_weight_kg"], facts.lines["gross_weight_kg"]), 10.0)


def weekday(facts: Facts) -> Floats:
    """Return the day of the week in Shanghai, 0 for Monday. The month is left out: it would be a clock."""
    days: NDArray[np.int64] = (facts.lines["happened_at"] + _SHANGHAI_OFFSET) // DAY
    return ((days + 3) % 7).astype(np.float64)


def goods_age_days(facts: Facts) -> Floats:
    """Return days from production to declaration, up to ten years either way."""
    produced = facts.lines["produced_at"]
    age = (facts.lines["happened_at"] - produced) / DAY
    return np.where(produced < 0, np.nan, np.minimum(np.maximum(age, -3650.0), 3650.0))


def shelf_life_left(facts: Facts) -> Floats:
    """Return the share of the shelf life that is left when declared; negative when it is over."""
    life = facts.lines["shelf_life_days"]
    return np.minimum(np.maximum(1.0 - _ratio(goods_age_days(facts), life), -1.0), 1.0)


def _feature(
    name: str, family: Family, zh: str, en: str, source: ColumnFunction | Category, show: Show = Show.NUMBER
) -> Feature:
    return Feature(name, family, (zh, en), (f"{zh}：{{value}}", f"{en}: {{value}}"), source, show)


NUMBERS: tuple[Feature, ...] = (
    _feature("duty_rate", Family.PRICE, "税率", "Duty rate", number("duty_rate", 1e4)),
    _feature("log_value", Family.PRICE, "货值（人民币）", "Value in CNY", log_of("value_cny"), Show.AMOUNT),
    _feature(
        "log_unit_price",
        Family.PRICE,
        "单价（人民币/法定单位）",
        "CNY per legal unit",
        log_of("unit_price_cny"),
        Show.AMOUNT,
    ),
    _feature(
        "log_value_per_kg",
        Family.PRICE,
        "每千克货值（人民币）",
        "CNY per net kg",
        log_ratio_of("value_cny", "net_weight_kg"),
        Show.AMOUNT,
    ),
    _feature(
        "log_net_weight",
        Family.GOODS,
        "净重（千克）",
        "Net weight in kg",
        log_of("net_weight_kg"),
        Show.AMOUNT,
    ),
    _feature(
        "log_gross_weight",
        Family.GOODS,
        "毛重（千克）",
        "Gross weight in kg",
        log_of("gross_weight_kg"),
        Show.AMOUNT,
    ),
    _feature(
        "net_to_gross", Family.GOODS, "净重与毛重之比", "Net to gross weight", net_to_gross, Show.PERCENT
    ),
    _feature("log_packages", Family.GOODS, "件数", "Packages", log_of("packages"), Show.AMOUNT),
    _feature(
        "log_kg_per_package",
        Family.GOODS,
        "每件毛重（千克）",
        "Gross kg per package",
        log_ratio_of("gross_weight_kg", "packages"),
        Show.AMOUNT,
    ),
    _feature(
        "log_kg_per_unit",
        Family.GOODS,
        "每法定单位净重（千克）",
        "Net kg per legal unit",
        log_ratio_of("net_weight_kg", "quantity"),
        Show.AMOUNT,
    ),
    _feature(
        "goods_age_days",
        Family.GOODS,
        "生产至申报的天数",
        "Days since production",
        goods_age_days,
        Show.COUNT,
    ),
    _feature(
        "shelf_life_left", Family.GOODS, "剩余保质期比例", "Shelf life left", shelf_life_left, Show.PERCENT
    ),
    _feature(
        "dangerous", Family.GOODS, "危险货物标志", "Declared dangerous", number("dangerous"), Show.YES_NO
    ),
    _feature(
        "statutory_inspection",
        Family.GOODS,
        "法定检验标志",
        "Subject to statutory inspection",
        number("statutory_inspection"),
        Show.YES_NO,
    ),
    _feature(
        "manufacturer_unstated",
        Family.MANUFACTURER,
        "未申报生产企业",
        "Manufacturer not stated",
        unstated("manufacturer"),
        Show.YES_NO,
    ),
    _feature(
        "brand_unstated",
        Family.MANUFACTURER,
        "未申报品牌",
        "Brand not stated",
        unstated("brand"),
        Show.YES_NO,
    ),
    _feature(
        "origin_not_departure",
        Family.ORIGIN,
        "原产国与启运国不同",
        "Origin differs from departure",
        unlike("origin", "departure"),
        Show.YES_NO,
    ),
    _feature(
        "trading_not_departure",
        Family.ROUTE,
        "贸易国与启运国不同",
        "Trading country differs from departure",
        unlike("trading_country", "departure"),
        Show.YES_NO,
    ),
    _feature(
        "port_not_office",
        Family.ROUTE,
        "进出境关别与申报地海关不同",
        "Port differs from the declaring office",
        unlike("port_office", "office"),
        Show.YES_NO,
    ),
    _feature(
        "owner_not_consignee",
        Family.ENTERPRISE,
        "消费使用单位与收发货人不同",
        "Owner differs from the consignee or consignor",
        unlike("owner", "consignee"),
        Show.YES_NO,
    ),
    _feature("weekday", Family.ROUTE, "申报日", "Day of the week", weekday, Show.WEEKDAY),
)
"""Amounts, weights, dates and contradictions."""


def declared_features() -> list[Feature]:
    """Return the features of declared values, categories first."""
    categories = [
        _feature(column, family, zh, en, Category(column), Show.CODE) for column, family, zh, en in CATEGORIES
    ]
    return [*categories, *NUMBERS]
