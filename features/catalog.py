"""The catalogue: every feature there is, by name, and the columns that a model uses by default.

`python -m features.catalog --markdown` writes the table of `docs/features.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from features.aggregates import aggregate_features
from features.combined import combined_features
from features.declaration import declared_features
from features.feature import FAMILY_WORDS, Feature, FeatureDeclarationError
from features.goods.features import goods_features
from features.party_facts import party_features
from features.pooled import pooled_features
from features.pricing import price_features


def catalogue_of(features: Iterable[Feature]) -> Mapping[str, Feature]:
    """Return features by name; two of one name are refused, as a name must never change its meaning."""
    found: dict[str, Feature] = {}
    for feature in features:
        if feature.name in found:
            raise FeatureDeclarationError(
                f"feature {feature.name} stands twice in the catalogue: names are unique",
                field="name",
                value=feature.name,
            )
        found[feature.name] = feature
    return MappingProxyType(found)


_AGGREGATES = catalogue_of(aggregate_features())
CATALOG: Mapping[str, Feature] = catalogue_of(
    [
        *declared_features(),
        *goods_features(),
        *price_features(),
        *party_features(),
        *_AGGREGATES.values(),
        *combined_features(_AGGREGATES),
        *pooled_features(),
    ]
)
"""Every feature by name."""


def _by(measure: str, window: str, *entities: str) -> tuple[str, ...]:
    return tuple(f"{measure}_by_{entity}{window}" for entity in entities)


MODEL_FEATURES: tuple[str, ...] = (
    "direction", "regime", "hs2", "hs4", "hs6", "hs_code", "purpose", "origin", "origin_indicator",
    "preference", "departure", "trading_country", "destination", "office", "port_office", "transport_mode",
    "supervision_mode", "process_type", "payment_type",
    "duty_rate", "log_value", "log_unit_price", "log_value_per_kg", "log_net_weight", "log_kg_per_package",
    "statutory_inspection", "dangerous", "manufacturer_unstated", "origin_not_departure",
    "declared_name_risk",
    "price_to_usual_by_hs10", "price_score_by_hs10",
    "price_to_usual_by_hs10_origin", "price_score_by_hs10_origin",
    "credit_rank_of_consignee", "registered_days_of_consignee", "penalties_of_consignee",
    "duty_breaches_of_consignee", "recalls_of_manufacturer",
    *_by("nonconformity_ratio", "_all", "consignee", "owner", "agent", "manufacturer", "overseas_party",
         "brand", "hs4", "hs6", "hs10", "origin", "hs4_origin", "hs10_origin", "route", "consignee_hs4",
         "hs6_destination"),
    *_by("nonconformity_ratio", "_365d", "consignee", "owner", "agent", "manufacturer", "overseas_party",
         "brand", "hs4", "hs6", "origin", "hs4_origin", "hs10_origin", "route", "consignee_hs4", "office"),
    *_by("nonconformity_ratio", "_90d", "manufacturer", "brand", "hs4_origin"),
    *_by("recent_nonconformity_ratio", "", "consignee", "agent", "manufacturer", "brand", "hs4_origin",
         "hs10_origin", "route", "consignee_hs4"),
    *_by("targeted_nonconformity_ratio", "_365d", "consignee", "manufacturer", "hs4_origin"),
    *_by("targeted_nonconformity_ratio", "_all", "overseas_party", "brand", "hs10_origin"),
    *_by("inspection_ratio", "_90d", "manufacturer", "overseas_party"),
    *_by("inspection_ratio", "_365d", "consignee"),
    *_by("days_since_failure", "", "consignee", "manufacturer", "brand", "hs4_origin", "hs10_origin"),
    *_by("seniority", "", "consignee", "overseas_party"),
    *_by("declared_share", "_365d", "consignee"),
    *_by("activity_ratio", "_30d", "consignee"),
    *_by("value_to_usual", "_365d", "consignee_hs4"),
    *_by("found_ratio", "_all", "consignee", "manufacturer", "brand", "hs4_origin"),
    *_by("found_ratio", "_365d", "manufacturer", "brand", "hs4_origin"),
    *_by("days_since_found", "", "hs4_origin"),
    *_by("hazard_lift", "_90d", "brand"),
    *_by("complaint_burst", "_30d", "brand"),
    "fresh_complaints", "complaint_evidence", "known_defects",
    "goods_history", "traders_history", "makers_history", "whole_history",
)  # fmt: skip
"""The columns of a model unless it is told otherwise, in their order; at most 120, all from the catalogue."""


def markdown() -> str:
    """Return the catalogue as the text of `docs/features.md`."""
    rows = [
        "# Features",
        "",
        "Written by `python -m features.catalog --markdown`; a test compares it with the catalogue.",
        f"{len(CATALOG)} features, of which a model uses the {len(MODEL_FEATURES)} marked ● by default.",
    ]
    for family, (zh, en) in FAMILY_WORDS.items():
        rows += [
            "",
            f"## {zh} · {en}",
            "",
            "| feature | model | type | 中文 | English |",
            "|---|---|---|---|---|",
        ]
        rows += [_row(feature) for feature in CATALOG.values() if feature.family is family]
    return "\n".join(rows) + "\n"


def _row(feature: Feature) -> str:
    mark = "●" if feature.name in MODEL_FEATURES else ""
    kind = "category" if feature.dtype is str else "number"
    return f"| `{feature.name}` | {mark} | {kind} | {feature.zh} | {feature.en} |"


if __name__ == "__main__":
    sys.stdout.write(markdown() if "--markdown" in sys.argv else "\n".join(CATALOG) + "\n")
