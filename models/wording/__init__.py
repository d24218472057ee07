"""Explanations in words, in three lengths: a line for a list, five reasons for a page, everything for an
audit."""

from __future__ import annotations

from models.wording.lengths import (
    audit,
    heading_text,
    line_of,
    one_line,
    page,
    reason_text,
    sentence_of,
    steps_note,
)

__all__ = ["audit", "heading_text", "line_of", "one_line", "page", "reason_text", "sentence_of", "steps_note"]
