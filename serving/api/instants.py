"""Instants that a request asks by: ISO 8601 as text, nothing that could be read as another day."""

from __future__ import annotations

from typing import Any

from features.instant_reader import instant_reader
from features.instants import SHANGHAI, Instant
from features.rules import BeyondCalendar, BrokenRule
from serving.errors import UnclearInstant

_DATE = len("20260131")


def asked_instant(name: str, sent: Any) -> Instant:
    """Read an instant that a request names; without an offset in Asia/Shanghai. Raises UnclearInstant.

    A number is refused, in digits too: it does not say whether it counts seconds or microseconds. Eight
    digits are a date.
    """
    text = sent.strip() if isinstance(sent, str) else ""
    why = "is no ISO 8601 text", "不是 ISO 8601 文本"
    if text and not (text.lstrip("+-").isdigit() and len(text) != _DATE):
        try:
            return int(instant_reader(name, SHANGHAI)(text))
        except BeyondCalendar as error:
            why = error.reason, error.reason_zh
        except BrokenRule:
            pass
    shown = repr(sent)[:100]
    raise UnclearInstant(f"{name} {shown} {why[0]}", f"{name} {shown} {why[1]}", field=name)
