"""Which law a line falls under: general goods, food, animals and plants, hazardous goods or cosmetics.

The table `codes/regimes.csv` is this project's proposal from chapter titles and headings, not an official
list: an authority replaces it. A row covers HS codes from `hs_from` to `hs_to` (same length); one with a
`ciq_code` holds for that inspection and quarantine code only. The most specific row wins.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

_TABLE = Path(__file__).parent / "codes" / "regimes.csv"
_LENGTHS = (10, 8, 6, 4, 2)


class Regime(StrEnum):
    """The body of law that a line falls under."""

    GENERAL = "general"
    FOOD = "food"
    ANIMAL_PLANT = "animal_plant"
    HAZARDOUS = "hazardous"
    COSMETICS = "cosmetics"


def expand(rows: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], Regime]:
    """Lay ranges of HS codes out as (code, CIQ code or '') → regime."""
    table: dict[tuple[str, str], Regime] = {}
    for row in rows:
        first, last = row["hs_from"], row["hs_to"]
        for code in range(int(first), int(last) + 1):
            table[str(code).zfill(len(first)), row["ciq_code"]] = Regime(row["regime"])
    return table


@lru_cache(maxsize=1)
def regime_table() -> dict[tuple[str, str], Regime]:
    """Return the shipped table, read once."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return expand(csv.DictReader(file))


@lru_cache(maxsize=1 << 16)
def regime_of(hs_code: str, ciq_code: str | None = None, *, dangerous: bool = False) -> Regime:
    """Return the regime of a line.

    Food, cosmetics, animals and plants keep their own law when the goods are also dangerous (a perfume);
    anything else that is declared dangerous is hazardous. A CIQ code may be given alone (3 digits) or after
    the HS code (13).
    """
    found = _look_up(hs_code, (ciq_code or "")[-3:], regime_table())
    return Regime.HAZARDOUS if dangerous and found is Regime.GENERAL else found


def _look_up(hs_code: str, ciq_code: str, table: Mapping[tuple[str, str], Regime]) -> Regime:
    prefixes = [hs_code[:length] for length in _LENGTHS if len(hs_code) >= length]
    codes = (ciq_code, "") if ciq_code else ("",)
    keys = ((prefix, code) for code in codes for prefix in prefixes)
    return next((table[key] for key in keys if key in table), Regime.GENERAL)
