"""What of a policy's file is not of the shape of a policy: entries missing, unknown or of another type."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec import inspect

from models.grading.errors import Problem
from models.grading.places import Path, at, place
from models.grading.policy import GradingPolicy

_LONGEST = 60
_PATTERNS = {
    r"^[0-9]{2,10}$": (
        "须为 2 至 10 位商品编号数字，写作带引号的文本",
        "must be 2 to 10 digits of an HS code, as text in quotes",
    )
}
_KINDS: dict[type[inspect.Type], tuple[str, str]] = {
    inspect.BoolType: ("须为 true 或 false", "must be true or false"),
    inspect.VarTupleType: ("须为方括号中的列表", "must be a list in brackets"),
    inspect.DictType: ("须为表", "must be a table"),
    inspect.StructType: ("须为表", "must be a table"),
}


class Fault(NamedTuple):
    """Where a file is not of the policy's shape, and why."""

    path: Path
    problem: Problem


def faults(document: Mapping[str, Any]) -> list[Fault]:
    """Return every place of a file, read as TOML, that is not of the policy's shape."""
    return [Fault(path, _told(document, path, why)) for path, why in _in_table(document, GradingPolicy, ())]


_Found = Iterator[tuple[Path, Problem]]


def _told(document: Mapping[str, Any], path: Path, why: Problem) -> Problem:
    where = place(document, path)
    levels = _levels(document) if path[2:3] == ("matrix",) and len(path) == 5 else None
    zh, en = why
    if levels:
        zh, en = f"{zh}，取 {levels} 之一", f"{en}, one of {levels}"
    gap = "" if where.zh.endswith("）") else " "
    return Problem(f"{where.zh}{gap}{zh}", f"{where.en} {en}")


def _levels(document: Mapping[str, Any]) -> str:
    grades = at(document, ("grade",))
    told = [at(entry, ("level",)) for entry in grades] if isinstance(grades, list) else []
    return ", ".join(level for level in told if isinstance(level, str))


def _inside(value: Any, kind: Any, path: Path) -> _Found:
    match inspect.type_info(kind):
        case inspect.StructType(cls=cls):
            yield from _in_table(value, cls, path)
        case inspect.VarTupleType() as info:
            if not isinstance(value, list):
                yield path, _wrong(value, *_KINDS[type(info)])
                return
            for number, one in enumerate(value):
                yield from _inside(one, get_args(kind)[0], (*path, number))
        case inspect.DictType(key_type=key) as info:
            if not isinstance(value, dict):
                yield path, _wrong(value, *_KINDS[type(info)])
                return
            yield from _in_dict(value, kind, key, path)
        case _:
            yield from _leaf(value, kind, path)


def _in_table(value: Any, cls: type[msgspec.Struct], path: Path) -> _Found:
    if not isinstance(value, Mapping):
        yield path, _wrong(value, *_KINDS[inspect.StructType])
        return
    fields = {field.name: field for field in msgspec.structs.fields(cls)}
    known = ", ".join(fields)
    for name in value:
        if name not in fields:
            yield (*path, name), Problem(f"未知条目；可用 {known}", f"is unknown; known are {known}")
    for name, field in fields.items():
        if name in value:
            yield from _inside(value[name], field.type, (*path, name))
        elif field.required:
            rule = _rule(field.type)
            yield (*path, name), Problem(f"缺失：{rule.zh}", f"is missing: it {rule.en}")


def _in_dict(value: dict[str, Any], kind: Any, key: inspect.Type, path: Path) -> _Found:
    names = [str(one.value) for one in key.cls] if isinstance(key, inspect.EnumType) else None
    for name, one in value.items():
        if names is not None and name not in names:
            known = ", ".join(names)
            yield (*path, name), Problem(f"未知；可用 {known}", f"is unknown; known are {known}")
        else:
            yield from _inside(one, get_args(kind)[1], (*path, name))


def _leaf(value: Any, kind: Any, path: Path) -> _Found:
    try:
        msgspec.convert(value, kind)
        broken = isinstance(value, float) and not math.isfinite(value)
    except msgspec.ValidationError:
        broken = True
    if broken:
        yield path, _wrong(value, *_rule(kind))


def _wrong(value: Any, zh: str, en: str) -> Problem:
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    return Problem(f"为 {shown}：{zh}", f"is {shown}: {en}")


def _rule(kind: Any) -> Problem:
    """Say what a value of a type must be."""
    info = inspect.type_info(kind)
    if isinstance(info, inspect.UnionType):
        info = next(one for one in info.types if not isinstance(one, inspect.NoneType))
    match info:
        case inspect.EnumType(cls=cls):
            names = ", ".join(str(one.value) for one in cls)
            return Problem(
                f"须为 {names} 之一，写作带引号的文本", f"must be one of {names}, as text in quotes"
            )
        case inspect.IntType():
            return _number(info, "整数", "a whole number")
        case inspect.FloatType():
            return _number(info, "数", "a number")
        case inspect.StrType():
            return _text(info)
        case _:
            return Problem(*_KINDS[type(info)])


def _number(info: inspect.IntType | inspect.FloatType, zh: str, en: str) -> Problem:
    if info.ge is not None and info.le is not None:
        return Problem(f"须为 {info.ge} 至 {info.le} 的{zh}", f"must be {en} from {info.ge} to {info.le}")
    if info.ge is not None and info.lt is not None:
        return Problem(
            f"须为不小于 {info.ge} 且小于 {info.lt} 的{zh}",
            f"must be {en} of at least {info.ge} and below {info.lt}",
        )
    if info.ge is not None:
        return Problem(f"须为不小于 {info.ge} 的{zh}", f"must be {en} of at least {info.ge}")
    return Problem(f"须为{zh}", f"must be {en}")


def _text(info: inspect.StrType) -> Problem:
    if info.pattern is not None:
        return Problem(*_PATTERNS[info.pattern])
    if info.max_length is not None:
        least, most = info.min_length or 0, info.max_length
        return Problem(
            f"须为 {least} 至 {most} 个字符的文本，带引号",
            f"must be text of {least} to {most} characters in quotes",
        )
    return Problem("须为带引号的文本", "must be text in quotes")
