"""Grades, cells and hazards in words, Chinese and English."""

from __future__ import annotations

from features.code_tables import unit_name
from features.regimes import Regime
from features.text.lexicon import hazards
from features.wording import Language
from models.grading.places import band
from models.grading.policy import Grade, GradingPolicy
from models.grading.tables import Cell
from models.scores import Colour

Phrase = tuple[str, str]

NOTE: Phrase = (
    "危害与等级是评分之后按策略作出的步骤，不属于贡献值之和；等级为建议，由人决定。",
    "Hazards and grade are a policy step after the score, no part of the sum of contributions; "
    "a grade is advice, and a person decides.",
)
COLOURS: dict[Colour, Phrase] = {
    Colour.RED: ("红色", "red"),
    Colour.YELLOW: ("黄色", "yellow"),
    Colour.GREEN: ("绿色", "green"),
}
SEVERITIES: dict[int, Phrase] = {1: ("微弱", "slight"), 2: ("一般", "moderate"), 3: ("严重", "severe"),
                                 4: ("非常严重", "very severe")}  # fmt: skip
"""Names as GB/T 22760 has them; that they go with these numbers is ours."""
HAZARD_BASES: dict[str, Phrase] = {
    "trees": (
        "按同类商品的不合格发现占比并经树模型修正",
        "by the shares of findings of like goods, corrected by trees",
    ),
    "shares": (
        "仅按同类商品的不合格发现占比，本模型未采用树模型",
        "by the shares of findings of like goods alone; this model keeps no trees for hazards",
    ),
    "taxonomy": (
        "模型未学习任何不合格发现，按危害分类表中该章商品的典型危害",
        "by what the taxonomy holds typical of the chapter; no findings taught this model",
    ),
}
"""What a model's hazards rest on, by `HazardModel.basis`."""
_TITLE: Phrase = ("{grade}级（{name}风险）", "Grade {grade} ({name} risk)")
_CELL: Phrase = (
    "{hazard}：危害概率 {probability}，造成伤害的概率 {harm}（{band}），"
    "严重程度 {severity}（{name}{raised}）",
    "{hazard}: probability of the hazard {probability}, of harm {harm} ({band}), "
    "severity {severity} ({name}{raised})",
)
_RAISED: Phrase = ("，因记录中的受伤情况上调 {raised} 级", ", raised by {raised} for injuries in the records")
_EXPOSED: Phrase = ("共 {quantity} {unit}", "{quantity} in all (unit: {unit})")
_IN_UNIT: Phrase = ("共 {quantity}（法定单位 {unit}）", "{quantity} in all (legal unit {unit})")
"""Where no table names the unit: it is shown as it was declared."""
_INHERITED: Phrase = (
    "与同一批次（{lines} 行{quantity}）一同定级，依据申报行 {line}",
    "graded with its batch ({lines} lines{quantity}) by line {line}",
)
_EVENT: Phrase = ("本批次已申报 {lines} 行{quantity}", "lines declared of this batch: {lines}{quantity}")


def say(phrase: Phrase, language: Language) -> str:
    """Return a phrase in a language."""
    return phrase[0 if language == "zh" else 1]


def title(entry: Grade, language: Language) -> str:
    """Name a grade: II级（高风险）, Grade II (high risk)."""
    return say(_TITLE, language).format(grade=entry.grade, name=entry.name(language))


def hazard_name(hazard: str, language: Language) -> str:
    """Name a hazard; one that the taxonomy no longer has is named by its code."""
    known = hazards().get(hazard)
    return hazard if known is None else known.zh if language == "zh" else known.en


def band_of(policy: GradingPolicy, regime: str, cell: Cell) -> str:
    """Name the band of probability that a cell lies in."""
    return band(policy.regime[Regime(regime)].over, cell.band)


def cell_text(policy: GradingPolicy, regime: str, cell: Cell, language: Language) -> str:
    """Say which cell of the matrix a line is in, and why."""
    return say(_CELL, language).format(
        hazard=hazard_name(cell.hazard, language),
        probability=f"{cell.hazard_probability:.2%}",
        harm=_small(cell.probability),
        band=band_of(policy, regime, cell),
        severity=cell.severity,
        name=say(SEVERITIES[cell.severity], language),
        raised=say(_RAISED, language).format(raised=cell.raised) if cell.raised else "",
    )


def exposed_text(quantity: float, unit: str | None, language: Language) -> str:
    """Say of what quantity a batch is, in its unit by name."""
    names = None if unit is None else unit_name(unit)
    shown = f"{quantity:,.10g}"
    if names is None:
        return say(_IN_UNIT, language).format(quantity=shown, unit=unit)
    return say(_EXPOSED, language).format(quantity=shown, unit=say(names, language))


def event_text(lines: int, exposed: str | None, decided_by: str | None, language: Language) -> str:
    """Say of how many lines and of what quantity a batch is, and which line its grade is from."""
    comma = "，" if language == "zh" else ", "
    quantity = "" if exposed is None else f"{comma}{exposed}"
    phrase = _EVENT if decided_by is None else _INHERITED
    return say(phrase, language).format(lines=lines, quantity=quantity, line=decided_by)


def _small(probability: float) -> str:
    """Write a small probability as one in so many."""
    if probability >= 0.01 or probability <= 0:
        return f"{probability:.1%}"
    times = 1 / probability
    digits = len(str(int(times))) - 2
    return f"1/{round(times, -digits) if digits > 0 else times:,.0f}"
