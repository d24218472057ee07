"""A counted record in one line, and what is said above a list of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from features.entity_words import ENTITY_WORDS
from features.evidence import Evidence
from features.feature import Aggregate, Among, Feature
from features.instants import Instant, show_instant
from features.records import AnyRecord, Declaration, Inspection, Nonconformity, Opinion, Party
from features.terms import FAILED_OUTCOMES
from features.values import value_cny
from features.wording import Language
from models.wording.terms import word

_NOUNS: dict[str, tuple[str, str, str]] = {
    "inspected": ("查验结果", "inspection results", "inspection result"),
    "found": ("外部发现的不合格", "findings elsewhere", "finding elsewhere"),
    "complained": ("投诉", "complaints", "complaint"),
    "endangered": ("涉及危害的投诉", "complaints of a hazard", "complaint of a hazard"),
    "declared": ("申报行", "declared lines", "declared line"),
    "priced": ("有单价的申报行", "lines with a unit price", "line with a unit price"),
}
"""Of a tally: in Chinese, in English of several, of one."""
_ABOUT = ("complained", "endangered")
_AMONG: dict[Among, tuple[str, str]] = {
    Among.ALL: ("", ""),
    Among.RANDOM: ("随机抽查", " from random draws"),
    Among.TARGETED: ("非随机查验", " from targeted inspections"),
    Among.FAILED: ("不合格", " that failed"),
}


def total_text(evidence: Evidence, language: Language) -> str:
    """Say how many records of whom were counted, over which days, and how many of them failed."""
    counted, zh = evidence.counted, language == "zh"
    records, shown = _records_of(evidence, language), len(evidence.records)
    failed = _failed(evidence, language, "，其中不合格 {:,} 条")
    if zh:
        days = "有记录以来" if counted.window is None else f"近{counted.window}天"
        newest = f"，以下为最新 {shown} 条" if shown < evidence.total else ""
        return f"{days}计入{records} {evidence.total:,} 条{failed}{newest}"
    days = "over all records" if counted.window is None else f"over {counted.window} days"
    newest = f"; the newest {shown} are" if shown < evidence.total else ""
    return f"{evidence.total:,} {records} {days}{failed}{newest}"


def brief_total(feature: Feature, evidence: Evidence, language: Language) -> str | None:
    """Say how many records were counted and how many of them failed, to stand behind a feature's sentence.

    A sum over several entities counts the records of one of them, so that it says whose and which; None where
    there are none, which would contradict a sentence that speaks of the others.
    """
    zh, failed = language == "zh", _failed(evidence, language, "，不合格 {:,} 条")
    if isinstance(feature.source, Aggregate):
        if evidence.total == 0:
            return "未计入记录" if zh else "none counted"
        return f"计入 {evidence.total:,} 条{failed}" if zh else f"{evidence.total:,} counted{failed}"
    if evidence.total == 0:
        return None
    records = _records_of(evidence, language)
    return f"{records} {evidence.total:,} 条{failed}" if zh else f"{evidence.total:,} {records}{failed}"


def _records_of(evidence: Evidence, language: Language) -> str:
    counted, at = evidence.counted, 0 if language == "zh" else 1
    noun, among = _NOUNS[counted.tally][at + (at and evidence.total == 1)], _AMONG[counted.among][at]
    whom = ENTITY_WORDS[counted.entity.removesuffix("_unit")].say[at]
    if language == "zh":
        return f"{whom}的{among}{noun}"
    return f"{noun} {'about' if counted.tally in _ABOUT else 'of'} {whom}{among}"


def _failed(evidence: Evidence, language: Language, zh: str) -> str:
    if evidence.failed is None:
        return ""
    return zh.format(evidence.failed) if language == "zh" else f", {evidence.failed:,} failed"


def record_text(record: AnyRecord, language: Language) -> str:
    """Say one record: its date, id and result."""
    said = _SAID[type(record)](record, language)
    parts = [day(record.happened_at), record.id, *(part for part in said if part)]
    return "，".join(parts) if language == "zh" else ", ".join(parts)


def failed_of(record: AnyRecord) -> bool | None:
    """Return whether an inspection found goods that do not conform; None for other records."""
    return record.outcome in FAILED_OUTCOMES if isinstance(record, Inspection) else None


def day(instant: Instant) -> str:
    """Write the day of an instant in Shanghai."""
    return show_instant(instant)[:10]


def _inspection(record: Inspection, language: Language) -> list[str | None]:
    terms = (record.outcome, record.depth, record.selected_by)
    line = f"申报行 {record.declaration_id}" if language == "zh" else f"line {record.declaration_id}"
    return [line, *(word(term, language) for term in terms)]


def _nonconformity(record: Nonconformity, language: Language) -> list[str | None]:
    category = None if record.category is None else word(record.category, language)
    level = "严重度 {}" if language == "zh" else "severity {}"
    severity = None if record.severity is None else level.format(record.severity)
    return [word(record.source, language), category, severity, record.product_name, record.item, record.fact]


def _opinion(record: Opinion, language: Language) -> list[str | None]:
    quoted = f"“{record.text}”" if language == "zh" else f'"{record.text}"'
    return [word(record.channel, language), quoted]


def _declaration(record: Declaration, language: Language) -> list[str | None]:
    value = value_cny(record)
    if value is None:
        return [record.hs_code, record.goods_name]
    worth = f"货值 {value:,.0f} 元" if language == "zh" else f"CNY {value:,.0f}"
    each = "单价 {:,.2f} 元/法定单位" if language == "zh" else "{:,.2f} per legal unit"
    unit_price = each.format(value / record.quantity) if record.quantity else None
    return [record.hs_code, record.goods_name, worth, unit_price]


def _party(record: Party, language: Language) -> list[str | None]:  # noqa: ARG001
    return [record.name]


_SAID: dict[type, Callable[[Any, Language], list[str | None]]] = {
    Inspection: _inspection,
    Nonconformity: _nonconformity,
    Opinion: _opinion,
    Declaration: _declaration,
    Party: _party,
}
