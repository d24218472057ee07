"""What a code stands for, from the code tables, so that nobody has to know it by heart."""

from __future__ import annotations

from functools import lru_cache

from features.code_tables import country_name, table, tariff_name, unit_name
from features.wording import Language

_LONGEST = 24
_COUNTRIES = frozenset({"origin", "departure", "destination", "trading_country"})
_TABLES = {
    "office": "customs_districts",
    "port_office": "customs_districts",
    "supervision_mode": "supervision_modes",
    "transport_mode": "transport_modes",
}
_TERMS: dict[tuple[str, str], tuple[str, str]] = {
    ("direction", "import"): ("进口", "import"),
    ("direction", "export"): ("出口", "export"),
    ("regime", "general"): ("一般商品", "general goods"),
    ("regime", "food"): ("进出口食品", "food"),
    ("regime", "animal_plant"): ("动植物及其产品", "animals, plants and their products"),
    ("regime", "hazardous"): ("危险货物", "hazardous goods"),
    ("regime", "cosmetics"): ("化妆品", "cosmetics"),
}


@lru_cache(maxsize=4096)
def code_name(column: str, code: str, language: Language) -> str | None:
    """Return what a code of a column is called; None where no table says, or not in this language."""
    at = 0 if language == "zh" else 1
    if (column, code) in _TERMS:
        return _TERMS[column, code][at]
    if column in _COUNTRIES:
        name = country_name(code)[at]
        return None if name == code else name
    if column.startswith("hs"):
        return _goods(code, language)
    if column == "unit":
        names = unit_name(code)
        return None if names is None else names[at]
    row = table(_TABLES[column]).get(code) if column in _TABLES and language == "zh" else None
    return None if row is None else _shortened(row["name_zh"])


def _goods(code: str, language: Language) -> str | None:
    """Name goods by their tariff line in Chinese, and by their chapter where there is no other name."""
    line = tariff_name(code) if language == "zh" else None
    if line is not None:
        return _shortened(line)
    chapter = table("hs_chapters").get(code[:2])
    if chapter is None:
        return None
    if language == "zh":
        title = _shortened(chapter["title_zh"].split(";")[0])
        return title if len(code) == 2 else f"属{title}"
    title = chapter["title_en_short"]
    return title if len(code) == 2 else f"within {title.lower()}"


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
