"""One explanation as its picture: the waterfall of its strongest features, the others in one bar."""

from __future__ import annotations

from features.catalog import CATALOG
from features.wording import Language
from models.explain import Explanation, probability_steps
from serving.pages.waterfall import Step, waterfall
from serving.pages.words import WORDS

BARS = 10
"""Features with a bar of their own."""


def drawn(found: Explanation, language: Language) -> str:
    """Draw an explanation as SVG: from the base through its features to the log-odds shown."""
    at = 0 if language == "zh" else 1
    order = found.reasons(most=None)
    steps = [
        Step(_label(reason.contribution.feature, at), reason.contribution.log_odds) for reason in order[:BARS]
    ]
    rest = found.log_odds - found.base - sum(step.log_odds for step in steps)
    if len(order) > BARS:
        steps.append(Step(WORDS["others"][at].format(count=len(order) - BARS), rest))
    base = probability_steps(0.0, [found.base])[0] + 0.5
    return waterfall(
        Step(f"{WORDS['base'][at]} {base:.1%}", found.base),
        steps,
        Step(f"{WORDS['total'][at]} {found.probability:.1%}", found.log_odds),
    )


def _label(feature: str, at: int) -> str:
    known = CATALOG.get(feature)
    return feature if known is None else known.label[at]
