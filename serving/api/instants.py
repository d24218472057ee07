"""Instants that a request asks by: ISO 8601 as text, nothing that could be read as another day."""

from __future__ import annotations

from typing import Any

from features.errors import RecordError
from features.instants import SHANGHAI, Instant
from features.readers import instant_reader
from serving.errors import UnclearInstant

_DATE = len("20260131")


def asked_instant(name: str, sent: Any) -> Instant:
    """Read an instant that a request names; without an offset in Asia/Shanghai. Raises UnclearInstant.

    A number is refused, in digits too: it does not say whether it counts seconds or microseconds. Eight
    digits are a date.
    """
    text = sent.strip() if isinstance(sent, str) else ""
    if text and not (text.lstrip("+-").isdigit() and len(text) != _DATE):
        try:
            read = instant_reader(name, SHANGHAI)(text)
        except RecordError:
            read = None
        if read is not None:
            return int(read)
    shown = repr(sent)[:100]
    raise UnclearInstant(
        f"{name} {shown} is no ISO 8601 text", f"{name} {shown} 不是 ISO 8601 文本", field=name
    )
