"""Fields as a file or a request gives them, made into a typed record or a list of what is wrong with them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias, cast

import msgspec

from features import readers
from features.checks import check_record
from features.instant_reader import instant_reader
from features.instants import SHANGHAI, Instant
from features.records import RECORD_TYPES, AnyRecord
from features.rules import (
    BrokenRule,
    InFuture,
    InvalidRecord,
    MissingField,
    OutOfRange,
    TooEarly,
    UnknownField,
    WrongType,
)
from features.terms import Kind
from features.text.masking import mask

Reader: TypeAlias = Callable[[Any], Any]
SAID = frozenset({"text", "product_name", "url"})
"""Fields that hold a citizen's own words: personal numbers in them never reach a record."""
_PATH = re.compile(r" - at `\$\.?(\w*)")
_LIMIT = re.compile(r"Expected `\w+`(?P<length> of length)? (?P<sign><=|>=) (?P<number>\S+)")


def read_record(
    kind: Kind, fields: Mapping[str, object], *, zone: dt.tzinfo = SHANGHAI, now: Instant | None = None
) -> AnyRecord:
    """Return the record that `fields` describe.

    Texts are stripped and '' is missing; numbers may be texts; times are ISO 8601 (read in `zone` where
    they name none), datetimes or microseconds; countries may be written in any way the tables know; lists
    may be joined by '|'. Raises InvalidRecord, which has every broken rule, not the first alone.
    """
    found, errors = read_fields(kind, fields, zone)
    if errors:
        found = {name: value for name, value in found.items() if value is not None}
        if any(name not in found for name in required_fields(kind)):
            raise InvalidRecord(errors)
    record = _convert(kind, found, errors)
    if record is not None:
        errors += [_as_sent(error, fields) for error in check_record(record, now)]
    if record is None or errors:
        raise InvalidRecord(errors)
    return record


def read_fields(
    kind: Kind, fields: Mapping[str, object], zone: dt.tzinfo = SHANGHAI
) -> tuple[dict[str, Any], list[BrokenRule]]:
    """Read each field by its type; return those that have a value, and the rules broken."""
    found: dict[str, Any] = {}
    errors: list[BrokenRule] = []
    known = field_readers(kind, zone)
    for name, value in fields.items():
        if value is None or value == "":
            continue
        try:
            typed = known[name](value)
        except (BrokenRule, KeyError, TypeError) as error:
            errors.append(_broken(name, value, error))
            found[name] = None
        else:
            if typed is not None:
                found[name] = typed
    errors += [MissingField(name) for name in required_fields(kind) if name not in found]
    return found, errors


def _broken(name: str, value: object, error: Exception) -> BrokenRule:
    if isinstance(error, BrokenRule):
        return error
    # Memos raise TypeError for a list or an object, which cannot be looked up.
    return UnknownField(name, value) if isinstance(error, KeyError) else WrongType(name, value)


def _as_sent(error: BrokenRule, fields: Mapping[str, object]) -> BrokenRule:
    """Return a broken rule of dates with the value as it was sent, and as what it was read."""
    sent = fields.get(error.field or "")
    if not isinstance(error, (InFuture, TooEarly)) or not isinstance(sent, (str, int)):
        return error
    read = error.value
    return type(error)(error.field or "", sent, f"{error.rule} (read as {read})", f"读作 {read}")


def _convert(kind: Kind, found: dict[str, Any], errors: list[BrokenRule]) -> AnyRecord | None:
    try:
        return cast(AnyRecord, msgspec.convert(found, RECORD_TYPES[kind]))
    except msgspec.ValidationError as error:
        text = str(error)
        place = _PATH.search(text)
        field = place.group(1) if place else ""
        errors.append(_beyond(field, found.get(field), text.split(" - at ", maxsplit=1)[0]))
        return None


def _beyond(field: str, value: object, said: str) -> BrokenRule:
    """Say in both languages which limit a value breaks, by what the decoder says."""
    limit = _LIMIT.fullmatch(said)
    if limit is None:
        return OutOfRange(field, value, said)
    of_length, sign, number = limit["length"], limit["sign"], limit["number"].removesuffix(".0")
    if of_length:
        size, size_zh = ("", "")
        if isinstance(value, str):
            size, size_zh = f" of {len(value)},", f"，实为 {len(value)}"
        detail, detail_zh = ("above", "不超过") if sign == "<=" else ("below", "不少于")
        words = f"has a length{size} {detail} {number}", f"长度须{detail_zh} {number} 个字符{size_zh}"
        return OutOfRange(field, value, *words)
    detail, detail_zh = ("above", "不超过") if sign == "<=" else ("below", "不小于")
    return OutOfRange(field, value, f"is {detail} {number}", f"须{detail_zh} {number}")


@lru_cache(maxsize=16)
def required_fields(kind: Kind) -> tuple[str, ...]:
    """Return the fields that a record of this kind cannot be without."""
    return tuple(field.name for field in msgspec.structs.fields(RECORD_TYPES[kind]) if field.required)


@lru_cache(maxsize=64)
def field_readers(kind: Kind, zone: dt.tzinfo) -> Mapping[str, Reader]:
    """Return how each field of this kind of record is read."""
    return {name: _reader(name, kind_of, zone) for name, kind_of in _field_types(RECORD_TYPES[kind]).items()}


def _field_types(record: type[msgspec.Struct]) -> dict[str, Any]:
    info = msgspec.inspect.type_info(record)
    assert isinstance(info, msgspec.inspect.StructType)
    return {field.name: _without_none(field.type) for field in info.fields}


def _without_none(field_type: Any) -> Any:
    if isinstance(field_type, msgspec.inspect.UnionType):
        return next(part for part in field_type.types if not isinstance(part, msgspec.inspect.NoneType))
    return field_type


def _reader(name: str, field_type: Any, zone: dt.tzinfo) -> Reader:
    inspect = msgspec.inspect
    if name in readers.INSTANTS:
        return instant_reader(name, zone)
    if name in readers.COUNTRIES:
        return readers.Memo(readers.country_reader(name)).__getitem__
    if isinstance(field_type, inspect.EnumType):
        words = tuple(member.value for member in field_type.cls)
        return readers.Memo(readers.word_reader(name, words)).__getitem__
    if isinstance(field_type, inspect.VarTupleType):
        return readers.list_reader(name, _item_reader(name, field_type.item_type, zone))
    simple: dict[type, Callable[[str], Reader]] = {
        inspect.FloatType: readers.number_reader,
        inspect.IntType: readers.whole_reader,
        inspect.BoolType: readers.flag_reader,
    }
    maker = simple.get(type(field_type))
    if maker is not None:
        return maker(name)
    return readers.id_reader(name) if name == "id" or name.endswith("_id") else _text_reader(name, field_type)


def _text_reader(name: str, field_type: Any) -> Reader:
    if name in SAID:
        return _masked(readers.text_reader(name))
    is_code = field_type.max_length is not None and field_type.max_length <= 128
    return readers.Memo(readers.code_reader(name)).__getitem__ if is_code else readers.text_reader(name)


def _masked(read: Reader) -> Reader:
    def masked(value: Any) -> str | None:
        text = read(value)
        return None if text is None else mask(text)

    return masked


def _item_reader(name: str, item_type: Any, zone: dt.tzinfo) -> Reader:
    if isinstance(item_type, msgspec.inspect.StructType):
        parts = {part: _reader(part, kind, zone) for part, kind in _field_types(item_type.cls).items()}
        return readers.part_reader(name, parts)
    return _reader(name, item_type, zone)
