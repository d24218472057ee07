"""The code tables in `codes/*.csv`: customs districts, countries, modes, units, credit levels, tariff names.

They were gathered from public sources; the columns `provenance`, `..._ours` and `..._unverified` say what
is not confirmed, and are carried along. Each table is read when first asked for, and kept.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from features.remembered import remembered

FOLDER = Path(__file__).parent / "codes"
Table: TypeAlias = Mapping[str, Mapping[str, str]]

_KEYS = {
    "customs_districts": "code",
    "supervision_modes": "code",
    "transport_modes": "code",
    "countries": "alpha2",
    "hs_chapters": "chapter",
    "hs8": "code",
    "hs10": "code",
    "units": "code",
}
_SUFFIX = re.compile(r"\(([A-Z]{2})\)$")


def read_rows(name: str) -> list[dict[str, str]]:
    """Read the rows of the table `name`, in file order."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=16)
def table(name: str) -> Table:
    """Return a table as code → row; names: customs_districts, supervision_modes, transport_modes, countries,
    hs_chapters, hs8, hs10, units.

    Raises KeyError for a table that does not exist.
    """
    key = _KEYS[name]
    return MappingProxyType({row[key]: MappingProxyType(row) for row in read_rows(name)})


@lru_cache(maxsize=1)
def country_codes() -> Mapping[str, str]:
    """Return every way to write a country (alpha-2, alpha-3, ISO numeric, names; case-folded) → alpha-2.

    `ZZ` (single window ZZZ) is a country not known. The customs' old three-digit country numbers are not
    here: they collide with the ISO ones.
    """
    codes: dict[str, str] = {}
    for row in read_rows("country_aliases"):
        codes[row["name"].casefold()] = row["alpha2"]
    for row in read_rows("countries"):
        for column in ("alpha2", "alpha3", "numeric", "name_zh", "name_en"):
            codes[row[column].casefold()] = row["alpha2"]
    return MappingProxyType(codes)


@remembered(1 << 14)
def alpha2(country: str) -> str | None:
    """Return the ISO alpha-2 code of a country written in any known way; None where it is not known.

    A name may end with its code in brackets: `Germany (DE)`.
    """
    suffix = _SUFFIX.search(country)
    return country_codes().get((suffix.group(1) if suffix else country.strip()).casefold())


def country_name(code: str) -> tuple[str, str]:
    """Return the Chinese and English names of an alpha-2 code; the code itself where there is none."""
    row = table("countries").get(code, {})
    return row.get("name_zh", code), row.get("name_en", code)


def unit_name(code: str) -> tuple[str, str] | None:
    """Return the Chinese and English names of the customs' code of a unit (`035`); None where it has none."""
    row = table("units").get(code)
    return None if row is None else (row["name_zh"], row["name_en_ours"])


def tariff_name(hs_code: str) -> str | None:
    """Return the Chinese name of an HS code's tariff line: of its 10 digits, else of its 8."""
    row = table("hs10").get(hs_code[:10]) or table("hs8").get(hs_code[:8])
    return None if row is None else row["name_zh"]


@lru_cache(maxsize=1)
def credit_levels() -> tuple[Mapping[str, str], ...]:
    """Return the levels of every enterprise credit scheme, with their validity and our rank."""
    return tuple(MappingProxyType(row) for row in read_rows("credit_levels"))


@lru_cache(maxsize=256)
def credit_rank(scheme: str | None, level: str | None) -> int | None:
    """Return our rank of a credit level (higher is better); None where scheme and level name none.

    Without a scheme the newest one that has the level counts. Text in brackets after the level's name is
    optional.
    """
    ranks = [
        int(row["rank_ours_high_is_better"])
        for row in credit_levels()
        if level in (row["level_zh"], row["level_zh"].split("(")[0]) and scheme in (None, row["scheme"])
    ]
    return ranks[-1] if ranks else None
