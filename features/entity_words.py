"""How an entity is named in a sentence, and the family under which its history is explained."""

from __future__ import annotations

from dataclasses import dataclass

from features.feature import Family


@dataclass(frozen=True, slots=True)
class EntityWords:
    """The name of an entity in Chinese and English, as it stands inside a sentence."""

    family: Family
    say: tuple[str, str]


ENTITY_WORDS: dict[str, EntityWords] = {
    "consignee": EntityWords(Family.ENTERPRISE, ("该境内收发货人", "this consignee or consignor")),
    "owner": EntityWords(Family.ENTERPRISE, ("该消费使用（生产销售）单位", "this owner of the goods")),
    "agent": EntityWords(Family.ENTERPRISE, ("该申报单位", "this customs agent")),
    "overseas_party": EntityWords(Family.ENTERPRISE, ("该境外收发货人", "this overseas party")),
    "consignee_hs4": EntityWords(
        Family.ENTERPRISE, ("该境内收发货人同品目货物", "this consignee's goods of this HS heading")
    ),
    "manufacturer": EntityWords(Family.MANUFACTURER, ("该生产企业", "this manufacturer")),
    "brand": EntityWords(Family.MANUFACTURER, ("该品牌", "this brand")),
    "office": EntityWords(Family.ROUTE, ("该申报海关", "this customs office")),
    "route": EntityWords(
        Family.ROUTE,
        ("同商品同原产国同启运国同优惠协定货物", "goods of this code, origin, departure and preference"),
    ),
    "destination": EntityWords(Family.ROUTE, ("该目的国", "this destination")),
    "hs6_destination": EntityWords(
        Family.ROUTE, ("同子目同目的国货物", "goods of this HS subheading for this destination")
    ),
    "origin": EntityWords(Family.ORIGIN, ("该原产国货物", "goods of this origin")),
    "hs4_origin": EntityWords(Family.ORIGIN, ("同品目同原产国货物", "goods of this HS heading and origin")),
    "hs10_origin": EntityWords(Family.ORIGIN, ("同商品编号同原产国货物", "goods of this HS code and origin")),
    "hs4": EntityWords(Family.GOODS, ("同品目（HS 4 位）货物", "goods of this HS heading")),
    "hs6": EntityWords(Family.GOODS, ("同子目（HS 6 位）货物", "goods of this HS subheading")),
    "hs10": EntityWords(Family.GOODS, ("同商品编号货物", "goods of this HS code")),
}
"""Words of every entity that features are made of; an entity without words refuses to be a feature."""
