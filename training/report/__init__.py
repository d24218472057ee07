"""Reports for a terminal and as pages that need nothing else, headings in Chinese and English."""

from __future__ import annotations

from training.report.html import Page, picture
from training.report.words import Cell, Table, Words, figure, interval, text_table

__all__ = ["Cell", "Page", "Table", "Words", "figure", "interval", "picture", "text_table"]
