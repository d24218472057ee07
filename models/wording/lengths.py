"""An explanation as text: one line, a page, or all of it. Sentences are the catalogue's; nothing is made
up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from features.catalog import CATALOG
from features.feature import Category, Feature
from features.wording import FIRST_SEEN, Language, say
from models.calibration import probability_of
from models.explain import FEW, Explanation, Heading, Reason
from models.scores import Contribution
from models.wording import phrases
from models.wording.codes import code_name

Vocabularies = Mapping[str, Sequence[str]]
"""The codes of each category, from the model's feature spec."""


NO_COUNTS: Mapping[str, str] = MappingProxyType({})


def reason_text(reason: Reason, language: Language, vocabularies: Vocabularies) -> str:
    """Say one reason: the feature's sentence with its value, and what it does to the probability."""
    sentence = sentence_of(reason.contribution, language, vocabularies)
    return _said(phrases.REASON, language).format(sentence=sentence, effect=_effect(reason.step, language))


def one_line(explanation: Explanation, language: Language, vocabularies: Vocabularies) -> str:
    """Say probability and strongest reason in one line, for a list."""
    said = [reason_text(reason, language, vocabularies) for reason in explanation.reasons(most=1)]
    return line_of(explanation.probability, said, language)


def line_of(probability: float, reasons: Sequence[str], language: Language) -> str:
    """Say a probability and the first of these reasons, or that there is none."""
    reason = reasons[0] if reasons else _said(phrases.NO_REASON, language)
    return _said(phrases.LINE, language).format(probability=f"{probability:.1%}", reason=reason)


def page(
    explanation: Explanation,
    language: Language,
    vocabularies: Vocabularies,
    counts: Mapping[str, str] = NO_COUNTS,
) -> list[str]:
    """Say probability, the five strongest reasons, what all others add, and how to read their effects.

    `counts` says by feature how many records it rests on, in words.
    """
    lines = [_score(explanation, language)]
    counted = _said(phrases.COUNTED, language)
    reasons = explanation.reasons(FEW)
    for reason in reasons:
        text, count = reason_text(reason, language, vocabularies), counts.get(reason.contribution.feature)
        lines.append(text if count is None else counted.format(text=text, count=count))
    return [*lines, *_rest(explanation, reasons, language), _said(phrases.STEPS, language)]


def _rest(explanation: Explanation, told: Sequence[Reason], language: Language) -> list[str]:
    """Say what all features but those told do to the probability, so that a page adds up."""
    count = len(explanation.reasons(most=None)) - len(told)
    step = (
        explanation.probability - probability_of(explanation.base) - math.fsum(reason.step for reason in told)
    )
    said = _said(phrases.REST if count > 1 else phrases.REST_OF_ONE, language)
    return [said.format(count=count, effect=_effect(step, language))] if count else []


def audit(explanation: Explanation, language: Language, vocabularies: Vocabularies) -> list[str]:
    """Say everything: each family and under it each feature with its log-odds, and the sum."""
    lines = [_score(explanation, language)]
    for heading in explanation.headings():
        said = _said(phrases.AUDITED, language)
        lines.append(said.format(sentence=heading_text(heading, language), log_odds=heading.log_odds))
        for found in heading.contributions:
            sentence = sentence_of(found, language, vocabularies)
            said = _said(phrases.AUDITED, language).format(sentence=sentence, log_odds=found.log_odds)
            lines.append(f"  {said}")
    added = math.fsum(found.log_odds for found in explanation.contributions)
    total = _said(phrases.TOTAL, language)
    lines.append(total.format(base=explanation.base, added=added, log_odds=explanation.log_odds))
    return [*lines, _said(phrases.STEPS, language)]


def steps_note(language: Language) -> str:
    """Say how effects in percentage points are to be read."""
    return _said(phrases.STEPS, language)


def heading_text(heading: Heading, language: Language) -> str:
    """Say a family and what it does to the probability."""
    family = _said(phrases.FAMILIES[heading.family], language)
    headed = _said(phrases.HEADED, language)
    return headed.format(family=family, effect=_effect(heading.step, language))


def sentence_of(found: Contribution, language: Language, vocabularies: Vocabularies) -> str:
    """Say a feature's value, without what it does to the score."""
    feature = CATALOG.get(found.feature)
    if feature is None:  # a score of an earlier version, whose feature the catalogue no longer has
        return f"{found.feature} = {found.value}"
    vocabulary = vocabularies.get(found.feature, ())
    said = say(feature, found.value, language, vocabulary)
    name = _name_of(feature, found.value, language, vocabulary)
    if name is None:
        return said
    return f"{said}（{name}）" if language == "zh" else f"{said} ({name})"


def _name_of(
    feature: Feature, value: float | None, language: Language, vocabulary: Sequence[str]
) -> str | None:
    """Return what a category's code is called, where a table knows."""
    if value is None or not isinstance(feature.source, Category):
        return None
    position = int(value) - FIRST_SEEN
    known = 0 <= position < len(vocabulary)
    return code_name(feature.source.column, vocabulary[position], language) if known else None


def _said(phrase: phrases.Phrase, language: Language) -> str:
    return phrase[0 if language == "zh" else 1]


def _score(explanation: Explanation, language: Language) -> str:
    score, base = _said(phrases.SCORE, language), probability_of(explanation.base)
    return score.format(probability=f"{explanation.probability:.1%}", base=f"{base:.1%}")


def _effect(step: float, language: Language) -> str:
    points = abs(step) * 100
    if points < 0.1:
        return _said(phrases.HARDLY_RAISES if step >= 0 else phrases.HARDLY_LOWERS, language)
    return _said(phrases.RAISES if step >= 0 else phrases.LOWERS, language).format(points=f"{points:.1f}")
