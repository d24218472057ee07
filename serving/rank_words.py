"""A percentile as a sentence, Chinese and English; where there is none, why."""

from __future__ import annotations

from features.wording import Language
from models.wording.codes import code_name

_ABOVE = (
    "在同方向、同监管类别（{regime}）的申报行中，高于 {percentile}% 的申报行",
    "Higher than {percentile}% of the lines of its direction and regime ({regime})",
)
_TOO_FEW = (
    "无百分位：同方向、同监管类别（{regime}）的申报行过少，不与其他监管类别混合排序",
    "No percentile: too few lines of its direction and regime ({regime}) to rank among, "
    "and regimes are not mixed in one ranking",
)


def rank_text(percentile: float | None, regime: str, language: Language) -> str:
    """Say where among the lines of its direction and regime a line stands, or why nothing is said of it."""
    named = code_name("regime", regime, language) or regime
    at = 0 if language == "zh" else 1
    if percentile is None:
        return _TOO_FEW[at].format(regime=named)
    shown = f"{percentile:.0f}" if percentile < 99 else f"{min(percentile, 99.9):.1f}"  # no line is above all
    return _ABOVE[at].format(percentile=shown, regime=named)
