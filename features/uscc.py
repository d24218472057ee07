"""The unified social credit code (GB 32100): 18 characters, the last one a check digit.

Real codes that fail the check digit are in public use, so a failure is a warning, never a rejection.
Letters are allowed in every position but those the alphabet excludes (I, O, S, V, Z).
"""

from __future__ import annotations

from functools import lru_cache

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18
_WORTH = {character: worth for worth, character in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, position, 31) for position in range(LENGTH - 1))


def check_digit(code: str) -> str | None:
    """Return the check digit of a code's first 17 characters; None where they are not 17 of the alphabet."""
    stem = code[: LENGTH - 1]
    if len(stem) != LENGTH - 1 or any(character not in _WORTH for character in stem):
        return None
    total = sum(_WORTH[character] * weight for character, weight in zip(stem, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


@lru_cache(maxsize=1 << 16)
def is_valid(code: str) -> bool:
    """Say whether `code` has 18 characters of the alphabet and its check digit is right."""
    return len(code) == LENGTH and check_digit(code) == code[-1]
