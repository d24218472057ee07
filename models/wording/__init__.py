"""Explanations in words, in three lengths: a line for a list, five reasons for a page, everything for an
audit."""

from __future__ import annotations

from models.wording.lengths import audit, one_line, page, reason_text

__all__ = ["audit", "one_line", "page", "reason_text"]
