"""Whether the trade, the scores or their reasons have moved away from what the champion learned from."""

from __future__ import annotations

from training.drift.report import DriftReport, drift_report

__all__ = ["DriftReport", "drift_report"]
