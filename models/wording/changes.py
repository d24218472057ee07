"""What would change a score, in words."""

from __future__ import annotations

from features.wording import Language
from models.counterfactual import WayDown

_UNDER_ALL = (
    "不合格概率为 {probability}，按分级策略其等级已不能因概率降低而更低",
    "The probability of nonconformity is {probability}; by the grading policy "
    "no lower one has a milder grade",
)
_FOUND = (
    "若{changes}，不合格概率由 {probability} 降至 {reached}，低于 {grade} 级的界限 {threshold}",
    "If {changes}, the probability falls from {probability} to {reached}, "
    "under the {threshold} where grade {grade} begins",
)
_NEAREST = (
    "所允许的变更均不能使不合格概率（{probability}）低于 {grade} 级的界限 {threshold}；"
    "最接近的是：若{changes}，为 {reached}",
    "No admissible change brings {probability} under the {threshold} where grade {grade} begins; "
    "nearest comes: if {changes}, {reached}",
)
_NOTHING = (
    "所允许的变更均不能降低不合格概率（{probability}；低于 {threshold} 为 {grade} 级）",
    "No admissible change lowers the probability of {probability} (grade {grade} begins under {threshold})",
)
_JOIN = ("，且", ", and ")


def way_down_text(way: WayDown, language: Language) -> str:
    """Say which changes bring a line under the threshold, or that none does."""
    at = 0 if language == "zh" else 1
    if way.threshold is None:
        return _UNDER_ALL[at].format(probability=f"{way.probability:.1%}")
    phrase = _FOUND if way.found else _NEAREST if way.steps else _NOTHING
    return phrase[at].format(
        changes=_JOIN[at].join(step.says(language) for step in way.steps),
        probability=f"{way.probability:.2%}",
        reached=f"{way.reached:.2%}",
        threshold=f"{way.threshold:.2%}",
        grade=way.grade,
    )
