"""What is doubtful in a record that is taken all the same: codes no table lists, values without effect.

Files and HTTP tell the same, the one as counts, the other record by record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from features.code_tables import credit_rank, table
from features.instants import DAY, Instant
from features.records import AnyRecord, Declaration, Inspection, Nonconformity, Opinion, Party
from features.text.lexicon import hazards
from features.uscc import LENGTH, is_valid
from features.values import rates_in_force

WITHOUT_VALUE = frozenset({"no_currency", "about_nothing", "before_its_line"})
"""Doubts that no value of the field tells of."""

DOUBTS: dict[str, tuple[str, str]] = {
    "unknown_code": ("is in no code table", "不在代码表中"),
    "check_digit": ("fails the check digit of the social credit code", "统一社会信用代码校验位不符"),
    "no_rate": (
        "is no currency with an exchange rate (three capital letters): the price is not counted",
        "没有该币制的汇率（币制为三位大写字母），价格不参与计算",
    ),
    "no_currency": (
        "has no currency beside it: the price is not counted",
        "未同时给出币制，价格不参与计算",
    ),
    "odd_unit": (
        "is not one of the customs' units (three digits): the price is compared with that of no other line",
        "不是海关计量单位代码（三位数字），价格无从比较",
    ),
    "odd_code": ("does not look like a code of this field", "不符合该字段代码的格式"),
    "unknown_level": (
        "is no level of a credit scheme that the tables list: it is not counted",
        "不是代码表所列信用管理办法中的等级，不参与计算",
    ),
    "unknown_hazard": (
        "is no hazard of the taxonomy: the finding counts for no hazard",
        "不在危害分类中，该不合格不计入任何危害",
    ),
    "about_nothing": (
        "and goods, brand and parties are all missing: the finding counts for nothing",
        "与商品、品牌、企业均未填写，该不合格不计入任何对象",
    ),
    "unknown_line": (
        "is no declaration stored so far: the record counts once it is",
        "尚无该报关单商品项，导入后方参与计算",
    ),
    "before_its_line": (
        "is before the line was declared",
        "早于该商品项的申报时间",
    ),
}
"""What a doubt says of a field's value, in English and Chinese."""


@dataclass(frozen=True, slots=True)
class RecordWarning:
    """Something doubtful in a record that is taken all the same; `code` is of DOUBTS, or an import's own."""

    field: str
    value: str
    message: str
    message_zh: str
    code: str = ""


@lru_cache(maxsize=1 << 12)
def doubt(code: str, field: str, value: str = "") -> RecordWarning:
    """Return the doubt `code` about the value of a field."""
    return RecordWarning(field, value, *DOUBTS[code], code)


_PARTIES = ("consignee", "owner", "agent")
_DOUBTED: dict[type, tuple[str, ...]] = {
    Declaration: (
        "hs_code", "office", "port_office", "district", "transport_mode", "supervision_mode", "levy_nature",
        "terms", "unit", *_PARTIES,
    ),
    Party: ("uscc",),
    Nonconformity: ("hs_code", "consignee", "hazard"),
    Opinion: ("hs_code", "consignee"),
}  # fmt: skip
_VALUES: Mapping[type, Callable[[Any], Any]] = {
    kind: attrgetter(*fields, "id") for kind, fields in _DOUBTED.items()
}


def record_warnings(record: AnyRecord) -> list[RecordWarning]:
    """Return what is doubtful in a record by itself."""
    kind = type(record)
    if kind is Inspection:
        return []
    doubts = [
        found
        for field, value in zip(_DOUBTED[kind], _VALUES[kind](record), strict=False)
        if value is not None and (found := _doubt(field, value)) is not None
    ]
    if isinstance(record, Declaration):
        doubts += _of_price(record)
    elif isinstance(record, Party):
        doubts += _of_party(record)
    elif isinstance(record, Nonconformity) and not any(_ABOUT(record)):
        doubts.append(doubt("about_nothing", "declaration_id"))
    return doubts


_ABOUT = attrgetter(
    "declaration_id", "hs_code", "product_name", "product_category", "brand", "manufacturer", "consignee"
)


def _of_price(line: Declaration) -> list[RecordWarning]:
    if line.currency is not None:
        known = line.currency in rates_in_force().series  # which may change
        return [] if known else [doubt("no_rate", "currency", line.currency)]
    lacks = line.total_price is not None and line.value_cny is None
    return [doubt("no_currency", "total_price")] if lacks else []


def _of_party(party: Party) -> list[RecordWarning]:
    level, scheme = party.credit_level, party.credit_scheme
    if level is None or credit_rank(scheme, level) is not None:
        return []
    return [doubt("unknown_level", "credit_level", level if scheme is None else f"{scheme} {level}")]


def lines_of(records: Iterable[AnyRecord]) -> set[str]:
    """Return the lines that inspections and findings among the records name."""
    named = (one.declaration_id for one in records if isinstance(one, (Inspection, Nonconformity)))
    return {one for one in named if one is not None}


def line_warnings(
    record: AnyRecord, declared: Mapping[str, Instant], *, named: bool = True
) -> list[RecordWarning]:
    """Return what is doubtful in an inspection or finding beside its line; `declared` says when lines were.

    A look at the day of the declaration may bear a date alone, so a day is allowed for. Unless `named`, the
    line's id is left out, as where warnings are counted.
    """
    if not isinstance(record, (Inspection, Nonconformity)) or record.declaration_id is None:
        return []
    at = declared.get(record.declaration_id)
    if at is None:
        return [doubt("unknown_line", "declaration_id", record.declaration_id if named else "")]
    early = isinstance(record, Inspection) and record.happened_at <= at - DAY
    return [doubt("before_its_line", "happened_at")] if early else []


@lru_cache(maxsize=1 << 16)
def _doubt(field: str, value: str) -> RecordWarning | None:
    if field in _PARTIES or field == "uscc":
        known = is_valid(value) or (field != "uscc" and not _looks_like_uscc(value))
        return None if known else doubt("check_digit", field, value)
    if field == "hazard":
        return None if value in _hazards() else doubt("unknown_hazard", field, value)
    if field in _FORMS:
        odd = "odd_unit" if field == "unit" else "odd_code"
        return None if _FORMS[field].fullmatch(value) else doubt(odd, field, value)
    return None if _is_listed(field, value) else doubt("unknown_code", field, value)


_FORMS = {
    "unit": re.compile("[0-9]{3}"),
    "levy_nature": re.compile("[0-9]{3}"),
    "district": re.compile("[0-9]{4,6}"),
}
"""Codes of which no table ships, as the customs write them."""


@lru_cache(maxsize=1)
def _hazards() -> frozenset[str]:
    return frozenset(hazards())


def _looks_like_uscc(code: str) -> bool:
    return len(code) == LENGTH and code.isascii() and code.isalnum()


def _is_listed(field: str, value: str) -> bool:
    if field == "hs_code":
        return value[:4] in _headings() or value[:2] in _NATIONAL
    if field in ("office", "port_office"):
        return len(value) == 4 and value[:2] + "00" in table("customs_districts")
    if field == "terms":
        return value in {"1", "2", "3", "4", "5", "6", "7"}
    return value in table(field + "s")


_NATIONAL = frozenset({"98", "99"})
"""Chapters that each country fills by itself."""
_NEWER = frozenset({"0309", "2404", "3827", "8549", "8807", "9620"})
"""Headings of HS 2017 and HS 2022 that the tables, of 2011, lack."""


@lru_cache(maxsize=1)
def _headings() -> frozenset[str]:
    return _NEWER.union(code[:4] for name in ("hs8", "hs10") for code in table(name))
