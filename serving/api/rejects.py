"""Refused lines and records in the caller's language."""

from __future__ import annotations

from collections.abc import Sequence

from features.errors import FeaturesError
from features.rules import BrokenRule
from serving.api.language import Language
from serving.api.problems import in_chinese
from serving.api.schemas import Fault, Reject
from serving.errors import NothingAccepted
from serving.intake import Refused
from serving.measures import REJECTS

SHOWN = 100
"""Characters of a refused value that are sent back."""


def rejects(refused: Sequence[Refused], language: Language) -> list[Reject]:
    """Write refusals in the order of the request."""
    return [_reject(one, language) for one in sorted(refused, key=lambda one: one.index)]


def nothing_accepted(kind: str, refused: Sequence[Refused], language: Language) -> NothingAccepted:
    """Make the problem of a request of which nothing could be used; its detail is the first reason."""
    REJECTS.labels(kind).inc(len(refused))
    written = rejects(refused, language)
    first = refused[0].errors[0]
    return NothingAccepted(str(first), in_chinese(first), field=written[0].field, rejects=written)


def _reject(refused: Refused, language: Language) -> Reject:
    first, *others = [_fault(error, language) for error in refused.errors]
    return Reject(
        index=refused.index,
        id=None if refused.id is None else _clean(refused.id),
        field=first.field,
        value=first.value,
        rule=first.rule,
        remedy=first.remedy,
        others=others,
    )


def _fault(error: FeaturesError, language: Language) -> Fault:
    zh = language == "zh"
    if isinstance(error, BrokenRule):
        rule = error.reason_zh if zh else error.reason
    else:
        rule = in_chinese(error) if zh else str(error)
    value = None if error.value is None else _shown(error.value)
    field = None if error.field is None else _clean(error.field)
    return Fault(field=field, value=value, rule=rule, remedy=error.remedy_zh if zh else error.remedy)


def _shown(value: object) -> str:
    text = _clean(value if isinstance(value, str) else repr(value))
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _clean(text: str) -> str:
    """Make text that UTF-8 can hold: half surrogates, which JSON can carry, are written as escapes."""
    return text[: 2 * SHOWN].encode("utf-8", "backslashreplace").decode()
