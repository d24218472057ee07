"""A mapping: which records a row of someone else's file yields, declared in TOML.

zone = "Asia/Seoul"                       # of times that name none
missing = ["/"]                           # texts that mean nothing is known
[ignored]                                 # columns not taken, and why
"Courier ID" = "no field of ours"
[tables.transport]                        # a code table: theirs = "ours"
"10" = "2"
[[record]]                                # a record that each row yields
kind = "declaration"
when = { column = "Fraud", in = ["0"] }   # only such rows
known_at = { column = "Date", delay_days = 1 }
[record.fields]
id = { template = "KCS-{Declaration ID}" }
origin = "Country of Origin"              # a column
direction = { constant = "import" }
transport_mode = { column = "Mode", table = "transport" }
consignee = ["Code", "Customs code"]      # the first that says something
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from features.errors import FeaturesError
from features.records import RECORD_TYPES
from features.terms import Kind

FOLDER = Path(__file__).parent / "mappings"


class BadMapping(FeaturesError):
    """A mapping that cannot be used."""

    title = "Unusable mapping"
    title_zh = "映射不可用"
    remedy = "Correct the mapping file; features/importing/mapping.py shows its form, mappings/ has examples."
    remedy_zh = "请更正映射文件；格式见 features/importing/mapping.py，示例见 mappings/。"


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"among": "in"}):
    """A row counts when the column's text is among those given; without them, when it says anything."""

    column: str
    among: list[str] | None = None


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a field's value comes from, and what is done to it, in this order.

    One of `column`, `constant`, `template` or `hash` (of columns, after `prefix`). A column's text can be
    split at `split` (the first part that says something counts), case-folded, translated (`values` or a
    `table`; `*` is every other text), read by `date_format`, multiplied by `scale`, and delayed (times
    only).
    """

    column: str | None = None
    constant: str | float | bool | None = None
    template: str | None = None
    hash: list[str] | None = None
    prefix: str = ""
    unwrap: bool = False
    split: str | None = None
    casefold: bool = False
    values: dict[str, str] | None = None
    table: str | None = None
    date_format: str | None = None
    scale: float | None = None
    delay_days: float = 0.0
    when: Condition | None = None


Spec: TypeAlias = str | Field | list[str | Field]


class RecordRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record that rows yield; `kinds` are the KINDs of the command it belongs to, all unless given."""

    kind: Kind
    fields: dict[str, Spec]
    known_at: Spec | None = None
    when: Condition | None = None
    kinds: list[Kind] | None = None


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file; the codes in `own_codes` fields are the source's own: our tables do not doubt them."""

    title: str
    record: list[RecordRule]
    about: str = ""
    zone: str = "Asia/Shanghai"
    rows_in: str | None = None
    missing: list[str] = []
    own_codes: list[str] = []
    ignored: dict[str, str] = {}
    tables: dict[str, dict[str, str]] = {}

    def rules_for(self, kind: Kind) -> list[RecordRule]:
        """Return the records that rows yield when the command is given this KIND."""
        return [rule for rule in self.record if rule.kinds is None or kind in rule.kinds]


def shipped_mappings() -> list[str]:
    """Return the names of the mappings that ship with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_mapping(name: str) -> Mapping:
    """Load a shipped mapping by name, or any by the path of its .toml file.

    Raises BadMapping where there is none or it makes no sense.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    try:
        mapping = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Mapping)
    except FileNotFoundError as error:
        known = ", ".join(shipped_mappings())
        raise BadMapping(f"{name}: there is no such mapping; shipped are {known}", value=name) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadMapping(f"{path}: {error}", value=name) from error
    _check(path, mapping)
    return mapping


def _check(path: Path, mapping: Mapping) -> None:
    try:
        ZoneInfo(mapping.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadMapping(f"{path}: zone {mapping.zone!r} is no time zone", field="zone") from error
    for rule in mapping.record:
        known = RECORD_TYPES[rule.kind].__struct_fields__
        for name, spec in rule.fields.items():
            if name not in known:
                raise BadMapping(f"{path}: {rule.kind} has no field {name!r}", field=name)
            _check_sources(f"{path}: {rule.kind}.{name}", parts(spec), mapping)
        if "id" not in rule.fields:
            raise BadMapping(f"{path}: {rule.kind} needs an id", field="id")
        _check_sources(f"{path}: known_at", parts(rule.known_at), mapping)


def parts(spec: Spec | None) -> list[Field]:
    """Return the alternatives of a field's specification, columns spelt out."""
    if spec is None:
        return []
    alternatives = spec if isinstance(spec, list) else [spec]
    return [Field(column=one) if isinstance(one, str) else one for one in alternatives]


def _check_sources(place: str, sources: list[Field], mapping: Mapping) -> None:
    for source in sources:
        given = [source.column, source.constant, source.template, source.hash]
        if sum(value is not None for value in given) != 1:
            raise BadMapping(f"{place} needs exactly one of column, constant, template and hash")
        if source.table is not None and source.table not in mapping.tables:
            raise BadMapping(f"{place}: there is no [tables.{source.table}]", value=source.table)
