"""The sentences behind a counted opinion, in the caller's language."""

from __future__ import annotations

from features.code_tables import tariff_name
from features.opinions.quoting import Mark, quotes
from features.opinions.reading import Reading
from features.records import AnyRecord, Opinion
from features.text.lexicon import hazards
from features.wording import Language
from serving.api.explained import Quote, QuoteMark

_KINDS = {
    "injury": ("伤害", "someone hurt"),
    "goods": ("商品", "goods"),
    "brand": ("品牌", "brand"),
    "manufacturer": ("生产企业", "manufacturer"),
    "consignee": ("境内收发货人", "consignee"),
}


def quoted(record: AnyRecord, reading: Reading | None, language: Language) -> list[Quote]:
    """Return the sentences by which an opinion was read; [] for any other record."""
    if reading is None or not isinstance(record, Opinion):
        return []
    return [
        Quote(
            quote.start,
            quote.end,
            quote.text,
            [QuoteMark(*mark, name=_name(mark, language)) for mark in quote.marks],
        )
        for quote in quotes(record.text, reading)
    ]


def _name(mark: Mark, language: Language) -> str:
    if mark.kind == "hazard":
        hazard = hazards()[mark.what]
        return hazard.zh if language == "zh" else hazard.en
    kind = _KINDS[mark.kind][0 if language == "zh" else 1]
    if mark.kind == "injury":
        return kind
    named = tariff_name(mark.what) if mark.kind == "goods" else None
    parts = [kind, mark.what, *([named] if named else [])]
    return " ".join(parts)
