"""Which of our two languages a caller reads."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["zh", "en"]
DEFAULT: Language = "en"


@lru_cache(maxsize=256)
def preferred(accept_language: str | None) -> Language:
    """Return the language an Accept-Language header prefers; English where it names neither."""
    best: tuple[float, Language] = (0.0, DEFAULT)
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.partition(";")
        language = _known(tag)
        weight = _weight(parameters)
        if language is not None and weight > best[0]:
            best = (weight, language)
    return best[1]


def _known(tag: str) -> Language | None:
    primary = tag.strip().lower().split("-")[0]
    return "zh" if primary == "zh" else "en" if primary == "en" else None


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
