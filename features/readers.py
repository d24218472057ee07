"""One closure per field type: a raw value in, a typed value, None for a missing one, or a broken rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias
from unicodedata import category

import msgspec

from features.code_tables import alpha2
from features.remembered import LONGEST_KEPT
from features.rules import (
    BrokenRule,
    BrokenText,
    ControlCharacters,
    Negative,
    NotFinite,
    NotNumber,
    NotOneOf,
    NotText,
    NotWhole,
    OutOfRange,
    UnknownCountry,
    UnknownField,
    WrongType,
)

Reader: TypeAlias = Callable[[Any], Any]

INSTANTS = frozenset(
    {"happened_at", "registered_at", "credit_valid_from", "credit_valid_to", "produced_at", "published_at"}
)
COUNTRIES = frozenset(
    {"country", "origin", "departure", "destination", "trading_country", "notifying_country"}
)
_YES = frozenset({"true", "1", "yes", "y", "是"})
_NO = frozenset({"false", "0", "no", "n", "否"})
_MOST_KEPT = 1 << 12
_LARGEST = 2**53
"""The largest count: greater ones are not whole in every program."""


class Memo(dict[Any, Any]):
    """What was read for texts that recur; `memo[value]` reads a new one.

    Only texts may be read: 1, 1.0 and True would be one key. Long ones are not kept: what is sent is bounded
    later.
    """

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, value: Any) -> Any:
        found = self._read(value)
        if len(self) < _MOST_KEPT and len(value) <= LONGEST_KEPT:
            self[value] = found
        return found


def code_reader(name: str) -> Reader:
    """Codes: text only, stripped, printable."""

    def read(value: Any) -> str | None:
        if type(value) is not str:
            raise _not_text(name, value)
        text = value.strip()
        if not text.isprintable():
            _refuse_invisible(name, text)
        return text or None

    return read


def id_reader(name: str) -> Reader:
    """Ids: like codes, but a whole number is taken as its digits, as ids are not padded."""
    code = code_reader(name)

    def read(value: Any) -> str | None:
        if type(value) is int:
            return str(value)
        found: str | None = code(value)
        return found

    return read


def text_reader(name: str) -> Reader:
    """Names and texts: stripped; a whole number is taken as its digits."""

    def read(value: Any) -> str | None:
        if type(value) is not str:
            if type(value) is int:
                return str(value)
            raise _not_text(name, value)
        text = value.strip()
        if not (text.isascii() or _is_encodable(text)):
            raise BrokenText(name, value)
        if "\0" in text:
            raise ControlCharacters(name, value)
        return text or None

    return read


def _not_text(name: str, value: object) -> BrokenRule:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return NotText(name, value) if is_number else WrongType(name, value, "is not text", "须为文本")


def _refuse_invisible(name: str, text: str) -> None:
    """Raise a broken rule for control, format and surrogate characters; spaces of any width may stay."""
    if not _is_encodable(text):
        raise BrokenText(name, text)
    if any(category(character).startswith("C") for character in text):
        raise ControlCharacters(name, text)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def number_reader(name: str) -> Reader:
    """Amounts: finite and zero or more."""

    def read(value: Any) -> float | None:
        number = value if type(value) is float else _number(name, value)
        if number is None or 0.0 <= number < math.inf:
            return number
        raise Negative(name, value) if number < 0 and math.isfinite(number) else NotFinite(name, value)

    return read


def _number(name: str, value: Any) -> float | None:
    if type(value) is not str:
        if not isinstance(value, (int, Decimal)) or isinstance(value, bool):
            raise NotNumber(name, value)
    elif "_" in value:
        raise NotNumber(name, value)
    try:
        return float(value)
    except ValueError as error:
        if not str(value).strip():
            return None
        raise NotNumber(name, value) from error
    except OverflowError as error:
        raise NotFinite(name, value) from error


def whole_reader(name: str) -> Reader:
    """Counts: whole numbers, zero or more."""
    number = number_reader(name)

    def read(value: Any) -> int | None:
        found = number(value)
        if found is None:
            return None
        if found > _LARGEST:
            raise OutOfRange(name, value, f"is above {_LARGEST}", f"须不超过 {_LARGEST}")
        if found != int(found):
            raise NotWhole(name, value)
        return int(found)

    return read


def flag_reader(name: str) -> Reader:
    """Yes or no: true, 1, yes, 是 or false, 0, no, 否."""

    def read(value: Any) -> bool | None:
        if type(value) is bool:
            return value
        word = str(value).strip().casefold()
        if not word:
            return None
        if word in _YES or word in _NO:
            return word in _YES
        raise WrongType(name, value, "is neither true nor false", "须为是或否")

    return read


def word_reader(name: str, words: tuple[str, ...]) -> Reader:
    """Words of a closed vocabulary, whatever their case."""
    known = {word.casefold(): word for word in words} | {word: word for word in words}
    listed = f"is not one of {', '.join(words)}", f"须为 {'、'.join(words)} 之一"

    def read(value: Any) -> str | None:
        if type(value) is not str:
            raise WrongType(name, value, *listed)
        word = known.get(value) or known.get(value.strip().casefold())
        if word is None and value.strip():
            raise NotOneOf(name, value, *listed)
        return word

    return read


def country_reader(name: str) -> Reader:
    """Countries, to ISO alpha-2."""

    def read(value: Any) -> str | None:
        if type(value) is not str:
            raise _not_text(name, value)
        code = alpha2(value)
        if code is None and value.strip():
            raise UnknownCountry(name, value)
        return code

    return read


def list_reader(name: str, item: Reader) -> Reader:
    """Lists, or texts joined by '|' (a JSON list where the items have parts)."""

    def read(value: Any) -> tuple[Any, ...] | None:
        if type(value) is str:
            value = _split(name, value)
        if not hasattr(value, "__iter__") or isinstance(value, Mapping):
            raise WrongType(name, value, "is not a list", "须为列表")
        return tuple(one for one in (item(part) for part in value) if one is not None)

    return read


def _split(name: str, text: str) -> Any:
    if not text.lstrip().startswith("["):
        return text.split("|")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise WrongType(name, text, "is not a JSON list", "须为 JSON 列表") from error


def part_reader(name: str, parts: Mapping[str, Reader]) -> Reader:
    """Items that have fields of their own, such as a party's events."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise WrongType(name, value, "is not an object", "须为对象")
        unknown = next((key for key in value if key not in parts), None)
        if unknown is not None:
            raise UnknownField(f"{name}.{unknown}", value[unknown])
        return {key: parts[key](one) for key, one in value.items() if one is not None}

    return read
