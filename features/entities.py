"""Who and what history is kept of: an entity is a tuple of line columns, always within one direction.

A tally is a kind of event counted by entity over windows of days. Both are declarations: the history builds
what stands here, and feature names are generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from features.text.lexicon import hazards

ENTITIES: dict[str, tuple[str, ...]] = {
    "all": (),
    "consignee": ("consignee",),
    "owner": ("owner",),
    "agent": ("agent",),
    "manufacturer": ("manufacturer",),
    "overseas_party": ("overseas_party",),
    "brand": ("brand",),
    "office": ("office",),
    "origin": ("origin",),
    "destination": ("destination",),
    "hs4": ("hs4",),
    "hs6": ("hs6",),
    "hs10": ("hs_code",),
    "hs4_origin": ("hs4", "origin"),
    "hs10_origin": ("hs_code", "origin"),
    "hs6_destination": ("hs6", "destination"),
    "route": ("hs_code", "origin", "departure", "preference"),
    "consignee_hs4": ("consignee", "hs4"),
    "hs10_unit": ("hs_code", "unit"),
    "hs10_origin_unit": ("hs_code", "origin", "unit"),
}
"""Entity name to the line columns whose values, with the direction, are its key."""

OPTIONAL_COLUMNS = frozenset({"preference"})
"""Columns whose absence is a value of its own; without any other column there is no such entity."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Events of one kind, counted by entity.

    `measures` are summed as int64 fixed point with `scale` units to one; the count itself needs no measure.
    `windows` are days; None is everything known.
    """

    name: str
    entities: tuple[str, ...]
    measures: tuple[str, ...]
    windows: tuple[int | None, ...]
    scale: int = 1


_TRADERS = ("consignee", "owner", "agent", "manufacturer", "overseas_party", "brand")
_GOODS = (
    "hs4",
    "hs6",
    "hs10",
    "origin",
    "destination",
    "hs4_origin",
    "hs10_origin",
    "hs6_destination",
    "route",
)

INSPECTED = Tally(
    name="inspected",
    entities=("all", *_TRADERS, "office", *_GOODS, "consignee_hs4"),
    measures=("failed", "random", "random_failed", "laboratory"),
    windows=(30, 90, 365, None),
)
"""Inspections with a result: an inspection enters count and `failed` together, when resolved."""

FOUND = Tally(
    name="found",
    entities=("all", "consignee", "manufacturer", "brand", "hs4", "hs6", "origin", "hs4_origin"),
    measures=("severity",),
    windows=(30, 90, 365, None),
)
"""Nonconformities found elsewhere, without a declaration line: market sampling, overseas notices, reports."""

COMPLAINED = Tally(
    name="complained",
    entities=("all", "consignee", "manufacturer", "brand", "hs4", "hs4_origin"),
    measures=("repeats", "hazardous", "severity", "injured", "newcomers", "weight"),
    windows=(7, 30, 90, 365),
)
"""Complaints as they were read, by what their source stated or else their text says.

`repeats` say what was said before and are in no other measure; `hazardous` name a hazard or someone hurt;
`newcomers` are complainants heard for the first time; `weight` is in hundredths.
"""

ENDANGERED = Tally(name="endangered", entities=("hs4",), measures=tuple(hazards()), windows=(7, 30, 365))
"""Complaints that name a hazard and are no repeats, counted for each of the hazard classes."""

DECLARED = Tally(
    name="declared",
    entities=("all", *_TRADERS, "office", "hs4", "hs10", "origin", "hs4_origin", "route", "consignee_hs4"),
    measures=("value_cny",),
    windows=(30, 90, 365, None),
    scale=100,
)
"""Declared lines that are not cancelled; the value in CNY in hundredths."""

PRICED = Tally(
    name="priced",
    entities=("hs10_unit", "hs10_origin_unit"),
    measures=("log_price", "log_price_squared"),
    windows=(365, None),
    scale=1 << 20,
)
"""Declared lines with a unit price: natural logarithm of CNY per legal unit, and its square."""

TALLIES: dict[str, Tally] = {
    tally.name: tally for tally in (INSPECTED, FOUND, COMPLAINED, ENDANGERED, DECLARED, PRICED)
}
