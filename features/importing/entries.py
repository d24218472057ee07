"""Rows into store entries: by a mapping, or by columns that are named as the fields are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, TypeAlias

from msgspec.structs import replace

from features.errors import LackingColumns, UnknownColumns
from features.importing import mapping as declared
from features.importing.compiled import FieldCompiler, Getter
from features.importing.source import Row
from features.instant_reader import instant_reader
from features.instants import SHANGHAI, Instant, show_instant
from features.reading import read_record
from features.records import RECORD_TYPES, AnyRecord
from features.rules import BrokenRule, InvalidRecord, KnownTooSoon, MissingField, NotOneOf
from features.store.entries import Entry
from features.terms import Kind

RowReader: TypeAlias = Callable[[Row], list[Entry]]
"""Reads the entries of a row; raises InvalidRecord with everything wrong in it."""

KNOWN_AT, ACTION = "known_at", "action"
_REMOVALS = {"withdraw": Entry.withdraw, "redact": Entry.redact}


@dataclass(frozen=True, slots=True)
class RowPlan:
    """How rows of a file become entries, and which columns that needs and leaves.

    `taken` are the columns read, `needed` those without which a file with a header cannot be read.
    """

    read: RowReader
    zone: dt.tzinfo
    taken: frozenset[str]
    needed: frozenset[str]
    rows_in: str | None = None
    strict: bool = False
    own_codes: frozenset[str] = frozenset()
    kind: str = "record"

    def check_columns(self, columns: Sequence[str] | None, file: object) -> list[str]:
        """Return the columns that are not taken; raises UnreadableFile over a missing or unknown one."""
        if columns is None:
            return []
        lacking = sorted(self.needed.difference(columns))
        if lacking:
            raise LackingColumns(f"{file}: lacks the columns {', '.join(lacking)}", value=lacking)
        left = [column for column in columns if column not in self.taken]
        if left and self.strict:
            message = f"{file}: these columns are no {self.kind} fields: {', '.join(left)}"
            raise UnknownColumns(message, value=left)
        return left


def plain_plan(kind: Kind, now: Instant, known_at: str = KNOWN_AT) -> RowPlan:
    """Read columns named as the record's fields, `known_at` (when it became known) and `action`.

    `action` is empty or put, or withdraw or redact, which need the id alone.
    """
    fields = RECORD_TYPES[kind].__struct_fields__
    read_known = instant_reader(KNOWN_AT, SHANGHAI)

    def read(row: Row) -> list[Entry]:
        values = dict(row)
        action = values.pop(ACTION, None)
        known = values.get(known_at) if known_at in fields else values.pop(known_at, None)
        if action not in (None, "", "put"):
            return [_removal(kind, str(action), values.get("id"), _read_known(read_known, known))]
        record = read_record(kind, values, now=now)
        return [Entry(record, _checked(_read_known(read_known, known), record, now, known))]

    taken = frozenset({*fields, known_at, ACTION})
    needed = frozenset({"id"} if known_at == KNOWN_AT else {"id", known_at})
    return RowPlan(read, SHANGHAI, taken, needed, strict=True, kind=str(kind))


def _read_known(read: Callable[[Any], Instant | None], value: Any) -> Instant | None:
    try:
        return None if value is None else read(value)
    except BrokenRule as error:
        raise InvalidRecord([error]) from error


def _removal(kind: Kind, action: str, id_: Any, known_at: Instant | None) -> Entry:
    remove = _REMOVALS.get(action.strip().casefold())
    if remove is None:
        raise InvalidRecord(
            [
                NotOneOf(
                    ACTION, action, "is not one of put, withdraw, redact", "须为 put、withdraw、redact 之一"
                )
            ]
        )
    if id_ in (None, ""):
        raise InvalidRecord([MissingField("id")])
    return remove(kind, str(id_).strip(), known_at)


def _checked(known_at: Instant | None, record: AnyRecord, now: Instant, shown: object) -> Instant | None:
    """Return when it became known; raises InvalidRecord naming the value as the file `shown` it."""
    if known_at is None or record.happened_at <= known_at <= now:
        return known_at
    read = show_instant(known_at)
    if known_at > now:
        detail, detail_zh = f"is after now (read as {read})", f"{read} 晚于当前时间"
    else:
        happened = show_instant(record.happened_at)
        detail = f"is before it happened, at {happened} (read as {read})"
        detail_zh = f"{read} 早于发生时间 {happened}"
    raise InvalidRecord([KnownTooSoon(KNOWN_AT, shown, detail, detail_zh)])


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: Kind
    getters: tuple[tuple[str, Getter], ...]
    holds: Callable[[Row], bool] | None
    known_at: Getter | None
    known_column: str | None


def mapped_plan(mapping: declared.Mapping, kind: Kind, now: Instant, known_at: str | None = None) -> RowPlan:
    """Read rows by a mapping; `known_at` is the column for records of which the mapping does not say it.

    Raises BadMapping when it yields nothing for this KIND, and when it says every known_at itself.
    """
    declared_rules = _rules_for(mapping, kind, known_at)
    compiler = FieldCompiler(mapping)
    rules = [_compile(rule, compiler) for rule in declared_rules]
    read_known = instant_reader(KNOWN_AT, compiler.zone)

    def read(row: Row) -> list[Entry]:
        entries: list[Entry] = []
        errors: list[BrokenRule] = []
        for rule in rules:
            if rule.holds is not None and not rule.holds(row):
                continue
            try:
                record = read_record(rule.kind, _fields(rule, row), zone=compiler.zone, now=now)
                known = rule.known_at(row) if rule.known_at is not None else None
                shown = row.get(rule.known_column or "") or known
                entries.append(Entry(record, _checked(_read_known(read_known, known), record, now, shown)))
            except InvalidRecord as error:
                errors.extend(error.errors)
            except BrokenRule as error:
                errors.append(error)
        if errors:
            raise InvalidRecord(errors)
        return entries

    taken = frozenset({*columns_of(declared_rules), *mapping.ignored})
    needed = frozenset() if mapping.rows_in else columns_of(declared_rules)
    own_codes = frozenset(mapping.own_codes)
    return RowPlan(read, compiler.zone, taken, needed, mapping.rows_in, own_codes=own_codes)


def _rules_for(mapping: declared.Mapping, kind: Kind, known_at: str | None) -> list[declared.RecordRule]:
    rules = mapping.rules_for(kind)
    if not rules:
        offered = sorted({str(one) for rule in mapping.record for one in rule.kinds or []})
        raise declared.BadMapping(f"the mapping yields nothing for {kind}, only for {', '.join(offered)}")
    if known_at is None:
        return rules
    if all(rule.known_at is not None for rule in rules):
        message = f"the mapping says itself when its records became known; leave {known_at!r} out"
        raise declared.BadMapping(message, field=KNOWN_AT, value=known_at)
    return [replace(rule, known_at=rule.known_at or known_at) for rule in rules]


def _compile(rule: declared.RecordRule, compiler: FieldCompiler) -> _Rule:
    getters = tuple((name, compiler.getter(name, spec)) for name, spec in rule.fields.items())
    holds = None if rule.when is None else compiler.condition(rule.when)
    known_at = None if rule.known_at is None else compiler.getter(KNOWN_AT, rule.known_at)
    columns = (field.column for field in declared.parts(rule.known_at))
    return _Rule(rule.kind, getters, holds, known_at, next((name for name in columns if name), None))


def _fields(rule: _Rule, row: Row) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    errors: list[BrokenRule] = []
    for name, get in rule.getters:
        try:
            fields[name] = get(row)
        except BrokenRule as error:
            errors.append(error)
    if errors:
        raise InvalidRecord(errors)
    return fields


def columns_of(rules: Sequence[declared.RecordRule]) -> frozenset[str]:
    """Return every column that these records read."""
    specs = [spec for rule in rules for spec in (*rule.fields.values(), rule.known_at)]
    fields = [field for spec in specs for field in declared.parts(spec)]
    conditions = [*(rule.when for rule in rules), *(field.when for field in fields)]
    columns = {condition.column for condition in conditions if condition is not None}
    for field in fields:
        columns.update([field.column] if field.column else [], field.hash or [])
        columns.update(column for _, column, *_ in Formatter().parse(field.template or "") if column)
    return frozenset(columns)
