"""Which way a column moves the risk, where that is known before any training: no tree may say the opposite.

A firm with more penalties may not look safer for them. What a column says on its own, other columns can say
too, so that without this a tree hands out opposite signs among them by chance, and no officer would follow.
Known values are held so: a missing one may still be split off as riskier than all of them, never as safer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from features.catalog import CATALOG
from features.feature import Aggregate
from features.party_facts import PARTY_COLUMNS

MEASURES: Mapping[str, int] = MappingProxyType(
    {
        "nonconformity_ratio": 1,
        "random_nonconformity_ratio": 1,
        "targeted_nonconformity_ratio": 1,
        "recent_nonconformity_ratio": 1,
        "laboratory_ratio": 1,
        "found_ratio": 1,
        "found_severity": 1,
        "complaint_ratio": 1,
        "complaint_weight_ratio": 1,
        "complaint_burst": 1,
        "hazard_ratio": 1,
        "hazard_lift": 1,
        "hazard_burst": 1,
        "told_severity_ratio": 1,
        "told_injured_ratio": 1,
        "days_since_failure": -1,
        "days_since_found": -1,
        "days_since_complaint": -1,
    }
)
"""Measures of the history: 1 where more is never safer, -1 where more is never riskier."""

FACTS: Mapping[str, int] = MappingProxyType(
    {"penalties": 1, "recalls": 1, "duty_breaches": 1, "credit_rank": -1}
)
"""Facts of a party, alike."""

JUDGEMENTS = frozenset(
    {
        "declared_name_risk",
        "goods_history",
        "traders_history",
        "makers_history",
        "complaints_history",
        "whole_history",
        "fresh_complaints",
        "complaint_evidence",
        "known_defects",
    }
)
"""Judgements of the risk made of several records or words: more is never safer."""

_OF_PARTIES = {f"{fact}_of_{party}": sign for fact, sign in FACTS.items() for party in PARTY_COLUMNS}


def known_signs(names: Sequence[str]) -> tuple[int, ...]:
    """Return for each column 1 or -1 where its direction is known, else 0, as LightGBM's constraints."""
    return tuple(_sign(name) for name in names)


def _sign(name: str) -> int:
    source = CATALOG[name].source
    if isinstance(source, Aggregate):
        return MEASURES.get(source.measure, 0)
    return 1 if name in JUDGEMENTS else _OF_PARTIES.get(name, 0)
