"""A mapping made into closures, one per field, so that a row costs no decisions about the mapping."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from string import Formatter
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from features.importing import mapping as declared
from features.importing.source import Row
from features.instant_reader import LAST_DAYS, instant_reader
from features.instants import DAY, from_datetime
from features.rules import MissingField, NotInstant, NotNumber, NotOneOf

Getter: TypeAlias = Callable[[Row], Any]
Step: TypeAlias = Callable[[Any], Any]
_HASH_LENGTH = 20
_TIMES = frozenset("HIMSfcX")
"""Directives of date formats that say a time of day."""


class FieldCompiler:
    """Makes getters (row → value or None) from the field specifications of one mapping."""

    def __init__(self, mapping: declared.Mapping) -> None:
        self._mapping = mapping
        self._missing = frozenset({"", *mapping.missing})
        self.zone = ZoneInfo(mapping.zone)

    def getter(self, name: str, spec: declared.Spec) -> Getter:
        """Return the getter of a field; of several alternatives the first that says something counts."""
        getters = [self._conditional(name, field) for field in declared.parts(spec)]
        if len(getters) == 1:
            return getters[0]

        def first(row: Row) -> Any:
            return next((value for get in getters if (value := get(row)) is not None), None)

        return first

    def condition(self, condition: declared.Condition) -> Callable[[Row], bool]:
        """Return whether a row fulfils a condition."""
        column = self._column(condition.column)
        if condition.among is None:
            return lambda row: column(row) is not None
        among = frozenset(condition.among)
        return lambda row: str(column(row)) in among

    def _conditional(self, name: str, field: declared.Field) -> Getter:
        get = self._stepped(name, field)
        if field.when is None:
            return get
        holds = self.condition(field.when)
        return lambda row: get(row) if holds(row) else None

    def _stepped(self, name: str, field: declared.Field) -> Getter:
        get = self._raw(name, field)
        steps = self._steps(name, field)
        if not steps:
            return get

        def stepped(row: Row) -> Any:
            value = get(row)
            for step in steps:
                if value is None:
                    return None
                value = step(value)
            return value

        return stepped

    def _raw(self, name: str, field: declared.Field) -> Getter:
        if field.column is not None:
            return self._column(field.column)
        if field.template is not None:
            return self._template(name, field.template)
        if field.hash is not None:
            return self._hash(field.prefix, field.hash)
        constant = field.constant
        return lambda row: constant  # noqa: ARG005

    def _column(self, column: str) -> Getter:
        missing = self._missing

        def get(row: Row) -> Any:
            value = row.get(column)
            if type(value) is str:
                value = value.strip()
                return None if value in missing else value
            return value

        return get

    def _template(self, name: str, template: str) -> Getter:
        pieces = [
            (text, self._column(column) if column else None)
            for text, column, *_ in Formatter().parse(template)
        ]
        columns = [column for _, column, *_ in Formatter().parse(template) if column]

        def fill(row: Row) -> str:
            filled = []
            for text, get in pieces:
                value = get(row) if get else ""
                if value is None:
                    raise MissingField(
                        name,
                        None,
                        f"is made of {' and '.join(columns)}, of which one is empty",
                        f"由 {'、'.join(columns)} 组成，其中有空值",
                    )
                filled.append(f"{text}{value}")
            return "".join(filled)

        return fill

    def _hash(self, prefix: str, columns: list[str]) -> Getter:
        getters = [self._column(column) for column in columns]

        def digest(row: Row) -> str:
            joined = "\x1f".join(str(get(row)) for get in getters)
            return prefix + hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]

        return digest

    def _steps(self, name: str, field: declared.Field) -> list[Step]:
        steps: list[Step] = []
        if field.unwrap:
            steps.append(lambda value: "".join(str(value).splitlines()))
        if field.split is not None:
            steps.append(_splitter(field.split, self._missing))
        if field.casefold:
            steps.append(lambda value: str(value).casefold())
        values = field.values if field.table is None else self._mapping.tables[field.table]
        if values is not None:
            steps.append(_translator(name, values))
        if field.date_format is not None:
            steps.append(_date_reader(name, field.date_format, self.zone))
        if field.scale is not None:
            steps.append(_scaler(name, field.scale))
        if field.delay_days:
            steps.append(_delayer(name, field.delay_days, self.zone))
        return steps


def _splitter(separator: str, missing: frozenset[str]) -> Step:
    def first(value: Any) -> str | None:
        parts = (part.strip() for part in str(value).split(separator))
        return next((part for part in parts if part not in missing), None)

    return first


def _translator(name: str, values: Mapping[str, str]) -> Step:
    known = ", ".join(list(values)[:12])
    known_zh = f"映射中没有对应；已有 {'、'.join(list(values)[:12])}"
    other = values.get("*")

    def translate(value: Any) -> str | None:
        found = values.get(str(value), other)
        if found is None:
            raise NotOneOf(name, value, f"has no translation in the mapping, which knows {known}", known_zh)
        return found or None

    return translate


def _date_reader(name: str, date_format: str, zone: ZoneInfo) -> Step:
    is_day = name in LAST_DAYS and _TIMES.isdisjoint(part[:1] for part in date_format.split("%")[1:])

    @lru_cache(maxsize=1 << 14)
    def read(value: str) -> int | dt.date:
        try:
            moment = dt.datetime.strptime(value, date_format)
            return moment.date() if is_day else from_datetime(moment, zone)
        except ValueError as error:
            raise NotInstant(
                name, value, f"is not of the form {date_format}", f"格式须为 {date_format}"
            ) from error

    # A sheet's own dates are dates already.
    return lambda value: read(value) if type(value) is str else value


def _scaler(name: str, factor: float) -> Step:
    def scale(value: Any) -> float:
        try:
            return float(value) * factor
        except (TypeError, ValueError) as error:
            raise NotNumber(name, value) from error

    return scale


def _delayer(name: str, days: float, zone: ZoneInfo) -> Step:
    read = instant_reader(name, zone)
    delay = round(days * DAY)
    return lambda value: read(value) + delay
