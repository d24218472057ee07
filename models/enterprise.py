"""What an enterprise may be told of an assessed line: its own shipments and what to put right.

It is made without the score. Nothing here takes a model, a probability, a feature or another party's record,
so that nothing of how lines are chosen can show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.instants import Instant, show_instant
from features.terms import FindingCategory, Outcome
from features.wording import Language
from models.wording.terms import word

Phrase = tuple[str, str]


@dataclass(frozen=True, slots=True)
class OwnShipment:
    """A line of the enterprise itself that was found not to conform; categories are of a closed list."""

    line_id: str
    declared_at: Instant
    inspected_at: Instant
    outcome: Outcome
    categories: tuple[FindingCategory, ...] = ()


STEPS: dict[FindingCategory, Phrase] = {
    FindingCategory.SAFETY: (
        "提供该类货物符合国家技术规范强制性要求的检测报告，并说明已采取的整改措施",
        "Provide a test report that such goods meet the mandatory requirements, and what was corrected",
    ),
    FindingCategory.HYGIENE: (
        "提供生产、储存、运输环节的卫生控制记录和整改说明",
        "Provide records of hygiene control in production, storage and transport, and what was corrected",
    ),
    FindingCategory.HEALTH: (
        "提供有害物质检测报告和官方检疫或卫生证书",
        "Provide test reports on harmful substances and the official quarantine or health certificate",
    ),
    FindingCategory.ENVIRONMENT: (
        "提供环保项目检测报告，固体废物属性存疑的附鉴别意见",
        "Provide test reports on environmental items, with an identification opinion where waste is in doubt",
    ),
    FindingCategory.FRAUD: (
        "核对单证与货物的一致性，就不一致之处提交书面说明",
        "Check that papers and goods agree, and explain in writing where they did not",
    ),
    FindingCategory.LABEL: (
        "更正中文标签和说明书，提交样张备查",
        "Correct the Chinese labels and instructions, and submit samples of them",
    ),
}
"""What to put right after a finding of each category."""
AFTER_FAILURE: Phrase = (
    "说明上列不合格的原因和整改结果，并附证明材料",
    "Explain the causes of the failures listed and what was corrected, with proof",
)
ALWAYS: tuple[Phrase, ...] = (
    (
        "核对商品编号、原产国（地区）、规格型号、数量和价格申报完整、准确，有误的按规定申请修改",
        "Check that code, origin, specification, quantity and price are declared rightly; amend what is not",
    ),
    (
        "备齐合同、发票、装箱单、原产地证明和合格保证文件，配合查验",
        "Have contract, invoice, packing list, proofs of origin and conformity ready; assist inspections",
    ),
)
"""What every enterprise is told, whatever the line."""
_HEAD: Phrase = (
    "关于申报行 {line}（{day} 申报）的说明",
    "About declaration line {line}, declared on {day}",
)
_NONE: Phrase = (
    "截至评估时，近一年贵单位的货物没有查验不合格的记录。",
    "When this was assessed, no goods of yours had failed an inspection within a year.",
)
_SOME: Phrase = (
    "截至评估时，近一年贵单位以下货物查验不合格（至多列最近 20 批）：",
    "When this was assessed, these goods of yours had failed an inspection within a year (at most 20):",
)
_SHIPMENT: Phrase = (
    "申报行 {line}（{declared} 申报），{inspected} 查验：{outcome}{categories}",
    "line {line}, declared {declared}, inspected {inspected}: {outcome}{categories}",
)
_PLEASE: Phrase = ("请采取以下措施：", "Please:")


def shipment_text(shipment: OwnShipment, language: Language) -> str:
    """Say one of the enterprise's own shipments."""
    of = "、" if language == "zh" else ", "
    found = of.join(word(category, language) for category in shipment.categories)
    around = "（{}）" if language == "zh" else " ({})"
    return _said(_SHIPMENT, language).format(
        line=shipment.line_id,
        declared=_day(shipment.declared_at),
        inspected=_day(shipment.inspected_at),
        outcome=word(shipment.outcome, language),
        categories=around.format(found) if found else "",
    )


def corrective_steps(shipments: Sequence[OwnShipment], language: Language) -> list[str]:
    """Return what to put right: after each category found among the shipments, and what always holds."""
    found = {category for shipment in shipments for category in shipment.categories}
    phrases = [AFTER_FAILURE] if shipments else []
    phrases += [STEPS[category] for category in FindingCategory if category in found]
    return [_said(phrase, language) for phrase in (*phrases, *ALWAYS)]


def letter(line: tuple[str, Instant], shipments: Sequence[OwnShipment], language: Language) -> list[str]:
    """Write the explanation for the enterprise; `line` is the id and instant of the line declared."""
    head = _said(_HEAD, language).format(line=line[0], day=_day(line[1]))
    own = [f"- {shipment_text(shipment, language)}" for shipment in shipments]
    steps = corrective_steps(shipments, language)
    numbered = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
    return [head, _said(_SOME if own else _NONE, language), *own, _said(_PLEASE, language), *numbered]


def _said(phrase: Phrase, language: Language) -> str:
    return phrase[0 if language == "zh" else 1]


def _day(instant: Instant) -> str:
    return show_instant(instant)[:10]
